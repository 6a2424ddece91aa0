// The audit of the jobs: every change of schedule, zone, enabled, pause and existence, in the order it was written.

import type { EpochMs } from '#core/clock';
import type { JobChange } from '../store.ts';
import type { Database } from './database.ts';
import { changeParams, insertInto, readChange } from './rows.ts';

/** Newest first is by the order of writing: a clock set back does not shuffle the audit. */
const OF_ALL = `SELECT * FROM job_changes WHERE :before IS NULL OR at <= :before ORDER BY seq DESC LIMIT :limit`;
const OF_JOB = `SELECT * FROM job_changes WHERE job_uid = :jobUid AND (:before IS NULL OR at <= :before)
  ORDER BY seq DESC LIMIT :limit`;

export function recordChange(db: Database, change: JobChange): void {
  const bound = changeParams(change);
  db.run(insertInto('job_changes', Object.keys(bound)), bound);
}

export function readChanges(
  db: Database,
  query: { jobUid?: string; before?: EpochMs; limit: number },
): JobChange[] {
  const { jobUid, before = null, limit } = query;
  const rows =
    jobUid === undefined ? db.all(OF_ALL, { before, limit }) : db.all(OF_JOB, { jobUid, before, limit });
  return rows.map(readChange);
}
