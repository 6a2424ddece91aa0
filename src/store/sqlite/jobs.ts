// Jobs in the file: read, inserted, changed, removed (a tombstone that keeps its history).

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { NEVER_RAN, type StoredJob } from '#core/job';
import type { Concerned, Effects } from '../store.ts';
import type { Database, Params, Values } from './database.ts';
import { JOB_COLUMNS, jobParams, policyIdOf, readJob } from './job-rows.ts';
import { assignments, insertInto } from './rows.ts';
import { sharedId, sharedOf } from './shared.ts';

const ALL = `SELECT ${JOB_COLUMNS} FROM jobs WHERE deleted_at IS NULL ORDER BY id`;
const PAGE = `SELECT ${JOB_COLUMNS} FROM jobs WHERE deleted_at IS NULL AND id > :after ORDER BY id LIMIT :limit`;
const BY_ID = `SELECT ${JOB_COLUMNS} FROM jobs WHERE id = :id AND deleted_at IS NULL`;
const BY_UID = `SELECT ${JOB_COLUMNS} FROM jobs WHERE uid = :uid`;
const BY_UIDS = `SELECT ${JOB_COLUMNS} FROM jobs WHERE uid IN (SELECT value FROM json_each(:uids)) ORDER BY id`;
const OF_NAME = `SELECT ${JOB_COLUMNS} FROM jobs WHERE deleted_at IS NULL AND name = :name ORDER BY id`;
const OF_ID = `SELECT ${JOB_COLUMNS} FROM jobs WHERE id = :id AND (:removed = 1 OR deleted_at IS NULL)
  ORDER BY deleted_at IS NULL DESC, deleted_at DESC, created_at DESC`;
/** Each by an index of its own: `jobs_one_of_an_id`, `jobs_of_settings`, `jobs_in_gap`, `jobs_finished`. */
const CONCERNED = {
  ids: `SELECT ${JOB_COLUMNS} FROM jobs
    WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(:ids)) ORDER BY id`,
  ofSettings: `SELECT ${JOB_COLUMNS} FROM jobs WHERE source = 'config' AND deleted_at IS NULL ORDER BY id`,
  inGap: `SELECT ${JOB_COLUMNS} FROM jobs WHERE gap IS NOT NULL AND deleted_at IS NULL ORDER BY id`,
  finished: `SELECT ${JOB_COLUMNS} FROM jobs
    WHERE (state = 'completed' OR id GLOB 'adhoc:*') AND source <> 'config' AND deleted_at IS NULL
      AND max(ifnull(last_run_at, 0), updated_at) < :before
    ORDER BY id LIMIT :limit`,
};
const REMOVE = `UPDATE jobs
  SET deleted_at = :at, next_slot = NULL, next_due = NULL, gap = NULL, updated_at = :at
  WHERE uid = :uid AND deleted_at IS NULL`;

/** Rows of `SELECT JOB_COLUMNS FROM jobs`. */
export function readAll(db: Database, rows: readonly Values[]): StoredJob[] {
  return rows.map((row) => readOne(db, row));
}

function readOne(db: Database, row: Values): StoredJob {
  return readJob(row, sharedOf(db, 'policies', policyIdOf(row)));
}

function paramsOf(db: Database, { policy, ...rest }: Partial<StoredJob>): Params {
  const own = jobParams(rest);
  return policy ? { ...own, policy_id: sharedId(db, 'policies', policy), priority: policy.priority } : own;
}

export function pageOfJobs(db: Database, page: { after: string; limit: number }): StoredJob[] {
  return readAll(db, db.rows(PAGE, page));
}

export function readJobs(db: Database): StoredJob[] {
  return readAll(db, db.rows(ALL));
}

/** Each once, by id. */
export function concernedJobs(db: Database, { ids, ofSettings, inGap, finished }: Concerned): StoredJob[] {
  const rows = [
    ...(ids.length > 0 ? db.rows(CONCERNED.ids, { ids: JSON.stringify(ids) }) : []),
    ...(ofSettings ? db.rows(CONCERNED.ofSettings) : []),
    ...(inGap ? db.rows(CONCERNED.inGap) : []),
    ...(finished ? db.rows(CONCERNED.finished, finished) : []),
  ];
  const jobs = new Map(readAll(db, rows).map((job) => [job.id, job]));
  return [...jobs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Removed ones too: their runs may still go on. */
export function jobsOf(db: Database, uids: readonly string[]): StoredJob[] {
  return readAll(db, db.rows(BY_UIDS, { uids: JSON.stringify(uids) }));
}

/** The one that bears the id now comes first, then those that bore it before, newest first. */
export function jobsOfId(db: Database, id: string, removed: boolean): StoredJob[] {
  return readAll(db, db.rows(OF_ID, { id, removed: removed ? 1 : 0 }));
}

export function jobsNamed(db: Database, name: string): StoredJob[] {
  return readAll(db, db.rows(OF_NAME, { name }));
}

export function findJob(db: Database, id: string): StoredJob | null {
  const row = db.row(BY_ID, { id });
  return row ? readOne(db, row) : null;
}

/** Also a removed one. Throws JOB_NOT_FOUND. */
export function jobOf(db: Database, uid: string): StoredJob {
  const row = db.row(BY_UID, { uid });
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
