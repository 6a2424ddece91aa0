// Each expected slot against the rows of its job: exactly one account, no more and no less. Pure.

import type { Row } from '../ledger.ts';
import { isoOf } from '../slots.ts';
import { type Accounts, type Case, indexFrom } from './case.ts';

/** Reports what is lost or doubled, and answers which slots each row stands for. */
export function account(about: Case, expected: ReadonlyMap<string, number[]>): Accounts {
  const accounts: Accounts = new Map();
  const rows = Map.groupBy(
    about.evidence.rows.filter((row) => row.slot !== null),
    (row) => row.job_uid,
  );
  for (const [uid, slots] of expected) accountOf(about, uid, slots, rows.get(uid) ?? [], accounts);
  for (const [uid, strangers] of rows)
    if (!expected.has(uid)) about.report('unexplained', strangers[0]!, 'slots of a job without a definition');
  return accounts;
}

function accountOf(about: Case, uid: string, slots: number[], rows: Row[], accounts: Accounts): void {
  const taken = new Set<number>();
  // A range may go around a narrower one (a pause between slots that were late together): the narrow ones first.
  for (const row of rows.toSorted((a, b) => widthOf(a) - widthOf(b))) {
    const { from, to, count } = rangeOf(row);
    const within = slots.slice(indexFrom(slots, from), indexFrom(slots, to + 1));
    const free = within.filter((slot) => !taken.has(slot));
    for (const slot of free) taken.add(slot);
    accounts.set(row, free);
    if (row.slot !== to) about.report('unexplained', row, 'the slot of a range is its last');
    if (within[0] !== from || within.at(-1) !== to)
      about.report('unexplained', row, 'a slot that the schedule does not have', within.map(isoOf));
    else if (count > free.length) about.report('doubled', row, 'a slot with two accounts', within.map(isoOf));
    else if (count < free.length)
      about.report('lost', row, 'counts fewer slots than it covers', free.map(isoOf));
  }
  const lost = slots.filter((slot) => !taken.has(slot));
  if (lost.length === 0) return;
  const job = about.storedJob(uid)!;
  for (const slot of lost) about.report('lost', { job_id: job.id }, `no account of ${isoOf(slot)}`, job);
}

function rangeOf(row: Row): { from: number; to: number; count: number } {
  const slot = row.slot!;
  return { from: row.covers_from ?? slot, to: row.covers_to ?? slot, count: row.covers_count ?? 1 };
}

function widthOf(row: Row): number {
  const { from, to } = rangeOf(row);
  return to - from;
}
