// Jobs for simulations, and their rows as short words.

import type { EpochMs } from '#core/clock';
import { type JobPolicy, NEVER_RAN, type StoredJob } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import type { SimulatedRow } from '#engine/simulated-ledger';
import { jobsAt, type SimulationParts, simulatedRows } from '#service/simulation';
import { aJob } from './ledger.ts';

const DATE = '2026-03-02';
export const at = (text: string, date = DATE): EpochMs =>
  Date.parse(`${date}T${text.length === 5 ? `${text}:00` : text}Z`);

export function cron(expression: string, timezone = 'UTC'): ScheduleSpec {
  return { kind: 'cron', expression, timezone, dayMatch: 'or' };
}

export interface Simulated {
  policy?: Partial<JobPolicy>;
  job?: Partial<StoredJob>;
  schedule?: ScheduleSpec;
  /** Minutes. */
  takes?: number;
}

export interface Plan {
  date?: string;
  jobs: Record<string, Simulated>;
  from?: string;
  to: string;
  down?: [string, string][];
  pause?: [string, string][];
  cap?: number;
  handlers?: boolean;
  maxRows?: number;
}

export function storedJob(id: string, { policy, job, schedule }: Simulated): StoredJob {
  const made = aJob(id, {}, policy);
  const fresh = { ...NEVER_RAN, auditedTo: 0, updatedAt: 0 };
  return { ...made, ...fresh, schedule: schedule ?? cron('*/10 * * * *'), ...job };
}

export function rowsOf(plan: Plan): SimulatedRow[] {
  const ids = Object.keys(plan.jobs);
  const instant = (text: string) => at(text, plan.date);
  const spans = (given: [string, string][] = []) =>
    given.map(([from, to]) => ({ from: instant(from), to: instant(to) }));
  const from = instant(plan.from ?? '00:00');
  const parts: SimulationParts = {
    from,
    to: instant(plan.to),
    down: spans(plan.down),
    pauses: spans(plan.pause),
    held: [],
    jobs: jobsAt(
      ids.map((id) => storedJob(id, plan.jobs[id]!)),
      from,
    ),
    cap: plan.cap ?? 10,
    durations: new Map(ids.map((id) => [id, (plan.jobs[id]!.takes ?? 0) * 60_000])),
    zone: 'UTC',
    handlerKnown: () => plan.handlers ?? true,
    ...(plan.maxRows !== undefined && { maxRows: plan.maxRows }),
  };
  return simulatedRows(parts);
}

/** `a 00:10 run 00:12-00:15 x2`: slot or kind, outcome, from when to when it ran, how many slots it stands for. */
export function told(row: SimulatedRow): string {
  const clock = (instant: EpochMs | null) =>
    instant === null ? '' : new Date(instant).toISOString().slice(11, 16);
  const ran = row.outcome === 'run' ? ` ${clock(row.startsAt)}-${clock(row.endsAt)}` : '';
  const covers = row.covers ? ` x${row.covers.count}` : '';
  const cuts = row.cuts > 0 ? ` cut ${row.cuts}` : '';
  const reason = row.reason ? `:${row.reason}` : '';
  const slot = row.slot === null ? row.kind : clock(row.slot);
  return `${row.job.id} ${slot} ${row.outcome}${reason}${ran}${covers}${cuts}`;
}
