// For scenarios: the slots that were lived through, each with exactly one account in the ledger on the disk.

import { account } from './audit/accounts.ts';
import { Case } from './audit/case.ts';
import { emptyDiary } from './diary.ts';
import { type Row, readEvidence } from './ledger.ts';
import { type LoadSchedule, slotsIn } from './slots.ts';

/** What is older may have been cleaned away (rule 24). */
const RETENTION_MS = 30 * 86_400_000;

/** A stretch of wall time that was lived or jumped over: slots in (from, to]. */
export interface Stretch {
  from: number;
  to: number;
}

/** What is wrong with the accounts of the jobs named, at `now`; nothing where each slot has one. */
export function faultsOf(
  dir: string,
  schedules: Readonly<Record<string, LoadSchedule>>,
  lived: readonly Stretch[],
  now = lived.at(-1)!.to,
): string[] {
  const evidence = readEvidence(dir);
  const about = new Case(evidence, emptyDiary());
  const expected = new Map<string, number[]>();
  for (const { uid, id } of evidence.jobs) {
    const schedule = schedules[id];
    if (!schedule) continue;
    const rows = evidence.rows.filter((row) => row.job_uid === uid);
    const due = lived.flatMap(({ from, to }) => slotsIn(schedule, from, Math.min(to, now)));
    const kept = due.filter((slot) => slot > now - RETENTION_MS || rows.some((row) => covers(row, slot)));
    const slots = new Set([...kept, ...rows.flatMap((row) => foreseen(row, schedule, now))]);
    expected.set(
      uid,
      [...slots].sort((a, b) => a - b),
    );
  }
  account(about, expected);
  return about.findings.map(({ kind, job, what }) => `${kind}: ${job}: ${what}`);
}

function covers(row: Row, slot: number): boolean {
  return row.slot !== null && (row.covers_from ?? row.slot) <= slot && slot <= row.slot;
}

/** Of a time that was undone: what ran then has its slots for good, what was only missed becomes due again (rule 13). */
function foreseen(row: Row, schedule: LoadSchedule, now: number): number[] {
  const from = row.covers_from ?? row.slot ?? 0;
  if (row.slot === null || from <= now || row.state === 'missed') return [];
  return slotsIn(schedule, from - 1, row.slot);
}
