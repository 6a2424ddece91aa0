// The clock of tests: stands still until it is moved; timers fire in order, each at its own instant.

import type { Clock, EpochMs } from '#core/clock';

export interface ManualClock extends Clock {
  /**
   * Moves wall and monotonic time together, firing timers that fall due on the way. `quiet` is awaited after each, so
   * that what one timer started is over before the next fires.
   */
  advance(ms: number): Promise<void>;
  advanceTo(at: EpochMs): Promise<void>;
  /** Time passes and no timer fires: the process is busy. What fell due fires at the next `advance`. */
  block(ms: number): void;
  /** Moves the wall clock alone, as a person, NTP or a sleeping machine would. Fires nothing. */
  jumpWall(ms: number): void;
  readonly timers: number;
}

export function createManualClock(start: EpochMs, quiet: () => Promise<void> = flush): ManualClock {
  let wall = start;
  let elapsed = 0;
  let counter = 0;
  const waiting = new Map<number, { at: number; wake: () => void }>();
  const nextDue = (until: number) => {
    const due = [...waiting].filter(([, timer]) => timer.at <= until);
    return due.sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  };
  /** A timer that fires late does not set the time back. */
  const moveTo = (at: number) => {
    if (at <= elapsed) return;
    wall += at - elapsed;
    elapsed = at;
  };
  const clock: ManualClock = {
    now: () => wall,
    monotonic: () => elapsed,
    timer(delayMs, wake) {
      const id = ++counter;
      waiting.set(id, { at: elapsed + Math.max(0, Math.ceil(delayMs)), wake });
      return () => void waiting.delete(id);
    },
    async advance(ms) {
      const target = elapsed + ms;
      await quiet();
      for (let due = nextDue(target); due; due = nextDue(target)) {
        const [id, timer] = due;
        waiting.delete(id);
        moveTo(timer.at);
        timer.wake();
        await quiet();
      }
      moveTo(target);
      await quiet();
    },
    advanceTo: (at) => clock.advance(at - wall),
    block: (ms) => moveTo(elapsed + ms),
    jumpWall(ms) {
      wall += ms;
    },
    get timers() {
      return waiting.size;
    },
  };
  return clock;
}

async function flush(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
}
