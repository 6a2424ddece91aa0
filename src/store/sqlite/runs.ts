// Single rows of the ledger: write one, read one, read a job's live ones. Used by every step of the store.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { NewRun } from '../store.ts';
import type { Database, Values } from './database.ts';
import { RUN_COLUMN_NAMES, RUN_COLUMNS, readRun, runValues, snapshotIdOf } from './run-rows.ts';
import { sharedId, sharedOf } from './shared.ts';
import { waitsUntil } from './verdicts.ts';

/** As the partial index `runs_live` says it, to the letter: only then does SQLite use it. */
export const IS_LIVE = `state IN ('queued', 'running', 'stopping')`;
/** As the partial index `runs_by_outcome` says it. */
export const HAS_ENDED = `state NOT IN ('queued', 'running', 'stopping')`;
/** An attempt is under way: as the partial index `runs_held` says it. */
export const IS_HELD = `state IN ('running', 'stopping')`;

const FIND = `SELECT ${RUN_COLUMNS} FROM runs WHERE run_id = :runId`;
const LIVE_OF_JOB = `SELECT ${RUN_COLUMNS} FROM runs INDEXED BY runs_live WHERE job_uid = :jobUid AND ${IS_LIVE} ORDER BY seq`;
const LIVE_OF_GROUP = `SELECT ${RUN_COLUMNS} FROM runs
  WHERE group_name = :group AND ${IS_LIVE} AND job_uid <> :jobUid ORDER BY seq`;
const ANY_IN_LINE = `SELECT 1 FROM runs WHERE line = :line AND ${IS_LIVE} LIMIT 1`;

const INSERT = `INSERT INTO runs (${[...RUN_COLUMN_NAMES, 'snapshot_id'].join(', ')})
  VALUES (${'?, '.repeat(RUN_COLUMN_NAMES.length)}?)`;
/** All but the snapshot, which never changes. */
const UPDATE = `UPDATE runs SET ${RUN_COLUMN_NAMES.map((column) => `${column} = ?`).join(', ')} WHERE run_id = ?`;

/** Rows of `SELECT RUN_COLUMNS FROM runs`. */
export function readAll(db: Database, rows: readonly Values[]): Run[] {
  return rows.map((row) => readOne(db, row));
}

export function readOne(db: Database, row: Values): Run {
  return readRun(row, sharedOf(db, 'snapshots', snapshotIdOf(row)));
}

export function findRun(db: Database, runId: string): Run | null {
  const row = db.row(FIND, { runId });
  return row ? readOne(db, row) : null;
}

/** Oldest first: in the order of admission, which a clock set back does not change. */
export function liveRunsOf(db: Database, jobUid: string): Run[] {
  return readAll(db, db.rows(LIVE_OF_JOB, { jobUid }));
}

/** Those of other jobs (rule 4). */
export function liveRunsOfGroup(db: Database, group: string, jobUid: string): Run[] {
  return readAll(db, db.rows(LIVE_OF_GROUP, { group, jobUid }));
}

/** Writes a row that has just been decided, and answers the whole of it. `kept` = what a row that it replaces had. */
export function addRun(db: Database, job: StoredJob, row: NewRun, at: EpochMs, kept: Partial<Run> = {}): Run {
  const run = { ...newRun(db, job, row, at), ...kept };
  insertRun(db, run);
  return run;
}

/** The whole of a row that has just been decided, as it will be written. */
export function newRun(db: Database, job: StoredJob, row: NewRun, at: EpochMs): Run {
  const isQueued = row.state === 'queued';
  const { line = null, maxWaitMs = null, key = null, configHash = job.configHash } = row;
  // Within a line one waits for the other: only the first holds a place, and only its wait is bounded.
  const isFirst = line === null || !db.get(ANY_IN_LINE, { line });
  return {
    runId: row.runId,
    kind: row.kind,
    state: row.state,
    reason: row.reason,
    slot: row.slot,
    dueAt: row.dueAt,
    covers: row.covers,
    lateByMs: row.lateByMs,
    input: row.input,
    snapshot: row.snapshot,
    by: row.by,
    name: null,
    jobUid: job.uid,
    jobId: job.id,
    jobName: job.name,
    notBefore: null,
    attempt: 0,
    attempts: [],
    queuedAt: at,
    startedAt: null,
    endedAt: isQueued ? null : at,
    durationMs: null,
    configHash,
    codeHash: null,
    success: null,
    statistics: null,
    error: null,
    warnings: [],
    bootId: null,
    leaseToken: null,
    holdsPlace: isFirst && (row.holdsPlace ?? isQueued),
    line,
    group: isQueued ? job.policy.group : null,
    maxWaitMs,
    expiresAt: isQueued && isFirst ? waitsUntil({ maxWaitMs }, at) : null,
    key,
    priority: row.snapshot.policy.priority,
    cancelRequested: false,
    cancelledBy: null,
  };
}

export function insertRun(db: Database, run: Run): void {
  db.runList(INSERT, [...runValues(run), sharedId(db, 'snapshots', run.snapshot)]);
}

/** Writes all of a run that was read in the same transaction. Its snapshot never changes. */
export function saveRun(db: Database, run: Run): void {
  db.runList(UPDATE, [...runValues(run), run.runId]);
}
