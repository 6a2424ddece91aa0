// Jobs in the file: read, inserted, changed, removed (a tombstone that keeps its history).

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { NEVER_RAN, type StoredJob } from '#core/job';
import type { Effects } from '../store.ts';
import type { Database, Params, Row } from './database.ts';
import { policyId, policyOf } from './policies.ts';
import { assignments, insertInto, jobParams, readJob } from './rows.ts';

const ALL = 'SELECT * FROM jobs WHERE deleted_at IS NULL ORDER BY id';
const PAGE = 'SELECT * FROM jobs WHERE deleted_at IS NULL AND id > :after ORDER BY id LIMIT :limit';
const BY_ID = 'SELECT * FROM jobs WHERE id = :id AND deleted_at IS NULL';
const BY_UID = 'SELECT * FROM jobs WHERE uid = :uid';
const BY_UIDS = 'SELECT * FROM jobs WHERE uid IN (SELECT value FROM json_each(:uids)) ORDER BY id';
const OF_ID = `SELECT * FROM jobs WHERE id = :id AND (:removed = 1 OR deleted_at IS NULL)
  ORDER BY deleted_at IS NULL DESC, deleted_at DESC, created_at DESC`;
const REMOVE = `UPDATE jobs
  SET deleted_at = :at, next_slot = NULL, next_due = NULL, gap = NULL, updated_at = :at
  WHERE uid = :uid AND deleted_at IS NULL`;

/** Rows of `SELECT * FROM jobs`. */
export function readAll(db: Database, rows: readonly Row[]): StoredJob[] {
  return rows.map((row) => readOne(db, row));
}

function readOne(db: Database, row: Row): StoredJob {
  return readJob(row, policyOf(db, Number(row.policy_id)));
}

function paramsOf(db: Database, { policy, ...rest }: Partial<StoredJob>): Params {
  return policy ? { ...jobParams(rest), policy_id: policyId(db, policy) } : jobParams(rest);
}

export function pageOfJobs(db: Database, page: { after: string; limit: number }): StoredJob[] {
  return readAll(db, db.all(PAGE, page));
}

export function readJobs(db: Database): StoredJob[] {
  return readAll(db, db.all(ALL));
}

/** Removed ones too: their runs may still go on. */
export function jobsOf(db: Database, uids: readonly string[]): StoredJob[] {
  return readAll(db, db.all(BY_UIDS, { uids: JSON.stringify(uids) }));
}

/** The one that bears the id now comes first, then those that bore it before, newest first. */
export function jobsOfId(db: Database, id: string, removed: boolean): StoredJob[] {
  return readAll(db, db.all(OF_ID, { id, removed: removed ? 1 : 0 }));
}

export function findJob(db: Database, id: string): StoredJob | null {
  const row = db.get(BY_ID, { id });
  return row ? readOne(db, row) : null;
}

/** Also a removed one. Throws JOB_NOT_FOUND. */
export function jobOf(db: Database, uid: string): StoredJob {
  const row = db.get(BY_UID, { uid });
  if (row) return readOne(db, row);
  throw new SchedulerError('JOB_NOT_FOUND', `no job has the uid "${uid}"`);
}

export function insertJob(db: Database, job: Effects['insert'][number]): void {
  const bound = paramsOf(db, {
    ...job,
    ...NEVER_RAN,
    auditedTo: job.cursor,
    updatedAt: job.createdAt,
  });
  db.run(insertInto('jobs', Object.keys(bound)), bound);
}

/** Throws JOB_NOT_FOUND when there is none. */
export function updateJob(db: Database, uid: string, set: Partial<Omit<StoredJob, 'uid'>>): void {
  const bound = paramsOf(db, set);
  const columns = Object.keys(bound);
  if (columns.length === 0) return;
  const changed = db.run(`UPDATE jobs SET ${assignments(columns)} WHERE uid = :uid`, { ...bound, uid });
  if (changed === 0) jobOf(db, uid);
}

/** The id is free again; rows and live runs keep the uid. False when it was removed before. */
export function entomb(db: Database, uid: string, at: EpochMs): boolean {
  if (db.run(REMOVE, { uid, at }) === 1) return true;
  jobOf(db, uid);
  return false;
}
