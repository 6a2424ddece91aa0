// What a thread and a process have in common for the service: they serve calls, can be ended, and say when they are gone.

import type { CallStart, FromWorker, ToWorker } from './messages.ts';

export interface JobWorker {
  readonly kind: 'thread' | 'process';
  /** Resolves when nothing of it is there any more, with what a call that was under way then has failed with. */
  readonly gone: Promise<unknown>;
  /** The next call. `take` hears what it says, until the line is closed. Throws what cannot cross the border. */
  begin(start: CallStart, options: { isPaused: boolean; take(message: FromWorker): void }): WorkerLine;
  /** Ends it for certain, as soon as may be. */
  end(): void;
}

/** The service's end of one call. */
export interface WorkerLine {
  say(message: ToWorker): void;
  setPaused(isPaused: boolean): void;
  /** One more line of the log is taken. */
  took(): void;
  /** Lines of the log that were dropped so far. */
  dropped(): number;
  /** Hears what was said and not heard yet, and nothing after. */
  close(): void;
}
