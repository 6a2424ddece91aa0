// The jobs as a service would find them if it started now: for commands that look while none is up. Pure.

import { isScheduled, type JobSpec, NEVER_RAN, type StoredJob } from '#core/job';
import type { Effects, ReconcileView } from '#store/store';
import { type ReconcileContext, reconcile } from './reconcile.ts';

/** The ledger's jobs with the definitions applied, nothing written; slots before now are not planned any more. */
export function previewJobs(
  view: ReconcileView,
  definitions: readonly JobSpec[],
  ctx: ReconcileContext,
): StoredJob[] {
  const effects = reconcile(view, definitions, ctx);
  const updates = new Map(effects.update.map((update) => [update.uid, update.set]));
  const kept = view.jobs.map((job) => ({ ...job, ...updates.get(job.uid) }));
  return [...kept, ...effects.insert.map(asStored)].map((job) => {
    if (!isScheduled(job)) return job;
    const nextSlot = ctx.scheduleOf(job.schedule).next(Math.max(job.cursor, ctx.at));
    return { ...job, nextSlot, nextDue: nextSlot };
  });
}

function asStored(job: Effects['insert'][number]): StoredJob {
  return {
    ...job,
    ...NEVER_RAN,
    auditedTo: job.cursor,
    updatedAt: job.createdAt,
  };
}
