// A decision about a job's slots in; its rows, its gap and its cursor out.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { FireDecision } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Claiming } from './claim.ts';
import type { Database, Params } from './database.ts';
import { askToStop, endQueued, goOnWhereGivenBack } from './endings.ts';
import { jobOf, updateJob } from './jobs.ts';
import { insertRun, newRun } from './runs.ts';

const POSTPONE = `UPDATE runs SET expires_at = :expiresAt WHERE run_id = :runId AND state = 'queued'`;
/** It is the newest again: history is read in the order in which rows came to say what they say. */
const EXTEND_GAP = `UPDATE runs
  SET seq = (SELECT max(seq) + 1 FROM runs), slot = :to, ended_at = :at, covers_from = iif(:count > 1, :from, NULL),
    covers_to = iif(:count > 1, :to, NULL), covers_count = iif(:count > 1, :count, NULL)
  WHERE run_id = :runId AND job_uid = :jobUid AND state IN ('skipped', 'missed')`;
const WITHDRAW = `DELETE FROM runs WHERE run_id = :runId AND job_uid = :jobUid AND state IN ('skipped', 'missed')`;
/** Counts are relative: a run that `end` took away unstarted has given its own back in the same transaction (rule 19). */
const MOVE = `UPDATE jobs SET cursor = ?, next_slot = ?, next_due = ?, gap = ?, state = ?,
    admitted_count = admitted_count + ?, run_count = run_count + ?, last_run_at = iif(? > 0, ?, last_run_at)
  WHERE uid = ?`;

/**
 * Runs that leave go first: a place they held is free for the rows. So does a gap row that gives slots back. With
 * `direct` what is admitted is written as running at once, where it may start. Answers the rows as they were decided.
 */
export function apply(
  db: Database,
  job: StoredJob,
  decision: FireDecision,
  at: EpochMs,
  direct: Claiming | null = null,
): { job: StoredJob; rows: Run[] } {
  for (const end of decision.end ?? []) endQueued(db, end, at);
  goOnWhereGivenBack(db, decision.end ?? [], at, job.uid);
  for (const { runId, expiresAt } of decision.postpone ?? []) db.run(POSTPONE, { runId, expiresAt });
  for (const runId of decision.withdrawn) onGapRow(db, job, runId, WITHDRAW, { runId, jobUid: job.uid });
  if (decision.extended) {
    const { runId, from, to, count } = decision.extended;
    onGapRow(db, job, runId, EXTEND_GAP, { runId, jobUid: job.uid, from, to, count, at });
  }
  let started = 0;
  const rows = decision.rows.map((row) => {
    const run = newRun(db, job, row, at);
    const running = direct?.startNew(run, job) ?? null;
    if (running) started++;
    insertRun(db, running ?? run);
    return run;
  });
  for (const { runId, by } of decision.cancel ?? []) askToStop(db, runId, by);
  move(db, job, decision, started, direct?.at ?? at);
  if (decision.state !== job.state) {
    const change = { what: 'state', before: job.state, after: decision.state, by: 'schedule' } as const;
    recordChange(db, { jobUid: job.uid, at, ...change });
  }
  return { job: moved(db, job, decision), rows };
}

function move(
  db: Database,
  job: StoredJob,
  decision: FireDecision,
  started: number,
  startedAt: EpochMs,
): void {
  const { cursor, nextSlot, nextDue, gap, state, admitted, circuit } = decision;
  const open = gap && JSON.stringify(gap);
  db.runList(MOVE, [cursor, nextSlot, nextDue, open, state, admitted, started, started, startedAt, job.uid]);
  // Only where the decision moves it: a run that it ended may have opened it meanwhile.
  if (circuit === undefined || circuit === job.circuit) return;
  updateJob(db, job.uid, { circuit });
  if (circuit !== null || job.circuit === null) return;
  const change = { what: 'circuit', before: { ...job.circuit }, after: null, by: 'settings' } as const;
  recordChange(db, { jobUid: job.uid, at: startedAt, ...change });
}

/** Read again only where an ended run may have moved counters. */
function moved(db: Database, job: StoredJob, decision: FireDecision): StoredJob {
  if ((decision.end?.length ?? 0) > 0) return jobOf(db, job.uid);
  const { cursor, nextSlot, nextDue, gap, state, admitted, circuit = job.circuit } = decision;
  const admittedCount = job.admittedCount + admitted;
  return { ...job, cursor, nextSlot, nextDue, gap, state, circuit, admittedCount };
}

function onGapRow(db: Database, job: StoredJob, runId: string, sql: string, params: Params): void {
  if (db.run(sql, params) === 0)
    throw new SchedulerError('RUN_NOT_FOUND', `job "${job.id}" has no gap row "${runId}"`);
}
