// Ids and names as people write them, into jobs and runs of the ledger; an unknown one is told with the nearest.

import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import { LIVE_STATES, type Run, type RunState } from '#core/run';
import type { Store } from '#store/store';

export interface LookupParts {
  store: Store;
  /** As the ledger has them, or as the settings would make them. */
  jobs(): Promise<StoredJob[]>;
  /** Of these the ones whose id or name it is. */
  jobsCalled(idOrName: string): Promise<StoredJob[]>;
}

export class Lookup {
  readonly #parts: LookupParts;

  constructor(parts: LookupParts) {
    this.#parts = parts;
  }

  /** By id, or by a name that only one job has. Throws JOB_NOT_FOUND, or CONFLICT for an ambiguous name. */
  async job(idOrName: string): Promise<StoredJob> {
    const jobs = await this.#parts.jobsCalled(idOrName);
    const byId = jobs.find((job) => job.id === idOrName);
    if (byId) return byId;
    const named = jobs.filter((job) => job.name === idOrName);
    if (named.length > 1) {
      const ids = named.map((job) => job.id).join(', ');
      throw new SchedulerError(
        'CONFLICT',
        `${named.length} jobs are called ${idOrName}`,
        `use one of the ids: ${ids}`,
      );
    }
    if (!named[0]) throw await this.unknownJob(idOrName);
    return named[0];
  }

  async unknownJob(idOrName: string): Promise<SchedulerError> {
    const ids = (await this.#parts.jobs()).map((job) => job.id);
    const near = closest(idOrName, ids);
    return new SchedulerError(
      'JOB_NOT_FOUND',
      `there is no job ${idOrName}`,
      near ? `did you mean ${near}?` : `jobs: ${ids.sort().join(', ') || 'none'}`,
    );
  }

  /** By full id. Throws RUN_NOT_FOUND with the nearest of those under way. */
  async run(runId: string): Promise<Run> {
    const { store } = this.#parts;
    const run = await store.run(runId);
    if (run) return run;
    const live = await store.runs({ limit: 100, states: LIVE_STATES });
    const near = closest(
      runId,
      live.map((each) => each.runId),
    );
    throw new SchedulerError(
      'RUN_NOT_FOUND',
      `there is no run ${runId}`,
      near ? `did you mean ${near}?` : 'see: aclarai-scheduler history',
    );
  }
}

/** Which rows of the ledger: of one job, in some states, behind a run of that list. */
export interface HistoryQuery {
  job?: string;
  states?: readonly RunState[];
  after?: string;
  limit: number;
}
