// Time as every part gets it: injected, so that tests move it by hand. The only file that touches the real clock.

/** An instant: whole milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

export interface Clock {
  /** Wall time. May jump. */
  now(): EpochMs;
  /** Milliseconds of a clock that never jumps; for the durations of work. */
  monotonic(): number;
  /** Calls `wake` once, `delayMs` from now (at least 0). The returned function takes it back. */
  timer(delayMs: number, wake: () => void): () => void;
}

/** `setTimeout` overflows above 2^31−1 ms and would fire at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(delayMs, wake) {
    const handle = setTimeout(wake, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS));
    return () => clearTimeout(handle);
  },
};

/** Resolves after `ms`, or at once when `signal` aborts; then it answers false. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onAbort = () => {
    cancel();
    resolve(false);
  };
  const cancel = clock.timer(ms, () => {
    signal?.removeEventListener('abort', onAbort);
    resolve(true);
  });
  signal?.addEventListener('abort', onAbort, { once: true });
  return promise;
}
