// Jobs that are made and taken away by a call, beside those of the settings file (rules 15, 17).

import { type Definition, SCHEDULE_KEYS } from '#config/definition';
import type { Clock } from '#core/clock';
import { InvalidFields, SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { isAdHoc, type JobSource, type JobSpec, type StoredJob } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { create, createAll, type RemovalWish, redefine, remove } from '#engine/create';
import type { ReconcileContext } from '#engine/reconcile';
import type { Store } from '#store/store';
import { type AgentLimits, refuseOverQuota, refuseTooOften } from './agent-jobs.ts';
import { eachInTurn } from './in-turn.ts';
import type { Lookup } from './lookup.ts';
import { definitionOf } from './shapes.ts';

export { DEFINITION_KEYS } from '#config/definition';
/** Every key of a job in the settings file. */
export { JOB_KEYS } from '#config/job-keys';

export interface DefinitionsParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  handlerKnown(name: string): boolean;
  /** A definition in the keys of the settings file, checked; see `readDefinition`. */
  define(given: JsonObject, who: Maker): Promise<Definition>;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  allowPastEvents(): boolean;
  agentLimits(): AgentLimits;
  jobs(): Promise<StoredJob[]>;
  onWrite(): void;
}

export interface Maker {
  by: string;
  source: JobSource;
}

export interface Changer {
  by: string;
  isExpected?: (job: StoredJob) => boolean;
}

/** What a job is known by does not change. */
function refuseFixed(changes: JsonObject): void {
  const fixed = ['id', 'owner', 'module_id'].filter((key) => key in changes);
  if (fixed.length === 0) return;
  const message = 'cannot be changed: make another job';
  throw new InvalidFields(
    'the job',
    fixed.map((field) => ({ field, message })),
  );
}

function merged(base: JsonObject, changes: JsonObject): JsonObject {
  const isRescheduled = ['schedule', 'cron', 'every', 'at', 'manual_only'].some((key) => key in changes);
  const kept = Object.entries(base).filter(([key]) => !isRescheduled || !RESCHEDULED.includes(key));
  return { ...Object.fromEntries(kept), ...changes };
}

const RESCHEDULED: readonly string[] = [...SCHEDULE_KEYS, 'manual_only'];

/** The job is not what the caller has seen: `isExpected` refused it. */
export class ChangedMeanwhile extends SchedulerError {
  constructor(id: string) {
    const fix = 'read it again, and change what it is now';
    super('PRECONDITION_FAILED', `job ${id} was changed meanwhile`, fix);
  }
}

const NOTHING = { insert: [], update: [], rows: [], end: [], changes: [] };

export class Definitions {
  readonly #parts: DefinitionsParts;

  constructor(parts: DefinitionsParts) {
    this.#parts = parts;
  }

  /** Throws HANDLER_NOT_FOUND, INVALID_PARAMETERS or CONFLICT for an id that is taken, PAST_EVENT (rule 17). */
  async create(spec: JobSpec, by: string): Promise<void> {
    const { store, handlerKnown, allowPastEvents, onWrite } = this.#parts;
    if (isAdHoc(spec))
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `the id ${spec.id} is kept for ad hoc runs`,
        'choose one that does not begin with adhoc:',
      );
    if (!handlerKnown(spec.handler))
      throw new SchedulerError(
        'HANDLER_NOT_FOUND',
        `there is no handler ${spec.handler}`,
        'put its code into a job directory, or correct `handler`',
      );
    const context = { ...(await this.#context(by)), allowPastEvents: allowPastEvents() };
    await store.reconcile(context.at, { ids: [spec.id] }, (view) => create(view, spec, context));
    onWrite();
  }

  /**
   * A job in the keys of the settings file. Throws InvalidFields with each field, HANDLER_NOT_FOUND with the nearest,
   * CONFLICT for an id that is taken, PAST_EVENT (rule 17), QUOTA_EXCEEDED for what an agent may not. Answers its id.
   */
  async make(given: JsonObject, who: Maker): Promise<string> {
    const { store, allowPastEvents, onWrite, define } = this.#parts;
    const { spec, startsAt } = await define(given, who);
    if (who.source === 'agent') {
      this.#refuseTooOften(spec);
      refuseOverQuota(spec, await this.#parts.jobs(), this.#parts.agentLimits());
    }
    const context = { ...(await this.#context(who.by)), allowPastEvents: allowPastEvents(), startsAt };
    await store.reconcile(context.at, { ids: [spec.id] }, (view) => create(view, spec, context));
    onWrite();
    return spec.id;
  }

  /** As `make`, all or none: one transaction. A fault names the place of its job in the list. Answers the ids in its order. */
  async makeAll(given: readonly JsonObject[], who: Maker): Promise<string[]> {
    const { store, allowPastEvents, onWrite, define } = this.#parts;
    const definitions = await eachInTurn(given, (each) => define(each, who));
    const ids = definitions.map(({ spec }) => spec.id);
    const common = { ...(await this.#context(who.by)), allowPastEvents: allowPastEvents() };
    await store.reconcile(common.at, { ids }, (view) => createAll(view, definitions, common));
    onWrite();
    return ids;
  }

  /**
   * Changes what is given; keys of the schedule replace each other. Throws as `make`, CONFLICT for a job of the settings
   * file, PRECONDITION_FAILED where `isExpected` refuses the job as it is, whoever changed it meanwhile. Answers its id.
   */
  async change(
    idOrName: string,
    changes: JsonObject,
    { by, isExpected = () => true }: Changer,
  ): Promise<string> {
    const { store, lookup, allowPastEvents, onWrite, define } = this.#parts;
    refuseFixed(changes);
    for (;;) {
      const job = await lookup.job(idOrName);
      if (!isExpected(job)) throw new ChangedMeanwhile(job.id);
      const base = definitionOf(job);
      const { spec, startsAt } = await define(merged(base, changes), { source: job.source, by });
      if (job.source === 'agent') this.#refuseTooOften(spec);
      const kept = { ...spec, source: job.source, origin: job.origin };
      const context = { ...(await this.#context(by)), allowPastEvents: allowPastEvents(), startsAt };
      let isStale = false;
      await store.reconcile(context.at, { ids: [job.id] }, (view) => {
        const now = view.jobs.find(({ uid }) => uid === job.uid);
        isStale = now !== undefined && JSON.stringify(definitionOf(now)) !== JSON.stringify(base);
        return isStale ? NOTHING : redefine(view, job.uid, kept, context);
      });
      // Somebody else was quicker: the changes are put on what that has made of the job.
      if (isStale) continue;
      onWrite();
      return job.id;
    }
  }

  #refuseTooOften({ id, schedule }: JobSpec): void {
    const { clock, scheduleOf, agentLimits } = this.#parts;
    if (schedule.kind !== 'every' && schedule.kind !== 'cron') return;
    const at = clock.now();
    const spec = schedule.kind === 'every' ? { ...schedule, anchor: schedule.anchor ?? at } : schedule;
    refuseTooOften(id, scheduleOf(spec), at, agentLimits());
  }

  /** A job that may be there already. */
  async keep(spec: JobSpec, by: string): Promise<void> {
    const context = { ...(await this.#context(by)), allowPastEvents: false };
    await this.#parts.store.reconcile(context.at, { ids: [spec.id] }, (view) =>
      view.jobs.some((job) => job.id === spec.id) ? NOTHING : create(view, spec, context),
    );
  }

  /** Throws JOB_NOT_FOUND, and CONFLICT for a job that the settings file has. */
  async remove(idOrName: string, wish: RemovalWish & { by: string }): Promise<{ deleted: string }> {
    const { store, lookup, onWrite } = this.#parts;
    const job = await lookup.job(idOrName);
    const context = await this.#context(wish.by);
    const { purge, cancelRunning } = wish;
    await store.reconcile(context.at, { ids: [job.id] }, (view) =>
      remove(view, job.uid, { purge, cancelRunning }, context),
    );
    onWrite();
    return { deleted: job.id };
  }

  async #context(by: string): Promise<ReconcileContext> {
    const { store, clock, scheduleOf, newRunId } = this.#parts;
    const at = clock.now();
    const [boot] = await store.boots({ limit: 1 });
    const isUp = boot?.kind === 'service' && boot.endedAt === null;
    const bootStartedAt = isUp ? boot.startedAt : at;
    return { at, bootStartedAt, atStart: false, by, scheduleOf, newRunId, newUid: newRunId };
  }
}
