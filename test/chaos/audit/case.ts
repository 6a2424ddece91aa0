// The case that the audit hears: files and diary, with the look-ups that all its parts share. Pure.

import type { Diary, LifeNote } from '../diary.ts';
import type { BootRow, Evidence, JobRow, Row } from '../ledger.ts';
import { LOAD, type LoadJob } from '../load.ts';

export interface Finding {
  /** A slot without an account; one with two, or an end written twice; anything that the law does not explain. */
  kind: 'lost' | 'doubled' | 'unexplained';
  job: string;
  what: string;
  evidence: unknown[];
}

/** Which slots a row accounts for, as far as the audit could tell. */
export type Accounts = Map<Row, number[]>;

/** Started by a person: no pause holds it, no retry follows. */
const BY_HAND = ['manual', 'adhoc', 'backfill'];
export const FINAL = ['succeeded', 'failed', 'timed_out', 'cancelled', 'interrupted', 'skipped', 'missed'];

export class Case {
  readonly evidence: Evidence;
  readonly diary: Diary;
  readonly findings: Finding[] = [];
  readonly #jobs: Map<string, JobRow>;
  /** Instants at which a change of definitions was written, by job uid. */
  readonly #changedAt: Map<string, Set<number>>;
  /** Instants of passes that decided something, ascending. */
  readonly #passes: number[];
  #byPass: Map<string, Row[]> | null = null;

  constructor(evidence: Evidence, diary: Diary) {
    this.evidence = evidence;
    this.diary = diary;
    this.#jobs = new Map(evidence.jobs.map((job) => [job.uid, job]));
    this.#changedAt = new Map(evidence.jobs.map(({ uid }) => [uid, new Set<number>()]));
    for (const { job_uid, at } of evidence.changes) this.#changedAt.get(job_uid)?.add(at);
    const fired = evidence.rows.filter((row) => row.slot !== null && !this.isOfChange(row));
    this.#passes = [...new Set(fired.map((row) => row.queued_at))].sort((a, b) => a - b);
  }

  report(kind: Finding['kind'], row: Pick<Row, 'job_id'>, what: string, ...evidence: unknown[]): void {
    this.findings.push({ kind, job: row.job_id, what, evidence: [row, ...evidence].map(brief) });
  }

  /** What the load says of the job of a row; only schedule and `enabled` are ever edited. */
  jobOf(row: Pick<Row, 'job_id'>): LoadJob {
    const job = LOAD.find(({ id }) => id === row.job_id);
    if (!job) throw new Error(`${row.job_id} is no job of the load`);
    return job;
  }

  storedJob(uid: string): JobRow | undefined {
    return this.#jobs.get(uid);
  }

  /** Written by a change of definitions, not by a pass. */
  isOfChange(row: Row): boolean {
    return this.#changedAt.get(row.job_uid)?.has(row.queued_at) === true;
  }

  /** The first pass in [from, to), if there was one. */
  passIn(from: number, to: number): number | null {
    const at = this.#passes[indexFrom(this.#passes, from)];
    return at !== undefined && at < to ? at : null;
  }

  /** The boot that was at work, or the last one before. */
  bootAt(at: number): BootRow | undefined {
    return this.evidence.boots.findLast((boot) => boot.started_at <= at);
  }

  lifeAt(at: number): LifeNote | undefined {
    return this.diary.lives.findLast((life) => life.spawnedAt <= at && at <= life.endedAt);
  }

  /** Rows of the job that one pass wrote, in slot order. */
  rowsOfPass(row: Row): Row[] {
    this.#byPass ??= Map.groupBy(
      this.evidence.rows.filter(({ slot }) => slot !== null),
      passOf,
    );
    return this.#byPass.get(passOf(row)) ?? [];
  }

  isByHand(row: Row): boolean {
    return BY_HAND.includes(row.kind);
  }
}

/** Without what the audit does not look at. */
function brief(evidence: unknown): unknown {
  if (typeof evidence !== 'object' || evidence === null || !('snapshot_id' in evidence)) return evidence;
  const { run_id, job_id, kind, state, reason, slot, covers_from, covers_count, attempt, attempts } =
    evidence as unknown as Row;
  const { queued_at, started_at, ended_at, caused_by } = evidence as unknown as Row;
  const tried = attempts.map(({ n, startedAt, endedAt, outcome }) => ({ n, startedAt, endedAt, outcome }));
  return {
    ...{ run_id, job_id, kind, state, reason, slot, covers_from, covers_count, attempt, attempts: tried },
    ...{ queued_at, started_at, ended_at, caused_by },
  };
}

const passOf = (row: Row) => `${row.job_uid} ${row.queued_at}`;

/** The index of the first number ≥ `least`. */
export function indexFrom(sorted: readonly number[], least: number): number {
  let low = 0;
  for (let high = sorted.length; low < high; ) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

const GAPS = ['paused', 'stopped', 'circuit_open', 'handler_missing'];

/** Slots of a pause collect in it, also those that become due after it was written. */
export function isHeld(row: Row): boolean {
  return row.state === 'skipped' && (row.reason === 'paused' || row.reason === 'stopped');
}

export function isGap(row: Row): boolean {
  return row.state === 'skipped' && GAPS.includes(row.reason ?? '');
}

/** A run, or a slot that would have been one but for what was in its way. */
export function wasEligible(row: Row): boolean {
  return row.state === 'missed' ? row.reason === 'queue_timeout' : !isHeld(row);
}

/** A run came of it, though it may have waited too long. */
export function wasAdmitted(row: Row): boolean {
  const neverWas = row.state === 'skipped' && ['overlap', 'queue_full'].includes(row.reason ?? '');
  return wasEligible(row) && !isGap(row) && !neverWas;
}

/** Jitter goes forward only, and never further than a tenth of the period (rule 20). */
export function longestJitter({ schedule, policy }: LoadJob): number {
  if (schedule.kind !== 'every') return 0;
  return Math.min(policy.jitter, schedule.seconds / 10) * 1000;
}
