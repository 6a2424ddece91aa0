// Threads of job files in a scenario: real ones, which say where they rest, so that the clock may move.

import { systemClock } from '#core/clock';
import type { Call, Isolate, StartIsolated } from '#runs/call';
import { WarmWorkers } from '#runs/isolation/warm-workers';

/** What a job file logs where it will not move by itself: until the signal aborts, or never again. */
const RESTS = ['until aborted', 'for ever'] as const;

/** The body of a job file that waits for the signal, and throws its reason. */
export const UNTIL_ABORTED = `ctx.log.info('until aborted');
  await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));`;
/** The body of a job file that nothing but the end of its thread ends. */
export const FOR_EVER = `ctx.log.info('for ever'); for (;;) {}`;

interface Watched {
  call: Call;
  signal: AbortSignal;
  rest: (typeof RESTS)[number] | null;
  isEnding: boolean;
}

export class ThreadWatch {
  readonly #threads = new Map<string, Watched>();
  readonly #workers = new Set<WarmWorkers>();

  /** For the application in place of its own. Workers live by the real clock: which is at rest is no business of a scenario. */
  readonly isolate: Isolate = (watch) => {
    const workers = new WarmWorkers({ clock: systemClock, env: {}, resolve: (written) => written, watch });
    this.#workers.add(workers);
    return { start: (request) => this.#begin(workers.start, request), close: () => workers.close() };
  };

  #begin(start: StartIsolated, request: Parameters<StartIsolated>[0]): Call {
    const { log, signal } = request;
    const info = (message: string, fields?: object) => {
      const rest = RESTS.find((each) => each === message);
      if (rest) thread.rest = rest;
      log.info(message, fields);
    };
    const call = start({ ...request, log: { ...log, info } });
    const thread: Watched = { call, signal, rest: null, isEnding: false };
    this.#threads.set(request.data.runId, thread);
    const end = () => {
      thread.isEnding = true;
      call.end?.();
    };
    return { answer: call.answer, end, refresh: () => call.refresh() };
  }

  /** True while nothing but time moves the thread of the run. */
  rests(runId: string): boolean {
    const thread = this.#threads.get(runId);
    if (!thread || thread.isEnding) return false;
    return thread.rest === 'for ever' || (thread.rest === 'until aborted' && !thread.signal.aborted);
  }

  /** As they end with a process that is killed. */
  kill(): void {
    for (const { call } of this.#threads.values()) call.end?.();
    for (const workers of this.#workers) void workers.close();
    this.#threads.clear();
  }
}
