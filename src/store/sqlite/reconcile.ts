// A change of definitions in, its effects out: jobs, rows, endings and the audit, in one transaction (rule 14).

import type { EpochMs } from '#core/clock';
import type { Concerned, Effects, ReconcileView } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database } from './database.ts';
import { endQueued } from './endings.ts';
import { concernedJobs, insertJob, jobOf, updateJob } from './jobs.ts';
import { removeJob } from './remove.ts';
import { addRun, liveRunsOf } from './runs.ts';
import { takenSlots } from './view.ts';

const AT_SLOT = 'SELECT 1 FROM runs WHERE job_uid = :jobUid AND slot = :slot';

export function reconcileJobs(
  db: Database,
  at: EpochMs,
  concerned: Concerned,
  decide: (view: ReconcileView) => Effects,
): void {
  const effects = decide(viewOf(db, concerned));
  // A removed job frees its id for an inserted one.
  for (const removal of effects.remove ?? []) removeJob(db, removal, at);
  for (const job of effects.insert) insertJob(db, job);
  for (const { uid, set } of effects.update) updateJob(db, uid, { updatedAt: at, ...set });
  for (const { jobUid, unlessTaken, ...row } of effects.rows) {
    if (!unlessTaken || !db.get(AT_SLOT, { jobUid, slot: row.slot })) addRun(db, jobOf(db, jobUid), row, at);
  }
  for (const end of effects.end) endQueued(db, end, at);
  for (const change of effects.changes) recordChange(db, { ...change, at });
}

function viewOf(db: Database, concerned: Concerned): ReconcileView {
  const jobs = concernedJobs(db, concerned);
  const live = jobs.map((job) => [job.uid, liveRunsOf(db, job.uid)] as const);
  const taken = jobs.map((job) => [job.uid, takenSlots(db, job)] as const);
  const hasSome = ([, found]: readonly [string, readonly unknown[]]) => found.length > 0;
  return { jobs, live: new Map(live.filter(hasSome)), taken: new Map(taken.filter(hasSome)) };
}
