// Old history out, a short transaction at a time: by age, by rows of a job, by rows of all (rule 24).

import type { EpochMs } from '#core/clock';
import type { PruneRequest } from '../store.ts';
import type { Database, Row } from './database.ts';

/** What a job never loses, unless it was removed: its last success and failure, and its open gap row. What is live has not ended. */
const IS_KEPT = `(deleted_at IS NULL AND
  (ifnull(run_id IN (last_success_run, last_failure_run), 0) OR ifnull(run_id = gap ->> '$.runId', 0)))`;
const FOUND = `SELECT runs.seq, job_uid, slot, ended_at, ended_at IS NULL OR ${IS_KEPT} AS kept`;
/** Walked in the order of the index `runs_ended`: oldest first. */
const OLDEST = `${FOUND} FROM runs INDEXED BY runs_ended CROSS JOIN jobs ON uid = job_uid
  WHERE ended_at IS NOT NULL AND (ended_at, runs.seq) > (:endedAt, :seq) AND ended_at < :before
  ORDER BY ended_at, runs.seq LIMIT :limit`;
const FIRST_BEYOND = `SELECT seq FROM runs INDEXED BY runs_one_a_slot
  WHERE job_uid = :uid ORDER BY seq DESC LIMIT 1 OFFSET :maxRows`;
const BEYOND = `${FOUND} FROM runs INDEXED BY runs_one_a_slot CROSS JOIN jobs ON uid = job_uid
  WHERE job_uid = :uid AND runs.seq <= :seq AND ended_at IS NOT NULL AND NOT (${IS_KEPT})
  ORDER BY runs.seq LIMIT :limit`;
const COUNT = 'SELECT count(*) AS n FROM runs WHERE job_uid = :uid';
const DELETE = 'DELETE FROM runs WHERE seq = :seq';
const MOVE_LEDGER = `UPDATE jobs SET ledger_from = max(ledger_from, :from), audited_to = max(audited_to, :from)
  WHERE uid = :uid`;
const NEXT_JOB = 'SELECT uid, deleted_at FROM jobs WHERE uid > :after ORDER BY uid LIMIT 1';
const DROP_PAUSES_OF = 'DELETE FROM pauses WHERE job_uid = :uid';
const DROP_TOMBSTONE = 'DELETE FROM jobs WHERE uid = :uid';
const DROP_PAUSES = 'DELETE FROM pauses WHERE ended_at < :before';
const DROP_BOOTS = `DELETE FROM boots WHERE coalesce(ended_at, last_tick) < :before AND recovered_at IS NOT NULL
  AND seq NOT IN (SELECT seq FROM boots WHERE kind = 'service' ORDER BY seq DESC LIMIT 2)`;

/** Rows and index entries that one call looks at: a few milliseconds. */
const LOOKS = 20_000;
/** What asking for one job takes, whether it has rows or not. */
const LOOKS_OF_JOB = 100;
/** Pages that one call gives back to the disk, where more than that are free. */
const PAGES = 256;

/** How far a sweep has got, from call to call: ages first, then job by job, then what all jobs have together. */
export type Sweep =
  | { phase: 'age'; endedAt: EpochMs; seq: number }
  | { phase: 'jobs'; after: string; rows: number }
  | { phase: 'all'; excess: number; endedAt: EpochMs; seq: number };

interface Step {
  deleted: number;
  looked: number;
  /** Null = the sweep is over. */
  next: Sweep | null;
}

const OLDEST_FIRST = { endedAt: -1, seq: 0 };
export const START: Sweep = { phase: 'age', ...OLDEST_FIRST };

/** One short transaction's worth of a sweep; `next` is where the following call goes on, null when there is no more. */
export function pruneSome(db: Database, request: PruneRequest, from: Sweep): Omit<Step, 'looked'> {
  let next: Sweep | null = from;
  let deleted = 0;
  let looked = 0;
  while (next !== null && deleted < request.limit && looked < LOOKS) {
    const step = stepOf(db, { ...request, limit: request.limit - deleted }, next);
    deleted += step.deleted;
    looked += step.looked;
    next = step.next;
  }
  return { deleted, next };
}

/** Free pages go back to the disk, a bounded number at a time. */
export function shrinkFile(db: Database): void {
  if (Number(db.pragma('freelist_count')) > PAGES) db.script(`PRAGMA incremental_vacuum(${PAGES})`);
}

function stepOf(db: Database, request: PruneRequest, sweep: Sweep): Step {
  switch (sweep.phase) {
    case 'age': {
      const { before } = request;
      const { deleted, looked, at } = removeOldest(db, sweep, before, request.limit);
      if (at) return { deleted, looked, next: { phase: 'age', ...at } };
      db.run(DROP_PAUSES, { before });
      db.run(DROP_BOOTS, { before });
      return { deleted, looked, next: { phase: 'jobs', after: '', rows: 0 } };
    }
    case 'jobs':
      return shortenJob(db, request, sweep);
    case 'all': {
      const limit = Math.min(request.limit, sweep.excess);
      const { deleted, looked, at } = removeOldest(db, sweep, Number.MAX_SAFE_INTEGER, limit);
      const excess = sweep.excess - deleted;
      return { deleted, looked, next: at && excess > 0 ? { phase: 'all', excess, ...at } : null };
    }
  }
}

/** A page of the oldest rows; `at` = where the next one begins, null when there is none. */
function removeOldest(
  db: Database,
  from: { endedAt: EpochMs; seq: number },
  before: EpochMs,
  limit: number,
): { deleted: number; looked: number; at: { endedAt: EpochMs; seq: number } | null } {
  const { endedAt, seq } = from;
  const rows = db.all(OLDEST, { endedAt, seq, before, limit });
  const last = rows.length < limit ? undefined : rows.at(-1);
  const at = last ? { endedAt: Number(last.ended_at), seq: Number(last.seq) } : null;
  return { deleted: remove(db, rows), looked: rows.length, at };
}

/** The next job of the sweep, or the same once more where it has more rows to lose than the limit. */
function shortenJob(
  db: Database,
  { maxRowsPerJob, maxRows, limit }: PruneRequest,
  sweep: Extract<Sweep, { phase: 'jobs' }>,
): Step {
  const job = db.get(NEXT_JOB, { after: sweep.after });
  if (!job) {
    const excess = sweep.rows - maxRows;
    return { deleted: 0, looked: 1, next: excess > 0 ? { phase: 'all', excess, ...OLDEST_FIRST } : null };
  }
  const uid = String(job.uid);
  const found = Number(db.get(COUNT, { uid })?.n);
  // Which is the newest beyond is asked only where there is one: it takes a look at all of them.
  const first = found > maxRowsPerJob ? db.get(FIRST_BEYOND, { uid, maxRows: maxRowsPerJob }) : null;
  const deleted = first ? remove(db, db.all(BEYOND, { uid, seq: Number(first.seq), limit })) : 0;
  if (deleted === limit) return { deleted, looked: found, next: sweep };
  const rows = found - deleted;
  if (rows === 0 && job.deleted_at !== null) {
    db.run(DROP_PAUSES_OF, { uid });
    db.run(DROP_TOMBSTONE, { uid });
  }
  const looked = rows + LOOKS_OF_JOB;
  return { deleted, looked, next: { phase: 'jobs', after: uid, rows: sweep.rows + rows } };
}

/** Before the newest slot that a job has lost `why` answers `pruned`, and the invariant check does not look. */
function remove(db: Database, rows: readonly Row[]): number {
  const newest = new Map<string, number>();
  let deleted = 0;
  for (const { seq = null, job_uid, slot, kept } of rows) {
    if (kept === 1) continue;
    deleted += db.run(DELETE, { seq });
    const uid = String(job_uid);
    if (slot !== null) newest.set(uid, Math.max(newest.get(uid) ?? 0, Number(slot)));
  }
  for (const [uid, slot] of newest) db.run(MOVE_LEDGER, { uid, from: slot + 1 });
  return deleted;
}
