// Rows for slots that nobody decides any more, and ends for runs that wait in vain, when a definition changes (rule 14). Pure.

import type { EpochMs } from '#core/clock';
import { isScheduled, type JobSpec, type StoredJob } from '#core/job';
import { HAND_STARTED, type Reason, type Run } from '#core/run';
import type { Effects, NewRun } from '#store/store';
import { Grid, type Span } from './grid.ts';
import type { ReconcileContext } from './reconcile.ts';
import { endOfWait } from './waiting.ts';

/**
 * Old slots up to the change that nobody decided: `downtime` where the service was down, else what the change was (rule
 * 14). There is no catch-up across a change.
 */
export function accountForUndecided(
  job: StoredJob,
  ctx: ReconcileContext,
  effects: Effects,
  change: Reason = 'schedule_changed',
): void {
  if (!isScheduled(job)) return;
  const ranges: [Reason, EpochMs, EpochMs][] = [
    ['downtime', job.cursor, Math.min(ctx.at, ctx.bootStartedAt - 1)],
    [change, Math.max(job.cursor, ctx.bootStartedAt - 1), ctx.at],
  ];
  for (const [reason, after, upTo] of ranges) {
    const span = slotsWithin(job, after, upTo, ctx);
    if (span) effects.rows.push({ jobUid: job.uid, ...rangeRow(job, span, 'missed', reason, ctx) });
  }
}

/** What the schedule had between the day a job went missing and now: one row, none of it is caught up (rule 14). */
export function accountForTimeAway(job: StoredJob, ctx: ReconcileContext, effects: Effects): void {
  const limit = job.policy.maxExecutions;
  if (!job.enabled || job.manualOnly || (limit !== null && job.admittedCount >= limit)) return;
  const span = slotsWithin(job, job.cursor, ctx.at, ctx);
  if (span) effects.rows.push({ jobUid: job.uid, ...rangeRow(job, span, 'skipped', 'orphaned', ctx) });
}

/** What waits has not started and now never will; a waiting retry is a failure with its last error kept (rule 14). */
export function endQueued(
  live: readonly Run[],
  reason: Reason,
  effects: Effects,
  { byHandToo = false } = {},
): void {
  for (const run of live) {
    if (run.state !== 'queued' || (HAND_STARTED.includes(run.kind) && !byHandToo)) continue;
    effects.end.push({ runId: run.runId, state: endOfWait(run, 'skipped'), reason, error: run.error });
  }
}

/** A row that accounts for the slots of a span. */
export function rangeRow(
  job: Pick<JobSpec, 'input' | 'handler' | 'policy'>,
  span: Span,
  state: 'missed' | 'skipped',
  reason: Reason,
  ctx: ReconcileContext,
): NewRun {
  return {
    runId: ctx.newRunId(),
    kind: 'scheduled',
    state,
    reason,
    slot: span.to,
    dueAt: span.to,
    covers: span.count > 1 ? span : null,
    lateByMs: ctx.at - span.to,
    input: job.input,
    snapshot: { handler: job.handler, policy: job.policy, dryRun: false },
    by: ctx.by,
  };
}

/** The slots in (after, upTo]. */
function slotsWithin(job: StoredJob, after: EpochMs, upTo: EpochMs, ctx: ReconcileContext): Span | null {
  const grid = new Grid(ctx.scheduleOf(job.schedule), job.uid, 0, ctx.taken?.get(job.uid));
  const from = grid.next(after);
  const to = grid.prev(upTo);
  if (from === null || to === null || from > upTo || to <= after) return null;
  return { from, to, count: grid.count(after, upTo) };
}
