// Slots without an account that the invariant check has found, as `status` shows them.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { JobChange, Store } from '#store/store';
import { iso } from './shapes.ts';

/** More than these say nothing new. */
const MOST = 100;

export interface HoleShape {
  job: string;
  from: string;
  to: string;
  count: number;
  found_at: string;
}

/** Newest first; those whose time has been cleaned up meanwhile, or whose job is gone, are left out. */
export async function knownHoles(store: Store, jobs: readonly StoredJob[]): Promise<HoleShape[]> {
  const byUid = new Map(jobs.map((job) => [job.uid, job]));
  const changes = await store.changes({ what: 'hole', limit: MOST });
  return changes.flatMap((change) => shapeOf(change, byUid.get(change.jobUid ?? '')) ?? []);
}

function shapeOf({ at, after }: JobChange, job: StoredJob | undefined): HoleShape | null {
  const { from, to, count } = after as { from: EpochMs; to: EpochMs; count: number };
  if (!job || to < job.ledgerFrom) return null;
  const zone = job.schedule.timezone;
  return { job: job.id, from: iso(from, zone), to: iso(to, zone), count, found_at: iso(at, zone) };
}
