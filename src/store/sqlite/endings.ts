// Endings in, their rows and the counters of their jobs out: settle, stop, cancel, recover. Each guarded.

import type { EpochMs } from '#core/clock';
import { isFinal, isLegalMove, type Run } from '#core/run';
import type { Boot, Ending, RunEnd, Verdict } from '../store.ts';
import { findBoot, markDeadBoots } from './boots.ts';
import type { Database } from './database.ts';
import { jobOf } from './jobs.ts';
import { RUN_COLUMNS, readRun } from './rows.ts';
import { findRun, IS_HELD, saveRun } from './runs.ts';
import { afterAttempt, afterWait, stateToKeep, tallyOf } from './verdicts.ts';

const HELD_BY_LEASE = `SELECT ${RUN_COLUMNS} FROM runs
  WHERE run_id = :runId AND lease_token = :leaseToken AND ${IS_HELD}`;
const STOP = `UPDATE runs SET state = 'stopping'
  WHERE run_id = :runId AND lease_token = :leaseToken AND ${IS_HELD}`;
const LEFT_BEHIND = `SELECT ${RUN_COLUMNS} FROM runs WHERE ${IS_HELD} AND boot_id <> :bootId ORDER BY seq`;
const NOTE_WHO = 'UPDATE runs SET cancelled_by = :by WHERE run_id = :runId';
const ASKED = `SELECT run_id FROM runs WHERE ${IS_HELD} AND boot_id = :bootId AND cancel_requested = 1 ORDER BY seq`;
const TALLY = `UPDATE jobs SET
    success_count  = success_count + :succeeded,
    failure_count  = failure_count + :failed,
    admitted_count = max(0, admitted_count - :unadmitted),
    last_error     = coalesce(:lastError, last_error),
    last_success   = CASE
      WHEN :lastSuccess IS NULL THEN last_success
      -- A run without a slot (by hand) does not move the window that the next slot begins at.
      WHEN json_extract(:lastSuccess, '$.slot') IS NULL
        THEN json_set(:lastSuccess, '$.slot', json_extract(last_success, '$.slot'))
      ELSE :lastSuccess END,
    handler_state  = coalesce(:handlerState, handler_state)
  WHERE uid = :uid`;

export function settleAll(db: Database, endings: readonly Ending[]): ('settled' | 'lost')[] {
  return endings.map((ending) => {
    const row = db.get(HELD_BY_LEASE, { runId: ending.runId, leaseToken: ending.leaseToken });
    if (!row) return 'lost';
    writeEnding(db, readRun(row), ending);
    return 'settled';
  });
}

export function markStopping(db: Database, runId: string, leaseToken: string): 'settled' | 'lost' {
  return db.run(STOP, { runId, leaseToken }) === 1 ? 'settled' : 'lost';
}

/** Only while the run is still queued: one that has started meanwhile is not touched. */
export function endQueued(db: Database, end: RunEnd, at: EpochMs): void {
  const run = findRun(db, end.runId);
  if (run?.state !== 'queued') return;
  if (!isLegalMove(run.state, end.state)) throw new RangeError(`a queued run cannot end as ${end.state}`);
  writeEnd(db, afterWait(run, end, at));
}

export function cancelRun(db: Database, runId: string, at: EpochMs, by: string): Run | null {
  const run = findRun(db, runId);
  if (!run || isFinal(run.state)) return run;
  const asked: Run = { ...run, cancelRequested: true };
  if (run.state === 'queued')
    writeEnd(db, afterWait(asked, { state: 'cancelled', reason: null, error: null }, at));
  else saveRun(db, asked);
  db.run(NOTE_WHO, { runId, by });
  return findRun(db, runId);
}

export function askedToCancel(db: Database, bootId: string): string[] {
  return db.all(ASKED, { bootId }).map((row) => String(row.run_id));
}

export function recoverRuns(db: Database, bootId: string, at: EpochMs, decide: (run: Run) => Verdict): Run[] {
  const recovered = db
    .all(LEFT_BEHIND, { bootId })
    .map(readRun)
    .map((run) => writeEnding(db, run, interruption(run, findBoot(db, run.bootId ?? ''), at, decide(run))));
  markDeadBoots(db, bootId, at);
  return recovered;
}

/** The attempt that a dead process left: it worked until the last sign of life, as far as anybody knows. */
function interruption(run: Run, boot: Boot | null, at: EpochMs, verdict: Verdict): Ending {
  const startedAt = run.startedAt ?? run.queuedAt;
  const endedAt = Math.max(startedAt, boot?.lastTick ?? at);
  const who = boot ? `the process that ran it (pid ${boot.pid})` : 'the process that ran it';
  const seen = Temporal.Instant.fromEpochMilliseconds(endedAt);
  const message = `${who} ended without recording how this attempt ended; last sign of life at ${seen}`;
  const error = { code: 'EXECUTION_ERROR', message, fix: null };
  return {
    runId: run.runId,
    leaseToken: run.leaseToken ?? '',
    attempt: { n: run.attempt, startedAt, endedAt, outcome: 'interrupted', error },
    verdict,
    durationMs: endedAt - startedAt,
    statistics: null,
    codeHash: null,
  };
}

function writeEnding(db: Database, run: Run, ending: Ending): Run {
  const after = afterAttempt(run, ending, ending.verdict.kind === 'done' ? null : jobOf(db, run.jobUid));
  writeEnd(db, after, stateToKeep(after, ending));
  return after;
}

function writeEnd(db: Database, run: Run, handlerState?: unknown): void {
  saveRun(db, run);
  const tally = tallyOf(run);
  if (!tally) return;
  db.run(TALLY, {
    uid: run.jobUid,
    succeeded: tally.succeeded,
    failed: tally.failed,
    unadmitted: tally.unadmitted,
    lastError: tally.lastError && JSON.stringify(tally.lastError),
    lastSuccess: tally.lastSuccess && JSON.stringify(tally.lastSuccess),
    handlerState: handlerState === undefined ? null : JSON.stringify(handlerState),
  });
}
