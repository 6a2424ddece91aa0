// Which schedule held from when: what the ledger says of it, held against what was written into the settings and when. Pure.

import type { Span } from '../diary.ts';
import type { ChangeRow, JobRow } from '../ledger.ts';
import { type LoadSchedule, nameOf, nameOfStored, slotsIn } from '../slots.ts';
import type { Case } from './case.ts';

/** A schedule in force from an instant (exclusive) to the next one's; null = none. */
interface Definition {
  from: number;
  schedule: LoadSchedule | null;
  key: string;
}

/** What stood in the file, changes of other jobs left out. */
interface Written {
  key: string;
  schedule: LoadSchedule | null;
  written: Span;
}

const keyOf = (name: string, enabled: boolean) => (enabled ? name : `off, ${name}`);

/** The slots that each job must have accounted for, by its uid, ascending. */
export function expectedSlots(about: Case): Map<string, number[]> {
  const expected = new Map<string, number[]>();
  for (const job of about.evidence.jobs) {
    if (about.evidence.changes.every((change) => change.job_uid !== job.uid)) continue;
    if (job.id === 'vault_sync' || job.id === 'housekeeping') continue;
    const definitions = definitionsOf(about, job);
    expected.set(job.uid, slotsOf(definitions, Math.max(job.cursor, decidedBy(about))));
  }
  return expected;
}

/** A life that was up had decided what was due when it was spawned. */
function decidedBy({ diary }: Case): number {
  return diary.lives.findLast((life) => life.upAt !== null)?.spawnedAt ?? 0;
}

function slotsOf(definitions: readonly Definition[], upTo: number): number[] {
  const slots = new Set<number>();
  for (const [n, { from, schedule }] of definitions.entries()) {
    if (schedule === null) continue;
    const until = Math.min(upTo, definitions[n + 1]?.from ?? upTo);
    // Read too late, it is missed there and then (rule 17).
    if (schedule.kind === 'at' && schedule.at <= from) slots.add(schedule.at);
    for (const slot of slotsIn(schedule, from, until)) slots.add(slot);
  }
  return [...slots].sort((a, b) => a - b);
}

function definitionsOf(about: Case, job: JobRow): Definition[] {
  const written = writtenOf(about, job.id);
  const definitions: Definition[] = [];
  let next = 0;
  for (const change of about.evidence.changes) {
    if (change.job_uid !== job.uid) continue;
    const key = keyOfChange(change);
    if (key === definitions.at(-1)?.key) continue;
    const n = written.findIndex(
      (each, place) => place >= next && each.key === key && each.written.from <= change.at,
    );
    if (n < 0) {
      about.report('unexplained', { job_id: job.id }, 'a definition that was not in the file', change);
      continue;
    }
    next = n;
    definitions.push({ from: change.at, schedule: written[n]!.schedule, key });
  }
  everyStartReads(about, job, definitions, written);
  return definitions;
}

function writtenOf({ diary }: Case, id: string): Written[] {
  const found: Written[] = [];
  for (const { load, written } of diary.versions) {
    const job = load.find((each) => each.id === id);
    if (!job) continue;
    const key = keyOf(nameOf(job.schedule), job.enabled);
    if (found.at(-1)?.key !== key) found.push({ key, schedule: job.enabled ? job.schedule : null, written });
  }
  return found;
}

function keyOfChange({ what, after }: ChangeRow): string {
  if (what === 'orphaned' || after === null) return 'orphaned';
  return keyOf(nameOfStored(after.schedule), after.enabled);
}

/** What stood in the file from before a life was spawned until it was up must be in force by then. */
function everyStartReads(about: Case, job: JobRow, definitions: Definition[], written: Written[]): void {
  for (const life of about.diary.lives) {
    const { upAt, spawnedAt } = life;
    if (upAt === null) continue;
    const n = written.findLastIndex((each) => each.written.from <= spawnedAt);
    const stood = written[n];
    if (!stood || stood.written.to > spawnedAt || (written[n + 1]?.written.from ?? Infinity) <= upAt)
      continue;
    const inForce = definitions.findLast((each) => each.from <= upAt);
    if (inForce?.key !== stood.key)
      about.report(
        'unexplained',
        { job_id: job.id },
        'a start did not take the settings',
        life,
        stood,
        inForce,
      );
  }
}
