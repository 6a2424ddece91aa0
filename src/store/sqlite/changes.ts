// The audit of the jobs: every change of schedule, zone, enabled, pause and existence, in the order it was written.

import type { ChangeQuery, JobChange } from '../store.ts';
import type { Database } from './database.ts';
import { changeParams, insertInto, readChange } from './rows.ts';

/** Newest first is by the order of writing: a clock set back does not shuffle the audit. */
const NEWEST = '(:before IS NULL OR at <= :before) ORDER BY seq DESC LIMIT :limit';
const OF_ALL = `SELECT * FROM job_changes WHERE ${NEWEST}`;
const OF_JOB = `SELECT * FROM job_changes WHERE job_uid = :jobUid AND ${NEWEST}`;
const OF_JOB_AND_CLOCK = `SELECT * FROM job_changes
  WHERE (job_uid = :jobUid OR (what = 'clock' AND job_uid IS NULL)) AND ${NEWEST}`;
const OF_WHAT = `SELECT * FROM job_changes WHERE what = :what AND ${NEWEST}`;
const OF_JOB_AND_WHAT = `SELECT * FROM job_changes WHERE job_uid = :jobUid AND what = :what AND ${NEWEST}`;

export function recordChange(db: Database, change: JobChange): void {
  const bound = changeParams(change);
  db.run(insertInto('job_changes', Object.keys(bound)), bound);
}

export function readChanges(db: Database, query: ChangeQuery): JobChange[] {
  const { jobUid, what, before = null, limit, andClock } = query;
  const ofAll = what === undefined ? OF_ALL : OF_WHAT;
  const ofJob = what !== undefined ? OF_JOB_AND_WHAT : andClock ? OF_JOB_AND_CLOCK : OF_JOB;
  const sql = jobUid === undefined ? ofAll : ofJob;
  const bound = {
    before,
    limit,
    ...(jobUid !== undefined && { jobUid }),
    ...(what !== undefined && { what }),
  };
  return db.all(sql, bound).map(readChange);
}
