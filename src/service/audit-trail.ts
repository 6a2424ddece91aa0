// The audit as the outside reads it: who changed what, when, and how it was before.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import type { JobChange, Store } from '#store/store';
import type { Lookup } from './lookup.ts';
import { iso } from './shapes.ts';

export interface AuditShape {
  at: string;
  /** Null = of all jobs, of the clock, or of something that is no job. */
  job: string | null;
  what: JobChange['what'];
  before: Json;
  after: Json;
  by: string;
}

export interface AuditTrailParts {
  store: Store;
  lookup: Lookup;
  timezone(): string;
}

/** Newest first; with `job` only changes of that one, with `before` those up to it. Throws JOB_NOT_FOUND. */
export async function auditTrail(
  { store, lookup, timezone }: AuditTrailParts,
  query: { job?: string; before?: EpochMs; limit: number },
): Promise<AuditShape[]> {
  const { job, before, limit } = query;
  const jobUid = job === undefined ? undefined : (await lookup.job(job)).uid;
  const changes = await store.changes({
    limit,
    ...(jobUid !== undefined && { jobUid }),
    ...(before !== undefined && { before }),
  });
  const uids = [...new Set(changes.flatMap((change) => change.jobUid ?? []))];
  // Removed jobs, too: that they were removed is part of the trail.
  const ids = new Map((await store.jobs({ uids })).map(({ uid, id }) => [uid, id]));
  return changes.map((change) => ({
    at: iso(change.at, timezone()),
    job: change.jobUid === null ? null : (ids.get(change.jobUid) ?? change.jobUid),
    what: change.what,
    before: change.before,
    after: change.after,
    by: change.by,
  }));
}
