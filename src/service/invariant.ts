// The invariant check over all jobs, a little at a time: what it finds is recorded and told, and mended by nobody.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { type AccountedSlots, findHoles, type Hole } from '#engine/audit';
import { type Era, erasOf } from '#engine/eras';
import type { FoundHole, Store } from '#store/store';

/** Jobs that are read at once, and rows of one job: a few milliseconds each. */
const PAGE = 50;
const ROWS = 250;
/** Changes of one job that are looked through. */
const MANY = 10_000;

export interface InvariantParts {
  store: Store;
  scheduleOf(spec: ScheduleSpec): Schedule;
  /** Lets others have their turn; answers false when there is no time left. */
  breathe(): Promise<boolean>;
}

/** A page of jobs that have been looked at, with the slots of theirs that have no account. */
export interface Looked {
  jobs: readonly StoredJob[];
  holes: readonly (Hole & { job: StoredJob })[];
}

/** From `auditedTo` of each job to its cursor. Holes are recorded once, at `at`. */
export async function* checkInvariant(parts: InvariantParts, at: EpochMs): AsyncGenerator<Looked> {
  const { store, breathe } = parts;
  for (let after = ''; ; ) {
    const jobs = await store.jobs({ page: { after, limit: PAGE } });
    const last = jobs.at(-1);
    if (!last) return;
    after = last.id;
    const looked: StoredJob[] = [];
    const holes: (Hole & { job: StoredJob })[] = [];
    for (const job of jobs) {
      if (firstUnseen(job) >= job.cursor) continue;
      if (!(await breathe())) return;
      looked.push(job);
      for (const hole of await holesOf(job, parts)) holes.push({ job, ...hole });
    }
    const found: FoundHole[] = holes.map(({ job, ...hole }) => ({ jobUid: job.uid, at, ...hole }));
    if (looked.length > 0)
      await store.markAudited(
        looked.map(({ uid, cursor }) => ({ uid, to: cursor })),
        found,
      );
    yield { jobs, holes };
    if (!(await breathe())) return;
  }
}

/** Looked at twice before it is said: retention may have taken rows between the reading of the job and of its rows. */
async function holesOf(job: StoredJob, parts: InvariantParts): Promise<Hole[]> {
  if ((await look(job, job.cursor, parts)).length === 0) return [];
  const [fresh] = await parts.store.jobs({ uids: [job.uid] });
  return fresh ? await look(fresh, job.cursor, parts) : [];
}

async function look(job: StoredJob, upTo: EpochMs, parts: InvariantParts): Promise<Hole[]> {
  const { store, scheduleOf, breathe } = parts;
  const eras: Era[] = erasOf(await store.changes({ jobUid: job.uid, andClock: true, limit: MANY }));
  const holes: Hole[] = [];
  for (let after = firstUnseen(job); after < upTo; ) {
    const piece = await accountsOf(job.uid, after, upTo, store);
    holes.push(...findHoles({ eras, accounts: piece.accounts, after, upTo: piece.upTo, scheduleOf }));
    after = piece.upTo;
    await breathe();
  }
  return holes;
}

/** Every row of (after, upTo], or of as much of it as can be read at once. */
async function accountsOf(
  uid: string,
  after: EpochMs,
  upTo: EpochMs,
  store: Store,
): Promise<{ accounts: AccountedSlots[]; upTo: EpochMs }> {
  const accounts = await store.accounts(uid, after, upTo, ROWS);
  const end = accounts.at(-1)?.to ?? upTo;
  if (accounts.length < ROWS || end >= upTo) return { accounts, upTo };
  // Again, with the ranges that reach beyond the new end.
  return { accounts: await store.accounts(uid, after, end, 2 * ROWS), upTo: end };
}

/** What lies before it has been looked at, or has been cleaned up. */
function firstUnseen(job: StoredJob): EpochMs {
  return Math.max(job.auditedTo, job.ledgerFrom - 1);
}
