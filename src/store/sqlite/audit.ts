// What the invariant check and the look at the clock read: the account of each slot, and the latest instant on record.

import type { EpochMs } from '#core/clock';
import type { RunState } from '#core/run';
import type { Account, FoundHole } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database, Row } from './database.ts';

/** Slots by the key of the ledger; a range that reaches past the end by the index `runs_covering`. */
const ACCOUNTS = `SELECT run_id, state, slot, coalesce(covers_from, slot) AS first, coalesce(covers_count, 1) AS count
    FROM runs WHERE job_uid = :jobUid AND slot > :after AND slot <= :upTo
  UNION ALL SELECT run_id, state, slot, covers_from, covers_count
    FROM runs WHERE job_uid = :jobUid AND covers_to > :upTo AND covers_from <= :upTo AND covers_from IS NOT NULL
      AND :upTo > :after
  ORDER BY slot LIMIT :limit`;
/** As a limit: none, to SQLite. */
export const ALL = -1;
const MARK = 'UPDATE jobs SET audited_to = :to WHERE uid = :uid AND audited_to < :to';

/**
 * By the order of writing: what was written before a clock was corrected says nothing about now. A boot's tick and a
 * change always carry the clock of their moment; a run that is live may have started after it was written.
 */
const NEWEST = `SELECT max(at) AS at FROM (
  SELECT last_tick AS at FROM boots WHERE seq = (SELECT max(seq) FROM boots)
  UNION ALL SELECT at FROM job_changes WHERE seq = (SELECT max(seq) FROM job_changes)
  UNION ALL SELECT max(queued_at, coalesce(started_at, 0), coalesce(ended_at, 0)) FROM runs
    WHERE seq = (SELECT max(seq) FROM runs) AND seq > :corrected)`;
const CORRECTED = `SELECT after ->> '$.lastRow' AS seq FROM job_changes WHERE what = 'clock' ORDER BY seq DESC LIMIT 1`;

export function readAccounts(
  db: Database,
  jobUid: string,
  after: EpochMs,
  upTo: EpochMs,
  limit: number,
): Account[] {
  return db.all(ACCOUNTS, { jobUid, after, upTo, limit }).map(readAccount);
}

/** Of a row with the columns of `ACCOUNTS`. */
export function readAccount(row: Row): Account {
  return {
    runId: String(row.run_id),
    state: String(row.state) as RunState,
    from: Number(row.first),
    to: Number(row.slot),
    count: Number(row.count),
  };
}

export function markAudited(
  db: Database,
  entries: readonly { uid: string; to: EpochMs }[],
  holes: readonly FoundHole[],
): void {
  for (const { jobUid, at, ...after } of holes)
    recordChange(db, { jobUid, at, what: 'hole', before: null, after, by: 'audit' });
  for (const { uid, to } of entries) db.run(MARK, { uid, to });
}

export function newestInstant(db: Database): EpochMs | null {
  const corrected = Number(db.get(CORRECTED)?.seq ?? 0);
  const at = db.get(NEWEST, { corrected })?.at;
  return at == null ? null : Number(at);
}
