// What happened, told to who listens: after it is committed, in the order of the commits. A listener is asked nothing.

import { closest } from '#core/did-you-mean';
import { faultFields, SchedulerError } from '#core/errors';
import type { Log } from '#core/log';
import type { RunShape } from './shapes.ts';

/** A row of the ledger came to be or changed its state. `slot:…` = slots that did not run, each row with its reason. */
export const RUN_EVENTS = [
  'run:queued',
  'run:started',
  'run:retrying',
  'run:succeeded',
  'run:failed',
  'run:timed_out',
  'run:cancelled',
  'run:interrupted',
  'slot:skipped',
  'slot:missed',
] as const;
/** `job:updated` is any change of what a job is or whether it is on, by whomever. */
export const JOB_EVENTS = ['job:created', 'job:updated', 'job:deleted', 'job:paused', 'job:resumed'] as const;
/** The pause of all jobs; also one that is held by a variable or a file. */
export const SCHEDULER_EVENTS = ['scheduler:paused', 'scheduler:resumed'] as const;
export const EVENT_TYPES = [...RUN_EVENTS, ...JOB_EVENTS, ...SCHEDULER_EVENTS] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** The run as it stands in the ledger after the commit. `at` is when it was told of: ISO 8601 with offset, as all times. */
export interface RunEvent {
  type: (typeof RUN_EVENTS)[number];
  at: string;
  job: string;
  job_name: string;
  run: RunShape;
}

export interface JobEvent {
  type: (typeof JOB_EVENTS)[number];
  at: string;
  job: string;
  job_name: string;
  /** Who did it, as the audit names them. */
  by: string;
  /** Of a pause that ends by itself. */
  until: string | null;
}

export interface GlobalPauseEvent {
  type: (typeof SCHEDULER_EVENTS)[number];
  at: string;
  source: string;
  by: string;
  until: string | null;
}

export type SchedulerEvent = RunEvent | JobEvent | GlobalPauseEvent;
export type EventOf<T extends EventType> = T extends RunEvent['type']
  ? RunEvent & { type: T }
  : T extends JobEvent['type']
    ? JobEvent & { type: T }
    : GlobalPauseEvent & { type: T };
export type Listener<T extends EventType = EventType> = (event: EventOf<T>) => unknown;

export class Events {
  readonly #log: Log;
  readonly #listeners = new Map<EventType | '*', Set<(event: never) => unknown>>();
  #told: Promise<void> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log.at('events.tell');
  }

  /** Nobody listens: what would be told need not be put together. */
  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  /**
   * Calls `listener` at each event of the type, `*` = at every event, until the answer is called or `signal` aborts. What
   * it throws or rejects with is logged. Throws INVALID_PARAMETERS for a type that there is not.
   */
  on<T extends EventType>(type: T | '*', listener: Listener<T>, signal?: AbortSignal): () => void {
    refuseUnknown(type);
    const off = () => this.off(type, listener as unknown as Listener);
    if (signal?.aborted) return off;
    const set = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, set.add(listener));
    signal?.addEventListener('abort', off, { once: true });
    return off;
  }

  off(type: EventType | '*', listener: Listener): void {
    const set = this.#listeners.get(type);
    set?.delete(listener);
    if (set?.size === 0) this.#listeners.delete(type);
  }

  /** Tells what `collect` answers once all that was committed before is told. Never throws, never waited for. */
  tell(collect: () => Promise<readonly SchedulerEvent[]>): void {
    this.#told = this.#told.then(async () => {
      try {
        for (const event of await collect()) this.#deliver(event);
      } catch (error) {
        this.#log.error('what was committed could not be told', faultFields(error, 'service'));
      }
    });
  }

  /** Resolves when all that is committed is told. */
  async idle(): Promise<void> {
    let last: unknown;
    while (last !== this.#told) {
      last = this.#told;
      await this.#told;
    }
  }

  #deliver(event: SchedulerEvent): void {
    for (const key of [event.type, '*'] as const)
      for (const listener of [...(this.#listeners.get(key) ?? [])]) this.#call(listener, event);
  }

  #call(listener: (event: never) => unknown, event: SchedulerEvent): void {
    const failed = (error: unknown) =>
      this.#log.error(`a listener of ${event.type} failed`, faultFields(error, 'events', 'EXECUTION_ERROR'));
    try {
      const answer = listener(event as never);
      if (answer instanceof Promise) answer.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** Throws INVALID_PARAMETERS with the nearest. */
export function refuseUnknown(type: string): void {
  if (type === '*' || (EVENT_TYPES as readonly string[]).includes(type)) return;
  const near = closest(type, EVENT_TYPES);
  throw new SchedulerError(
    'INVALID_PARAMETERS',
    `there is no event ${type}`,
    near ? `did you mean ${near}?` : `events: ${EVENT_TYPES.join(', ')}`,
  );
}
