// Jobs that are made and taken away by a call, beside those of the settings file (rules 15, 17).

import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { isAdHoc, type JobSpec } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { create, type RemovalWish, remove } from '#engine/create';
import type { ReconcileContext } from '#engine/reconcile';
import type { Store } from '#store/store';
import type { Lookup } from './lookup.ts';

export interface DefinitionsParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  allowPastEvents(): boolean;
  onWrite(): void;
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
