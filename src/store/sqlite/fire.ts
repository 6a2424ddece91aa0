// Due jobs in, rows and cursors out: the transaction that decides slots, and the one that admits a run by hand.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { DueJob, EnqueueDecision, EnqueueResult, FireDecision, FireResult } from '../store.ts';
import { recordChange } from './changes.ts';
import { type Database, isRefusedRow, type Params } from './database.ts';
import { endQueued } from './endings.ts';
import { findJob, jobOf, updateJob } from './jobs.ts';
import { endTimedPauses, globalPausesSince, jobPausesSince } from './pauses.ts';
import { readJob } from './rows.ts';
import { addRun, liveRunsOf } from './runs.ts';

/** As the partial index `jobs_due` says it. */
const DUE = `SELECT * FROM jobs
  WHERE deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL AND next_due <= :at
  ORDER BY next_due, id`;
/** Jobs whose pause is over, and whose gap row nobody has closed yet; by the partial index `jobs_in_gap`. */
const RESUMED = `SELECT * FROM jobs
  WHERE deleted_at IS NULL AND state = 'active' AND gap IS NOT NULL
    AND gap ->> '$.reason' IN ('paused', 'stopped')
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid = jobs.uid AND ended_at IS NULL)
    AND NOT (next_due IS NOT NULL AND next_due <= :at)
  ORDER BY id`;
const EXTEND_GAP = `UPDATE runs
  SET slot = :to, covers_from = :from, covers_to = :to, covers_count = :count, ended_at = :at
  WHERE run_id = :runId AND job_uid = :jobUid AND state IN ('skipped', 'missed')`;
const WITHDRAW = `DELETE FROM runs WHERE run_id = :runId AND job_uid = :jobUid AND state IN ('skipped', 'missed')`;

export function fireDue(db: Database, at: EpochMs, plan: (due: DueJob) => FireDecision): FireResult {
  endTimedPauses(db, at);
  const result: FireResult = { decided: [], dropped: [] };
  const jobs = [...db.all(DUE, { at }), ...db.all(RESUMED, { at })].map(readJob);
  const oldest = jobs.reduce((least, job) => Math.min(least, job.cursor), at);
  const globals = globalPausesSince(db, oldest);
  for (const job of jobs) {
    const part = db.savepoint(() => {
      const rows = apply(db, job, plan(viewOf(db, job, globals)), at);
      result.decided.push({ job: jobOf(db, job.uid), rows });
    });
    if (part.kind === 'undone') result.dropped.push({ jobId: job.id, error: part.error });
  }
  return result;
}

export function enqueueRun(
  db: Database,
  jobId: string,
  at: EpochMs,
  decide: (due: DueJob) => EnqueueDecision,
): EnqueueResult {
  endTimedPauses(db, at);
  const job = findJob(db, jobId);
  if (!job) return { kind: 'no_job' };
  const decision = decide(viewOf(db, job, globalPausesSince(db, job.cursor)));
  if (decision.kind === 'refuse') return decision;
  try {
    return { kind: 'queued', run: addRun(db, job, decision.row, at) };
  } catch (error) {
    throw isRefusedRow(error) ? conflict(job, decision.row.slot, error) : error;
  }
}

function viewOf(db: Database, job: StoredJob, globals: readonly Pause[]): DueJob {
  const isNews = (pause: Pause) => pause.endedAt === null || pause.endedAt > job.cursor;
  const pauses = [...globals.filter(isNews), ...jobPausesSince(db, job.uid, job.cursor)];
  pauses.sort((a, b) => a.since - b.since || a.id - b.id);
  return { job, pauses, live: liveRunsOf(db, job.uid) };
}

/** Runs that leave go first: a place they held is free for the rows. */
function apply(db: Database, job: StoredJob, decision: FireDecision, at: EpochMs): Run[] {
  for (const end of decision.end ?? []) endQueued(db, end, at);
  for (const runId of decision.withdrawn) onGapRow(db, job, runId, WITHDRAW, { runId, jobUid: job.uid });
  const rows = decision.rows.map((row) => addRun(db, job, row, at));
  if (decision.extended) {
    const { runId, from, to, count } = decision.extended;
    onGapRow(db, job, runId, EXTEND_GAP, { runId, jobUid: job.uid, from, to, count, at });
  }
  const { cursor, nextSlot, nextDue, state, gap, admitted } = decision;
  updateJob(db, job.uid, { cursor, nextSlot, nextDue, gap, state });
  if (admitted > 0) db.run(ADMIT, { uid: job.uid, admitted });
  if (state !== job.state) {
    const change = { what: 'state', before: job.state, after: state, by: 'schedule' } as const;
    recordChange(db, { jobUid: job.uid, at, ...change });
  }
  return rows;
}

/** Relative: a run that `end` took away unstarted has given its count back in the same transaction (rule 19). */
const ADMIT = 'UPDATE jobs SET admitted_count = admitted_count + :admitted WHERE uid = :uid';

function onGapRow(db: Database, job: StoredJob, runId: string, sql: string, params: Params): void {
  if (db.run(sql, params) === 0)
    throw new SchedulerError('RUN_NOT_FOUND', `job "${job.id}" has no gap row "${runId}"`);
}

function conflict(job: StoredJob, slot: EpochMs | null, cause: unknown): SchedulerError {
  const what = slot === null ? 'this run' : `slot ${Temporal.Instant.fromEpochMilliseconds(slot)}`;
  return new SchedulerError(
    'CONFLICT',
    `job "${job.id}" has a row for ${what} already`,
    'Ask why for that slot, or rerun the run that has it.',
    { cause },
  );
}
