// Jobs of a ledger that was restored in, the writes that bring them to now out: nothing of the time between runs anew. Pure.

import type { StoredJob } from '#core/job';
import type { Effects, ReconcileView } from '#store/store';
import { accountForUndecided } from './account.ts';
import { fromNow, type ReconcileContext } from './reconcile.ts';
import { endOfWait } from './waiting.ts';

/** No service was down, as far as this ledger knows: it does not know what ran. */
const NEVER_DOWN = 0;

/**
 * What became of the slots since the backup was recorded in another ledger, which is not there any more: they are `missed:
 * restored`, and each job goes on with its first slot after now. What was queued may have run then, so it does not run
 * again.
 */
export function restored(view: ReconcileView, ctx: ReconcileContext): Effects {
  const effects: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
  for (const job of view.jobs) {
    for (const run of view.live.get(job.uid) ?? []) {
      if (run.state !== 'queued') continue;
      effects.end.push({
        runId: run.runId,
        state: endOfWait(run, 'missed'),
        reason: 'restored',
        error: run.error,
      });
    }
    if (job.state !== 'active') continue;
    accountForUndecided(job, { ...ctx, bootStartedAt: NEVER_DOWN }, effects, 'restored');
    effects.update.push({ uid: job.uid, set: fromHere(job, ctx) });
  }
  return effects;
}

function fromHere(job: StoredJob, ctx: ReconcileContext): Partial<StoredJob> {
  const cursor = Math.max(ctx.at, job.cursor);
  const { nextSlot, nextDue } = fromNow(job.uid, job, job.schedule, cursor, ctx);
  const on = { cursor, nextSlot, nextDue, gap: null };
  // A one-time job that waits for the end of a pause, too: it may have run since.
  const isOver = job.schedule.kind === 'at' && nextSlot === null;
  return isOver ? { ...on, state: 'completed' } : on;
}
