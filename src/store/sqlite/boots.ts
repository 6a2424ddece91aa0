// Processes that ran loops, and their heartbeat: what tells a stop from a crash, and when the crash was.

import type { EpochMs } from '#core/clock';
import type { Boot, NewBoot } from '../store.ts';
import type { Database } from './database.ts';
import { bootParams, insertInto, readBoot } from './rows.ts';

const TICK = 'UPDATE boots SET last_tick = :at WHERE boot_id = :bootId';
const TICK_RUNS = `UPDATE runs SET last_tick = :at WHERE state IN ('running', 'stopping') AND boot_id = :bootId`;
const END = 'UPDATE boots SET ended_at = :at, last_tick = :at WHERE boot_id = :bootId';
const LIST = `SELECT * FROM boots WHERE :before IS NULL OR started_at <= :before
  ORDER BY seq DESC LIMIT :limit`;
const FIND = 'SELECT * FROM boots WHERE boot_id = :bootId';
const UNSEEN = 'SELECT * FROM boots WHERE boot_id <> :bootId AND recovered_at IS NULL ORDER BY seq';
const MARK_SEEN = 'UPDATE boots SET recovered_at = :at WHERE boot_id <> :bootId AND recovered_at IS NULL';
const UNCLEAN = `SELECT * FROM boots WHERE boot_id <> :bootId AND ended_at IS NULL ORDER BY seq DESC LIMIT 2`;

export function insertBoot(db: Database, boot: NewBoot): void {
  const bound = bootParams({ ...boot, lastTick: boot.startedAt, endedAt: null });
  db.run(insertInto('boots', Object.keys(bound)), bound);
}

export function beat(db: Database, bootId: string, at: EpochMs): void {
  db.run(TICK, { bootId, at });
  db.run(TICK_RUNS, { bootId, at });
}

export function endBoot(db: Database, bootId: string, at: EpochMs): void {
  db.run(END, { bootId, at });
}

export function readBoots(db: Database, query: { before?: EpochMs; limit: number }): Boot[] {
  return db.all(LIST, { before: query.before ?? null, limit: query.limit }).map(readBoot);
}

export function findBoot(db: Database, bootId: string): Boot | null {
  const row = db.get(FIND, { bootId });
  return row ? readBoot(row) : null;
}

/** Boots before `bootId` whose end nobody has looked at yet, in their order. */
export function unseenBoots(db: Database, bootId: string): Boot[] {
  return db.all(UNSEEN, { bootId }).map(readBoot);
}

/** What `bootId` has taken over is counted once. */
export function markSeen(db: Database, bootId: string, at: EpochMs): void {
  db.run(MARK_SEEN, { bootId, at });
}

/** The last two ends that were not clean, in their order. */
export function uncleanEnds(db: Database, bootId: string): Boot[] {
  return db.all(UNCLEAN, { bootId }).map(readBoot).toReversed();
}
