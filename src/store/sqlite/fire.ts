// Due jobs in, rows and cursors out: the transaction that decides slots, and the one that admits a run by hand.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { DueJob, EnqueueDecision, EnqueueResult, FireDecision, FireResult } from '../store.ts';
import { recordChange } from './changes.ts';
import { type Database, isRefusedRow, type Params } from './database.ts';
import { askToStop, endQueued } from './endings.ts';
import { findJob, jobOf, updateJob } from './jobs.ts';
import { endTimedPauses, globalPausesSince, jobPausesSince } from './pauses.ts';
import { readJob } from './rows.ts';
import { addRun, liveRunsOf, liveRunsOfGroup } from './runs.ts';

/** As the partial index `jobs_due` says it. */
const DUE = `SELECT * FROM jobs
  WHERE deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL AND next_due <= :at
  ORDER BY next_due, id`;
const IS_FREE = `NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid = jobs.uid AND ended_at IS NULL)`;
/** Jobs whose pause is over, and whose gap row nobody has closed yet; by the partial index `jobs_in_gap`. */
const RESUMED = `SELECT * FROM jobs
  WHERE deleted_at IS NULL AND state = 'active' AND gap IS NOT NULL
    AND gap ->> '$.reason' IN ('paused', 'stopped') AND ${IS_FREE}
    AND NOT (next_due IS NOT NULL AND next_due <= :at)
  ORDER BY id`;
/** Jobs that have a run whose time to wait for a place is over (rule 1). */
const EXPIRING = `SELECT * FROM jobs
  WHERE uid IN (SELECT job_uid FROM runs WHERE state = 'queued' AND expires_at IS NOT NULL AND expires_at <= :at)
    AND NOT (deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL AND next_due <= :at)
  ORDER BY id`;
const TAKEN = `SELECT max(coalesce(covers_from, slot), :cursor + 1) AS first, slot
  FROM runs WHERE job_uid = :jobUid AND slot > :cursor ORDER BY slot`;
/** Those of one target that a resume leaves free. */
const FREE_AND_DUE = `SELECT * FROM jobs
  WHERE deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL AND next_due <= :at AND ${IS_FREE}
  ORDER BY next_due, id`;
const FREE_OF_UID = `SELECT * FROM jobs
  WHERE uid = :jobUid AND deleted_at IS NULL AND state = 'active' AND ${IS_FREE}
    AND (next_due <= :at OR gap ->> '$.reason' IN ('paused', 'stopped'))`;
const POSTPONE = `UPDATE runs SET expires_at = :expiresAt WHERE run_id = :runId AND state = 'queued'`;
const EXTEND_GAP = `UPDATE runs
  SET slot = :to, ended_at = :at, covers_from = iif(:count > 1, :from, NULL),
    covers_to = iif(:count > 1, :to, NULL), covers_count = iif(:count > 1, :count, NULL)
  WHERE run_id = :runId AND job_uid = :jobUid AND state IN ('skipped', 'missed')`;
const WITHDRAW = `DELETE FROM runs WHERE run_id = :runId AND job_uid = :jobUid AND state IN ('skipped', 'missed')`;

export function fireDue(db: Database, at: EpochMs, plan: (due: DueJob) => FireDecision): FireResult {
  endTimedPauses(db, at);
  const result: FireResult = { decided: [], dropped: [] };
  const found = [...db.all(DUE, { at }), ...db.all(RESUMED, { at }), ...db.all(EXPIRING, { at })].map(
    readJob,
  );
  decideAll(db, [...new Map(found.map((job) => [job.uid, job])).values()], at, plan, result);
  return result;
}

/** Due jobs of the target, and those in the gap of a pause, that no pause holds any more (rule 6). */
export function decideResumed(
  db: Database,
  jobUid: string | null,
  at: EpochMs,
  plan: (due: DueJob) => FireDecision,
): FireResult['decided'] {
  const result: FireResult = { decided: [], dropped: [] };
  const found =
    jobUid === null
      ? [...db.all(FREE_AND_DUE, { at }), ...db.all(RESUMED, { at })]
      : db.all(FREE_OF_UID, { jobUid, at });
  decideAll(db, found.map(readJob), at, plan, result);
  return result.decided;
}

/** Each job is a transaction of its own within the transaction: one that fails is taken back and named alone. */
function decideAll(
  db: Database,
  jobs: readonly StoredJob[],
  at: EpochMs,
  plan: (due: DueJob) => FireDecision,
  result: FireResult,
): void {
  const oldest = jobs.reduce((least, job) => Math.min(least, job.cursor), at);
  const globals = globalPausesSince(db, oldest);
  for (const job of jobs) {
    const part = db.savepoint(() => {
      const rows = apply(db, job, plan(viewOf(db, job, globals)), at);
      result.decided.push({ job: jobOf(db, job.uid), rows });
    });
    if (part.kind === 'undone') result.dropped.push({ jobId: job.id, error: part.error });
  }
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
  for (const end of decision.end ?? []) endQueued(db, end, at);
  for (const { runId, by } of decision.cancel ?? []) askToStop(db, runId, by);
  try {
    return { kind: 'queued', run: addRun(db, job, decision.row, at) };
  } catch (error) {
    throw isRefusedRow(error) ? conflict(job, decision.row.slot, error) : error;
  }
}

export function viewOf(db: Database, job: StoredJob, globals: readonly Pause[]): DueJob {
  const live = liveRunsOf(db, job.uid);
  // A waiting run asks for the pauses of all its time, which may have begun before the cursor.
  const since = live.reduce((least, run) => Math.min(least, run.queuedAt), job.cursor);
  const isNews = (pause: Pause) => pause.endedAt === null || pause.endedAt > since;
  const own = since < job.cursor ? globalPausesSince(db, since) : globals;
  const pauses = [...own.filter(isNews), ...jobPausesSince(db, job.uid, since)];
  pauses.sort((a, b) => a.since - b.since || a.id - b.id);
  const { group } = job.policy;
  const groupLive = group === null ? [] : liveRunsOfGroup(db, group, job.uid);
  return { job, pauses, live, groupLive, taken: takenSlots(db, job) };
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

/** Runs that leave go first: a place they held is free for the rows. So does a gap row that gives slots back. */
function apply(db: Database, job: StoredJob, decision: FireDecision, at: EpochMs): Run[] {
  for (const end of decision.end ?? []) endQueued(db, end, at);
  for (const { runId, expiresAt } of decision.postpone ?? []) db.run(POSTPONE, { runId, expiresAt });
  for (const runId of decision.withdrawn) onGapRow(db, job, runId, WITHDRAW, { runId, jobUid: job.uid });
  if (decision.extended) {
    const { runId, from, to, count } = decision.extended;
    onGapRow(db, job, runId, EXTEND_GAP, { runId, jobUid: job.uid, from, to, count, at });
  }
  const rows = decision.rows.map((row) => addRun(db, job, row, at));
  for (const { runId, by } of decision.cancel ?? []) askToStop(db, runId, by);
  const { cursor, nextSlot, nextDue, state, gap, admitted, circuit = job.circuit } = decision;
  updateJob(db, job.uid, { cursor, nextSlot, nextDue, gap, state, circuit });
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

export function conflict(job: StoredJob, slot: EpochMs | null, cause: unknown): SchedulerError {
  const what = slot === null ? 'this run' : `slot ${Temporal.Instant.fromEpochMilliseconds(slot)}`;
  return new SchedulerError(
    'CONFLICT',
    `job "${job.id}" has a row for ${what} already`,
    'Ask why for that slot, or rerun the run that has it.',
    { cause },
  );
}
