// What a decision about a job looks at: its pauses, what is live of it and of its group, slots that are taken.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { DueJob } from '../store.ts';
import type { Database } from './database.ts';
import { globalPausesSince, hasOwnPauses, jobPausesSince } from './pauses.ts';
import { liveRunsOf, liveRunsOfGroup } from './runs.ts';

const TAKEN = `SELECT max(coalesce(covers_from, slot), :cursor + 1) AS first, slot
  FROM runs WHERE job_uid = :jobUid AND slot > :cursor ORDER BY slot`;

/** Reads what many jobs share once; good for one transaction. */
export class Views {
  readonly #db: Database;
  readonly #since: EpochMs;
  readonly #globals: readonly Pause[];
  readonly #mayHaveOwn: boolean;

  /** `since` = the oldest cursor of the jobs that are asked for. */
  constructor(db: Database, since: EpochMs) {
    this.#db = db;
    this.#since = since;
    this.#globals = globalPausesSince(db, since);
    this.#mayHaveOwn = hasOwnPauses(db);
  }

  of(job: StoredJob): DueJob {
    const live = liveRunsOf(this.#db, job.uid);
    const { group } = job.policy;
    const groupLive = group === null ? [] : liveRunsOfGroup(this.#db, group, job.uid);
    // A waiting run asks for the pauses of all its time, which may have begun before the cursor.
    const since = live.reduce((least, run) => Math.min(least, run.queuedAt), job.cursor);
    return { job, pauses: this.#pausesOf(job, since), live, groupLive, taken: takenSlots(this.#db, job) };
  }

  #pausesOf(job: StoredJob, since: EpochMs): Pause[] {
    const isNews = (pause: Pause) => pause.endedAt === null || pause.endedAt > since;
    const globals = since < this.#since ? globalPausesSince(this.#db, since) : this.#globals;
    const own = this.#mayHaveOwn ? jobPausesSince(this.#db, job.uid, since) : [];
    return [...globals.filter(isNews), ...own].sort((a, b) => a.since - b.since || a.id - b.id);
  }
}

/** Where the cursor never went back there is nothing to look for. */
export function takenSlots(
  db: Database,
  job: Pick<StoredJob, 'uid' | 'cursor' | 'takenTo'>,
): DueJob['taken'] {
  if (job.takenTo === null || job.takenTo <= job.cursor) return [];
  const rows = db.all(TAKEN, { jobUid: job.uid, cursor: job.cursor });
  return rows.map((row) => ({ from: Number(row.first), to: Number(row.slot) }));
}
