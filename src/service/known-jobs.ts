// The jobs as a face shows them: from the ledger where that is up to date, else as the settings would make them.

import type { Settings } from '#config/settings';
import type { Clock, EpochMs } from '#core/clock';
import { isAdHoc, type StoredJob } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { previewJobs } from '#engine/preview';
import { concernedBy, type ReconcileContext, reconcile } from '#engine/reconcile';
import type { Store } from '#store/store';
import { allJobs } from './all-jobs.ts';

export interface KnownJobsParts {
  store: Store;
  clock: Clock;
  settings(): Settings;
  /** The settings are in the ledger, or cannot be read. */
  isLedgerRight(): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newId(): string;
}

export class KnownJobs {
  readonly #parts: KnownJobsParts;

  constructor(parts: KnownJobsParts) {
    this.#parts = parts;
  }

  /** By id. What ad hoc runs are kept under is no job to anybody who does not ask for it by its id. */
  async listed(): Promise<StoredJob[]> {
    return (await this.#all()).filter((job) => !isAdHoc(job));
  }

  /** Those with this id or name. A service, which keeps the ledger up to date, does not read all jobs for one. */
  async called(idOrName: string): Promise<StoredJob[]> {
    const { store, isLedgerRight } = this.#parts;
    const isCalled = ({ id, name }: StoredJob) => id === idOrName || name === idOrName;
    if (!isLedgerRight()) return (await this.#all()).filter(isCalled);
    const bearer = await store.jobs({ id: idOrName });
    return bearer.length > 0 ? bearer : await store.jobs({ name: idOrName });
  }

  /** Brings the ledger's jobs up to the settings. The caller holds the service lock. */
  async reconcile(): Promise<void> {
    const { store, clock, settings } = this.#parts;
    const context = this.#context(clock.now());
    const { jobs } = settings();
    await store.reconcile(context.at, concernedBy(jobs, context), (view) => reconcile(view, jobs, context));
  }

  async #all(): Promise<StoredJob[]> {
    const { store, clock, settings, isLedgerRight } = this.#parts;
    const jobs = await allJobs(store);
    if (isLedgerRight()) return jobs;
    return previewJobs({ jobs, live: new Map() }, settings().jobs, this.#context(clock.now()));
  }

  #context(at: EpochMs): ReconcileContext {
    const { scheduleOf, newId } = this.#parts;
    const ids = { newRunId: newId, newUid: newId };
    return { at, bootStartedAt: at, atStart: false, by: 'settings', scheduleOf, ...ids };
  }
}
