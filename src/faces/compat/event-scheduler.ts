// Face A in TypeScript: events, executions and cleanups in the documents' words, every answer a Result.

import { InvalidFields, SchedulerError, toErrorRecord } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { CleanupShape } from '#service/cleanups';
import type { CleanupFields } from '../library/api.ts';
import type { LibraryFace } from '../library/face.ts';
import type { InstantInput } from '../library/input.ts';
import {
  type EventShape,
  type EventStatus,
  eventCode,
  eventField,
  type IntervalType,
} from './event-words.ts';
import type { EventFilters } from './events.ts';

export interface EventError {
  code: string;
  message: string;
  fix: string | null;
  details: { field: string; message: string }[];
}

export type Result<T> = { success: true; data: T } | { success: false; error: EventError };

export interface EventFields {
  name?: string;
  description?: string | null;
  function_name?: string;
  /** `_cron_expression` = the cron; `enable_tracing` = one trace file a run. */
  parameters?: JsonObject;
  recurring?: boolean;
  interval_type?: IntervalType;
  interval_value?: number;
  cron?: string;
  /** Of a one-time event its time; of a recurring one its first slot. Naive = in the scheduler's zone. */
  next_execution?: InstantInput;
  max_executions?: number | null;
  /** Every key of a policy, as in the settings file. */
  [policy: string]: unknown;
}

export type NewEvent = EventFields & { name: string; function_name: string; module_id?: string };
export type EventId = string | { event_id: string };

export interface ExecutedShape {
  execution_id: string;
  event_id: string;
  /** Null = it had not ended when it was no longer waited for. */
  success: boolean | null;
  result: Json;
}

/** So long `executeEventNow` waits for the end. */
const WAIT = '30s';
const LIMIT = 50;
const MOST = 500;

export class EventFace {
  /** The scheduler below: its handlers, events, runs. */
  readonly service: LibraryFace;
  readonly housekeeper: Housekeeping;
  #isInitialized = false;

  constructor(service: LibraryFace) {
    this.service = service;
    this.housekeeper = {
      updateCleanupConfig: (registrationId, changes) =>
        this.#answer(async () => {
          await service.cleanups.update(registrationId, changes);
          return { updated: true as const };
        }),
      removeCleanupConfig: (registrationId) =>
        this.#answer(async () => {
          await service.cleanups.remove(registrationId);
          return { removed: true as const };
        }),
    };
  }

  get initialized(): boolean {
    return this.#isInitialized;
  }

  async initialize(): Promise<Result<{ initialized: true }>> {
    return await resultOf(async () => {
      if (!this.service.isStarted) await this.service.start();
      this.#isInitialized = true;
      return { initialized: true };
    });
  }

  async shutdown(): Promise<Result<{ stopped: true }>> {
    return await resultOf(async () => {
      this.#isInitialized = false;
      await this.service.stop();
      return { stopped: true };
    });
  }

  scheduleEvent(event: NewEvent): Promise<Result<{ event_id: string }>> {
    return this.#answer(async () => ({ event_id: (await (await this.service.asEvents()).create(event)).id }));
  }

  /** By id, or by a name that only one event has. */
  getEvent(event: EventId): Promise<Result<EventShape>> {
    return this.#answer(async () => await (await this.service.asEvents()).get(idOf(event)));
  }

  /** Ascending by `next_execution`. */
  getEvents(
    filters: EventFilters & { status?: EventStatus | (string & {}) } = {},
    limit: number = LIMIT,
  ): Promise<Result<EventShape[]> & { total_count?: number; filtered_count?: number }> {
    return this.#page(async () => await (await this.service.asEvents()).page(filters, checkedLimit(limit)));
  }

  updateEvent(event: EventId, updates: EventFields): Promise<Result<{ updated: true }>> {
    return this.#answer(async () => {
      await (await this.service.asEvents()).update(idOf(event), updates);
      return { updated: true };
    });
  }

  deleteEvent(
    event: EventId,
    { purge = false, cancel_running = false }: { purge?: boolean; cancel_running?: boolean } = {},
  ): Promise<Result<{ deleted: true }>> {
    return this.#answer(async () => {
      await this.service.jobs.delete(idOf(event), { purge, cancelRunning: cancel_running });
      return { deleted: true };
    });
  }

  pauseEvent(event: EventId): Promise<Result<{ paused: true }>> {
    return this.#answer(async () => {
      await this.service.jobs.pause(idOf(event));
      return { paused: true };
    });
  }

  resumeEvent(event: EventId): Promise<Result<{ resumed: true }>> {
    return this.#answer(async () => {
      await this.service.jobs.resume(idOf(event));
      return { resumed: true };
    });
  }

  /** Waits for its end, at most 30 s; a run that fails is an answer, no error. Never moves the schedule. */
  executeEventNow(event: EventId, { wait = true }: { wait?: boolean } = {}): Promise<Result<ExecutedShape>> {
    return this.#answer(async () => {
      const queued = await this.service.jobs.run(idOf(event));
      const ended = wait ? await this.service.runs.wait(queued.run_id, { for: WAIT }) : queued;
      const isOver = ended.ended_at !== null;
      return {
        execution_id: ended.run_id,
        event_id: ended.job,
        success: isOver ? ended.state === 'succeeded' : null,
        result: isOver ? (ended.statistics as Json) : null,
      };
    });
  }

  registerCleanup(rule: CleanupFields & { directory: string }): Promise<Result<{ registration_id: string }>> {
    return this.#answer(async () => await this.service.cleanups.register({ module_id: 'unknown', ...rule }));
  }

  getCleanupConfigs(moduleId?: string): Promise<Result<CleanupShape[]>> {
    return this.#answer(
      async () => await this.service.cleanups.list(moduleId === undefined ? {} : { module: moduleId }),
    );
  }

  /** One or all; `data` has the result or the report, and the sums beside. */
  runCleanup({
    registration_id,
    dry_run,
    plan_id,
  }: {
    registration_id?: string;
    dry_run?: boolean;
    plan_id?: string;
  } = {}) {
    return this.#answer(
      async () =>
        await this.service.cleanups.run({
          ...(registration_id !== undefined && { id: registration_id }),
          ...(dry_run !== undefined && { dryRun: dry_run }),
          ...(plan_id !== undefined && { planId: plan_id }),
        }),
    );
  }

  async #page(
    ask: () => Promise<{ events: EventShape[]; total_count: number; filtered_count: number }>,
  ): Promise<Result<EventShape[]> & { total_count?: number; filtered_count?: number }> {
    const result = await this.#answer(ask);
    if (!result.success) return result;
    const { events, ...counts } = result.data;
    return { success: true, data: events, ...counts };
  }

  async #answer<T>(ask: () => Promise<T>): Promise<Result<T>> {
    return await resultOf(async () => {
      if (this.#isInitialized) return await ask();
      throw new SchedulerError(
        'NOT_INITIALIZED',
        'the scheduler is not initialized',
        'await initialize() first',
      );
    });
  }
}

export interface Housekeeping {
  updateCleanupConfig(registrationId: string, changes: CleanupFields): Promise<Result<{ updated: true }>>;
  removeCleanupConfig(registrationId: string): Promise<Result<{ removed: true }>>;
}

function idOf(event: EventId): string {
  const id = typeof event === 'string' ? event : event?.event_id;
  if (typeof id === 'string' && id !== '') return id;
  throw new InvalidFields('the event', [{ field: 'event_id', message: 'is missing' }]);
}

function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit;
  throw new InvalidFields('the list', [{ field: 'limit', message: `expected 1 to ${MOST}` }]);
}

async function resultOf<T>(ask: () => Promise<T>): Promise<Result<T>> {
  try {
    return { success: true, data: await ask() };
  } catch (error) {
    const { code, message, fix } = toErrorRecord(error, 'SCHEDULING_ERROR');
    const faults = error instanceof InvalidFields ? error.details : [];
    const details = faults.map((each) => ({ field: eventField(each.field), message: each.message }));
    return { success: false, error: { code: eventCode(code), message, fix, details } };
  }
}
