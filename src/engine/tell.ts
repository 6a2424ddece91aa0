// What a pass decided, as lines of the log: nothing that ends without starting is silent.

import { faultFields } from '#core/errors';
import type { Log } from '#core/log';
import type { Run } from '#core/run';
import type { DueJob, FireDecision, FireResult, RunEnd } from '#store/store';
import type { Jump } from './clock-watch.ts';

export interface Left {
  run: Run;
  end: RunEnd;
}

/** Queued runs that leave by a decision: waited too long, given up, replaced. */
export function leaving(due: DueJob, decision: FireDecision): Left[] {
  const live = [...due.live, ...due.groupLive];
  return (decision.end ?? []).flatMap((end) => {
    const run = live.find((each) => each.runId === end.runId);
    return run ? [{ run, end }] : [];
  });
}

/** The one line of a run after its last attempt, as the runs write it; what never started is told like a slot. */
export function tellLeft({ run, end }: Left, log: Log): void {
  const names = { job_name: run.jobId, run_id: run.runId };
  const message = `${end.state}: ${end.reason}`;
  if (end.state !== 'failed' && end.state !== 'interrupted') {
    log.at('scheduler.fire').info(message, { ...names, slot: isoOrNull(run.slot), reason: end.reason });
    return;
  }
  const { code, message: error, fix } = run.error ?? { code: 'EXECUTION_ERROR', message, fix: null };
  const duration = Math.round(run.durationMs ?? 0) / 1000;
  const ours = { job_id: run.name, ...names, duration, success: false, reason: end.reason, error };
  const details = { fix, attempts: run.attempt, outcome: end.state };
  const fault = { error_type: code, module_id: run.snapshot.handler, details };
  if (end.state === 'failed') log.at('execute.runJob').error('', { ...ours, ...fault });
  else log.at('execute.runJob').warn('', ours);
}

export function tellRow(jobId: string, row: Run, log: Log): void {
  const fields = { job_name: jobId, run_id: row.runId, slot: isoOrNull(row.slot) };
  const lines = log.at('scheduler.fire');
  if (row.state === 'queued') lines.debug('admitted', { ...fields, late_by: row.lateByMs / 1000 });
  else
    lines.info(`${row.state}: ${row.reason}`, {
      ...fields,
      reason: row.reason,
      slots: row.covers?.count ?? 1,
    });
}

export function tellDropped(dropped: FireResult['dropped'], log: Log): void {
  for (const { jobId, error } of dropped)
    log.at('scheduler.pass').error(`job ${jobId} could not be decided`, {
      job_name: jobId,
      ...faultFields(error, 'engine', 'SCHEDULING_ERROR'),
    });
}

export function tellJump(jump: Jump, log: Log): void {
  const by = `${Math.round((jump.to - jump.from) / 1000)} s`;
  const span = { from: isoOrNull(jump.from), to: isoOrNull(jump.to) };
  log.at('scheduler.clock').warn(`the clock was set, or the machine slept: it jumped by ${by}`, span);
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
