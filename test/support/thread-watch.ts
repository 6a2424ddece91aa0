// Threads of job files in a scenario: real ones, which say where they rest, so that the clock may move.

import type { Call, StartThread } from '#runs/call';
import { threadStarter } from '#runs/isolation/thread';

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
  readonly #start = threadStarter({});

  /** For the application in place of its own. */
  readonly start: StartThread = (request) => {
    const { log, signal } = request;
    const info = (message: string, fields?: object) => {
      const rest = RESTS.find((each) => each === message);
      if (rest) thread.rest = rest;
      log.info(message, fields);
    };
    const call = this.#start({ ...request, log: { ...log, info } });
    const thread: Watched = { call, signal, rest: null, isEnding: false };
    this.#threads.set(request.data.runId, thread);
    const end = () => {
      thread.isEnding = true;
      call.end?.();
    };
    return { answer: call.answer, end, refresh: () => call.refresh() };
  };

  /** True while nothing but time moves the thread of the run. */
  rests(runId: string): boolean {
    const thread = this.#threads.get(runId);
    if (!thread || thread.isEnding) return false;
    return thread.rest === 'for ever' || (thread.rest === 'until aborted' && !thread.signal.aborted);
  }

  /** As they end with a process that is killed. */
  kill(): void {
    for (const { call } of this.#threads.values()) call.end?.();
    this.#threads.clear();
  }
}
