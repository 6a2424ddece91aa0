// Slots that were missed or skipped run after all: each is taken out of its row, and queued in one line (rule 18).

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { Account, BackfillDecision, BackfillResult, BackfillView, NewRun } from '../store.ts';
import { ALL, readAccounts } from './audit.ts';
import { recordChange } from './changes.ts';
import { type Database, isRefusedRow } from './database.ts';
import { conflict } from './fire.ts';
import { findJob, updateJob } from './jobs.ts';
import { RUN_COLUMNS } from './run-rows.ts';
import { addRun, readAll } from './runs.ts';
import { Views } from './view.ts';

/** Single slots by the key of the ledger, ranges by the index `runs_covering`. */
const TOUCHING = `SELECT ${RUN_COLUMNS} FROM runs
    WHERE job_uid = :jobUid AND slot >= :from AND slot <= :to AND covers_from IS NULL AND state IN ('skipped', 'missed')
  UNION ALL SELECT ${RUN_COLUMNS} FROM runs
    WHERE job_uid = :jobUid AND covers_to >= :from AND covers_from <= :to AND covers_from IS NOT NULL
      AND state IN ('skipped', 'missed')
  ORDER BY slot`;
const DELETE = 'DELETE FROM runs WHERE run_id = :runId';

export function backfillRuns(
  db: Database,
  jobId: string,
  range: { from: EpochMs; to: EpochMs },
  at: EpochMs,
  decide: (view: BackfillView) => BackfillDecision,
): BackfillResult {
  const job = findJob(db, jobId);
  if (!job) return { kind: 'no_job' };
  const { live, groupLive } = new Views(db, job.cursor).of(job);
  const rows = readAll(db, db.rows(TOUCHING, { jobUid: job.uid, ...range }));
  const decision = decide({ job, live, groupLive, rows, accounts: accountsWithin(db, rows) });
  if (decision.kind === 'refuse') return decision;
  for (const { runId, with: pieces } of decision.replace) {
    const old = rows.find((row) => row.runId === runId);
    if (!old)
      throw new SchedulerError('CONFLICT', `job "${job.id}" has no missed or skipped row "${runId}" there`);
    replace(db, job, old, pieces, at);
  }
  return { kind: 'queued', runs: decision.rows.map((row) => addOrRefuse(db, job, row, at)) };
}

/** Of the whole of each row, beyond the range that was asked for: what lies inside of it is not its own. */
function accountsWithin(db: Database, rows: readonly Run[]): Account[] {
  const [first] = rows;
  if (!first) return [];
  const from = Math.min(...rows.map((row) => row.covers?.from ?? row.slot ?? Infinity));
  const to = Math.max(...rows.map((row) => row.slot ?? -Infinity));
  return readAccounts(db, first.jobUid, from - 1, to, ALL);
}

/** What stays of a row keeps its history: when it was decided, how late, and why. */
function replace(db: Database, job: StoredJob, old: Run, pieces: readonly NewRun[], at: EpochMs): void {
  const { runId, queuedAt, endedAt, lateByMs, by } = old;
  db.run(DELETE, { runId });
  for (const piece of pieces) addRun(db, job, piece, queuedAt, { queuedAt, endedAt, lateByMs, by });
  if (job.gap?.runId === runId) closeGap(db, job, at);
}

/** A one-time job waits in its gap for the end of a pause: its slot runs now, and there is no other. */
function closeGap(db: Database, job: StoredJob, at: EpochMs): void {
  updateJob(db, job.uid, { gap: null });
  if (job.schedule.kind !== 'at' || job.state !== 'active') return;
  updateJob(db, job.uid, { state: 'completed' });
  const change = { what: 'state', before: 'active', after: 'completed', by: 'backfill' } as const;
  recordChange(db, { jobUid: job.uid, at, ...change });
}

function addOrRefuse(db: Database, job: StoredJob, row: NewRun, at: EpochMs): Run {
  try {
    return addRun(db, job, row, at);
  } catch (error) {
    throw isRefusedRow(error) ? conflict(job, row.slot, error) : error;
  }
}
