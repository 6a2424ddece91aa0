// The invariant check: between two cursors no slot without its account. Finds holes and mends none. Pure.

import type { EpochMs } from '#core/clock';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Era } from './eras.ts';
import type { Span } from './grid.ts';

/** What one row of the ledger stands for: `count` slots in [from, to], both of them slots. */
export interface AccountedSlots {
  from: EpochMs;
  to: EpochMs;
  count: number;
}

/** Slots that were to be decided and have no account. */
export type Hole = Span;

export interface AuditCase {
  eras: readonly Era[];
  /** Every row with a slot in (after, upTo], and the ranges that reach into it. */
  accounts: readonly AccountedSlots[];
  after: EpochMs;
  upTo: EpochMs;
  scheduleOf(spec: ScheduleSpec): Schedule;
}

/** Ascending. A job at its limit has no slots after its last row; slots of a job that was off are not missing. */
export function findHoles({ eras, accounts, after, upTo, scheduleOf }: AuditCase): Hole[] {
  return eras.flatMap((era) => {
    const from = Math.max(after, era.after);
    const to = Math.min(upTo, era.upTo);
    if (era.schedule === null || from >= to) return [];
    const schedule = scheduleOf(era.schedule);
    const own = accounts.flatMap((account) => within(schedule, account, from, to) ?? []);
    const last = era.wasLast ? own.reduce((latest, account) => Math.max(latest, account.to), from) : to;
    const expected = schedule.count(from, last);
    const found = own.reduce((sum, account) => sum + account.count, 0);
    return expected === found ? [] : walk(schedule, own, from, last);
  });
}

/** The part of an account that lies in (after, upTo]; null where the schedule has no slot at its end: it is none of this era. */
function within(
  schedule: Schedule,
  account: AccountedSlots,
  after: EpochMs,
  upTo: EpochMs,
): AccountedSlots | null {
  const { from, to, count } = account;
  if (to <= after || from > upTo) return null;
  if (from > after && to <= upTo) return schedule.prev(to) === to ? account : null;
  const first = schedule.next(Math.max(after, from - 1));
  const last = schedule.prev(Math.min(upTo, to));
  if (first === null || last === null || first > last) return null;
  return { from: first, to: last, count: Math.min(count, schedule.count(first - 1, last)) };
}

/** From account to account: what lies between two of them is missing, and what a range counts less than it spans. */
function walk(
  schedule: Schedule,
  accounts: readonly AccountedSlots[],
  after: EpochMs,
  upTo: EpochMs,
): Hole[] {
  const holes: Hole[] = [];
  let reached = after;
  for (const cluster of clustersOf(accounts)) {
    holes.push(...between(schedule, reached, cluster.from - 1));
    const count = schedule.count(cluster.from - 1, cluster.to) - cluster.count;
    if (count > 0) holes.push({ from: cluster.from, to: cluster.to, count });
    reached = cluster.to;
  }
  return [...holes, ...between(schedule, reached, upTo)];
}

/** A range may go around narrower rows, e.g. a pause between slots that were late together: they are looked at as one. */
function clustersOf(accounts: readonly AccountedSlots[]): AccountedSlots[] {
  const clusters: AccountedSlots[] = [];
  for (const account of accounts.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    const last = clusters.at(-1);
    if (last && account.from <= last.to) {
      last.to = Math.max(last.to, account.to);
      last.count += account.count;
    } else clusters.push({ ...account });
  }
  return clusters;
}

function between(schedule: Schedule, after: EpochMs, upTo: EpochMs): Hole[] {
  const from = schedule.next(after);
  if (from === null || from > upTo) return [];
  const to = schedule.prev(upTo)!;
  return [{ from, to, count: schedule.count(after, upTo) }];
}
