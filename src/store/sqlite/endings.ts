// Endings in, their rows and what they mean for their jobs out: settle, stop, cancel. Each guarded.

import type { EpochMs } from '#core/clock';
import { isFinal, isLegalMove, type Run } from '#core/run';
import type { Ending, RunEnd } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database } from './database.ts';
import { jobOf, updateJob } from './jobs.ts';
import type { Leases } from './leases.ts';
import { openPause } from './pauses.ts';
import { putMessageOf, warnRun } from './queues.ts';
import { RUN_COLUMNS } from './run-rows.ts';
import { findRun, IS_HELD, IS_LIVE, readOne, saveRun } from './runs.ts';
import { afterAttempt, afterWait, circuitTurn, stateToKeep, type Tally, tallyOf } from './verdicts.ts';

const HELD_BY_LEASE = `SELECT ${RUN_COLUMNS} FROM runs
  WHERE run_id = :runId AND lease_token = :leaseToken AND ${IS_HELD}`;
/** What the end of an attempt changes, where it is the end of the run. */
const SETTLE = `UPDATE runs SET state = ?, reason = ?, ended_at = ?, attempts = ?, duration_ms = ?, statistics = ?,
    code_hash = ?, success = ?, error = ?, holds_place = 0, expires_at = NULL, lease_token = NULL
  WHERE run_id = ? AND lease_token = ? AND ${IS_HELD}`;
const STOP = `UPDATE runs SET state = 'stopping'
  WHERE run_id = :runId AND lease_token = :leaseToken AND ${IS_HELD}`;
/** Who asked first is who asked. */
const ASK_TO_STOP = `UPDATE runs SET cancel_requested = 1, cancelled_by = coalesce(cancelled_by, :by)
  WHERE run_id = :runId AND ${IS_HELD}`;
const ASK_ALL_TO_STOP = `UPDATE runs INDEXED BY runs_live SET cancel_requested = 1, cancelled_by = coalesce(cancelled_by, :by)
  WHERE job_uid = :jobUid AND ${IS_LIVE} AND state <> 'queued'`;
const ASKED = `SELECT run_id FROM runs WHERE ${IS_HELD} AND boot_id = :bootId AND cancel_requested = 1 ORDER BY seq`;
const TALLY = `UPDATE jobs SET
    success_count    = success_count + :succeeded,
    failure_count    = failure_count + :failed,
    admitted_count   = max(0, admitted_count - :unadmitted),
    last_success_run = iif(:lastSuccess IS NULL, last_success_run, :runId),
    last_failure_run = iif(:failed = 0, last_failure_run, :runId),
    last_error       = coalesce(:lastError, last_error),
    last_success     = CASE
      WHEN :lastSuccess IS NULL THEN last_success
      -- A run without a slot (by hand), or of an earlier one (backfill), does not move the window that the next slot begins at.
      WHEN ifnull(json_extract(:lastSuccess, '$.slot') < json_extract(last_success, '$.slot'), json_extract(:lastSuccess, '$.slot') IS NULL)
        THEN json_set(:lastSuccess, '$.slot', json_extract(last_success, '$.slot'))
      ELSE :lastSuccess END,
    handler_state    = coalesce(:handlerState, handler_state)
  WHERE uid = :uid
  RETURNING fail_streak > 0 OR circuit IS NOT NULL AS troubled, purge_at_end AS purge`;
/** The same for what most runs are: a success of a slot, in a job without trouble. */
const TALLY_SUCCESS = `UPDATE jobs SET success_count = success_count + 1, last_success_run = ?, last_success = ?,
    handler_state = coalesce(?, handler_state)
  WHERE uid = ? AND fail_streak = 0 AND circuit IS NULL AND purge_at_end = 0`;
/** The place of a line goes to the next run once the head is gone; the end of a run in the middle moves nothing. */
const TAKE_OVER = `UPDATE runs SET holds_place = :held, expires_at = iif(max_wait_ms IS NULL, NULL, :at + max_wait_ms)
  WHERE seq = (SELECT min(seq) FROM runs WHERE line = :line AND ${IS_LIVE})
    AND seq > (SELECT seq FROM runs WHERE run_id = :runId)`;
const GO_ON = `UPDATE jobs SET state = 'active', cursor = max(cursor, :at), next_slot = :at, next_due = :at
  WHERE uid IN (SELECT job_uid FROM runs WHERE run_id IN (SELECT value FROM json_each(:runIds))) AND uid IS NOT :but
    AND deleted_at IS NULL AND state = 'completed' AND enabled = 1 AND manual_only = 0
    AND schedule ->> '$.kind' IN ('cron', 'every') AND admitted_count < (SELECT body ->> '$.maxExecutions' FROM policies WHERE id = policy_id)
  RETURNING uid`;
const DELETE = 'DELETE FROM runs WHERE run_id = :runId';

export function settleAll(db: Database, endings: readonly Ending[], leases: Leases): ('settled' | 'lost')[] {
  return endings.map((ending) => {
    const known = leases.take(ending.runId, ending.leaseToken);
    if (known && ending.verdict.kind === 'done') return settleKnown(db, known, ending);
    const row = db.row(HELD_BY_LEASE, { runId: ending.runId, leaseToken: ending.leaseToken });
    if (!row) return 'lost';
    writeEnding(db, readOne(db, row), ending);
    return 'settled';
  });
}

/** Its end for good: all that it writes is in the ending, and in what was claimed. */
function settleKnown(db: Database, run: Run, ending: Ending): 'settled' | 'lost' {
  const after = afterAttempt(run, ending, null);
  const { state, reason, endedAt, durationMs, codeHash, success } = after;
  const [attempts, statistics, error] = [after.attempts, after.statistics, after.error].map(jsonOrNull);
  const flag = success === null ? null : Number(success);
  const values = [state, reason, endedAt, attempts!, durationMs, statistics!, codeHash, flag, error!];
  if (db.runList(SETTLE, [...values, run.runId, ending.leaseToken]) === 0) return 'lost';
  if (ending.warnings) warnRun(db, run.runId, ending.warnings);
  tell(db, run, after, stateToKeep(after, ending));
  return 'settled';
}

function jsonOrNull(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

export function markStopping(db: Database, runId: string, leaseToken: string): 'settled' | 'lost' {
  return db.run(STOP, { runId, leaseToken }) === 1 ? 'settled' : 'lost';
}

/** Only while the run is still queued: one that has started meanwhile is not touched. */
export function endQueued(db: Database, end: RunEnd, at: EpochMs): void {
  const run = findRun(db, end.runId);
  if (run?.state !== 'queued') return;
  if (!isLegalMove(run.state, end.state)) throw new RangeError(`a queued run cannot end as ${end.state}`);
  writeEnd(db, run, afterWait(run, end, at));
}

/**
 * A job at its limit that got an execution back, because a run of it has left without a start, has slots again from `at`
 * on: the next `fire` looks for the first (rule 19). `but` = the job that is being decided, which knows by itself.
 */
export function goOnWhereGivenBack(
  db: Database,
  left: readonly Pick<Run, 'runId'>[],
  at: EpochMs,
  but: string | null = null,
): void {
  if (left.length === 0) return;
  const runIds = JSON.stringify(left.map((run) => run.runId));
  for (const { uid } of db.all(GO_ON, { runIds, at, but })) {
    const change = { what: 'state', before: 'completed', after: 'active', by: 'schedule' } as const;
    recordChange(db, { jobUid: String(uid), at, ...change });
  }
}

export function cancelRun(db: Database, runId: string, at: EpochMs, by: string): Run | null {
  const run = findRun(db, runId);
  if (!run || isFinal(run.state)) return run;
  const asked: Run = { ...run, cancelRequested: true, cancelledBy: run.cancelledBy ?? by };
  const after =
    run.state === 'queued' ? afterWait(asked, { state: 'cancelled', reason: null, error: null }, at) : asked;
  writeEnd(db, run, after);
  if (run.state === 'queued') goOnWhereGivenBack(db, [run], at);
  return after;
}

/** Only one that runs; what is queued is ended instead. */
export function askToStop(db: Database, runId: string, by: string): void {
  db.run(ASK_TO_STOP, { runId, by });
}

export function askAllToStop(db: Database, jobUid: string, by: string): void {
  db.run(ASK_ALL_TO_STOP, { jobUid, by });
}

export function askedToCancel(db: Database, bootId: string): string[] {
  return db.all(ASKED, { bootId }).map((row) => String(row.run_id));
}

/** `run` as it was read in this transaction. Answers what it became. */
export function writeEnding(db: Database, run: Run, ending: Ending): Run {
  const after = afterAttempt(run, ending, ending.verdict.kind === 'done' ? null : jobOf(db, run.jobUid));
  const { warnings } = after;
  writeEnd(
    db,
    run,
    { ...after, warnings: [...warnings, ...(ending.warnings ?? [])] },
    stateToKeep(after, ending),
  );
  return after;
}

function writeEnd(db: Database, before: Run, run: Run, handlerState?: unknown): void {
  saveRun(db, run);
  tell(db, before, run, handlerState);
}

/** What an end means for the queues of the job, for the job, and for the line it stood in. */
function tell(db: Database, before: Run, run: Run, handlerState: unknown): void {
  const tally = tallyOf(run);
  if (tally) putMessageOf(db, run);
  if (!tally || tallySuccess(db, run, tally, handlerState)) return;
  const job = db.get(TALLY, {
    uid: run.jobUid,
    runId: run.runId,
    succeeded: tally.succeeded,
    failed: tally.failed,
    unadmitted: tally.unadmitted,
    lastError: tally.lastError && JSON.stringify(tally.lastError),
    lastSuccess: tally.lastSuccess && JSON.stringify(tally.lastSuccess),
    handlerState: handlerState === undefined ? null : JSON.stringify(handlerState),
  });
  const { runId, line } = run;
  const at = run.endedAt ?? run.queuedAt;
  if (line !== null) db.run(TAKE_OVER, { runId, line, at, held: before.holdsPlace ? 1 : 0 });
  // A success of a job without trouble, which most are, leaves its circuit as it is.
  if (tally.failed === 1 || (tally.succeeded === 1 && job?.troubled === 1)) turnCircuit(db, run, at);
  if (job?.purge === 1) db.run(DELETE, { runId });
}

function tallySuccess(db: Database, run: Run, tally: Tally, handlerState: unknown): boolean {
  if (!tally.lastSuccess || run.slot === null || run.line !== null) return false;
  const state = handlerState === undefined ? null : JSON.stringify(handlerState);
  const values = [run.runId, JSON.stringify(tally.lastSuccess), state, run.jobUid];
  return db.runList(TALLY_SUCCESS, values) === 1;
}

function turnCircuit(db: Database, run: Run, at: EpochMs): void {
  const job = jobOf(db, run.jobUid);
  const turn = circuitTurn(job, run);
  if (!turn || job.deletedAt !== null) return;
  const { failStreak, circuit, pauseBecause } = turn;
  updateJob(db, job.uid, { failStreak, circuit });
  const hasTurned = (circuit === null) !== (job.circuit === null);
  const before = job.circuit && { ...job.circuit };
  const change = { jobUid: job.uid, at, what: 'circuit', by: run.runId } as const;
  if (hasTurned) recordChange(db, { ...change, before, after: circuit && { ...circuit } });
  if (pauseBecause === null) return;
  const pause = { source: 'circuit', who: 'circuit', why: pauseBecause, since: at, until: null } as const;
  openPause(db, { jobUid: job.uid, ...pause });
}
