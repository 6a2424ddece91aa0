// Jobs and a stretch of time in, the runs, skips and misses that would come of them out. Pure.

import type { EpochMs } from '#core/clock';
import { isScheduled, type JobSpec, type StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { previewJobs } from '#engine/preview';
import { type SimulationInput, simulate } from '#engine/simulate';
import type { SimulatedRow } from '#engine/simulated-ledger';
import { dueAt } from '#schedule/jitter';
import { buildSchedule } from '#schedule/parse';
import { requestRun } from './run-request.ts';
import { iso } from './shapes.ts';
import type { SimulationRequest } from './simulation-request.ts';

/** A million rows are some hundred megabytes of answer. */
const MOST_ROWS = 1_000_000;

export interface SimulatedRun {
  job: string;
  job_name: string;
  kind: string;
  slot: string | null;
  outcome: 'run' | 'skipped' | 'missed';
  /** When it was, or would be, decided what becomes of the slot. */
  decided_at: string;
  /** Of the last start. */
  starts_at: string | null;
  ends_at: string | null;
  reason: string | null;
  covers: { from: string; to: string; count: number } | null;
  /** Starts that a downtime cut: the run began again after each. */
  cuts: number;
}

/** `run` counts runs; `coalesced` slots that a run stands for beside its own; `skipped` and `missed` each slot, and each start of the service that gave no run. */
export interface SimulationCounts {
  run: number;
  coalesced: number;
  skipped: number;
  missed: number;
  /** Slots that did not run, by reason. */
  reasons: Record<string, number>;
}

export interface SimulationShape {
  from: string;
  to: string;
  /** In the order of their times. */
  runs: SimulatedRun[];
  totals: SimulationCounts & { jobs: Record<string, SimulationCounts> };
  /** Seconds that a run of each job was taken to last. */
  durations: Record<string, number>;
}

export interface SimulationParts extends SimulationRequest {
  /** As `jobsAt` answers them. */
  jobs: readonly StoredJob[];
  /** Pauses beside those of the request. */
  held: readonly Pause[];
  cap: number;
  /** Milliseconds by job id; 0 where there is none. */
  durations: ReadonlyMap<string, number>;
  zone: string;
  handlerKnown(name: string): boolean;
  /** More rows are refused. */
  maxRows?: number;
}

/** Throws TOO_LARGE. */
export function simulationShape(parts: SimulationParts): SimulationShape {
  const { from, to, zone, jobs, durations } = parts;
  const rows = simulatedRows(parts);
  const taken = jobs.filter(isOn).map((job) => [job.id, (durations.get(job.id) ?? 0) / 1000]);
  return {
    from: iso(from, zone),
    to: iso(to, zone),
    runs: rows.map(shapeOfRuns()),
    totals: { ...countsOf(rows), jobs: countsByJob(rows, jobs.filter(isOn)) },
    durations: Object.fromEntries(taken),
  };
}

/** In the order of their times. Throws TOO_LARGE. */
export function simulatedRows(parts: SimulationParts): SimulatedRow[] {
  const { jobs, durations, handlerKnown, pauses, held } = parts;
  const known = new Map<ScheduleSpec, Schedule>();
  const scheduleOf: SimulationInput['scheduleOf'] = (spec) => {
    const schedule = known.get(spec) ?? buildSchedule(spec);
    known.set(spec, schedule);
    return schedule;
  };
  return simulate({
    ...parts,
    jobs: jobs.filter(isOn),
    pauses: [...held, ...pauses.map(asPause)],
    durationOf: (job) => durations.get(job.id) ?? 0,
    scheduleOf,
    requestStartup: (due, at, runId) =>
      requestRun(due, {
        ...{ kind: 'startup', at, runId, by: 'run_on_start' },
        handlerKnown: handlerKnown(due.job.handler),
      }),
    maxRows: parts.maxRows ?? MOST_ROWS,
  });
}

/** Nothing of a job that is off can happen by itself. */
function isOn(job: StoredJob): boolean {
  return job.state === 'active' || job.state === 'completed';
}

function asPause({ from, to }: { from: EpochMs; to: EpochMs }, n: number): Pause {
  const who = { id: -1000 - n, jobUid: null, source: 'api', who: 'simulation', why: null } as const;
  return { ...who, since: from, until: to, endedAt: null };
}

/** Definitions that no ledger knows, first seen at `from`: an interval without an anchor counts from there. */
export function freshJobs(definitions: readonly JobSpec[], from: EpochMs): StoredJob[] {
  const anchor = Math.floor(from / 1000) * 1000;
  const anchored = definitions.map((spec): JobSpec => {
    const { schedule } = spec;
    return schedule.kind === 'every'
      ? { ...spec, schedule: { ...schedule, anchor: schedule.anchor ?? anchor } }
      : spec;
  });
  const at = from - 1;
  const context = { at, bootStartedAt: at, atStart: false, by: 'simulation', scheduleOf: buildSchedule };
  const ids = { newRunId: () => '', newUid: () => '' };
  const jobs = previewJobs({ jobs: [], live: new Map() }, anchored, { ...context, ...ids });
  return jobsAt(
    jobs.map((job) => ({ ...job, uid: job.id })),
    from,
  );
}

/** Jobs of a ledger as they begin a simulation: nothing before `from` is open, nothing runs. */
export function jobsAt(jobs: readonly StoredJob[], from: EpochMs): StoredJob[] {
  return jobs.map((job) => {
    const cursor = from - 1;
    const schedule = buildSchedule(job.schedule);
    const nextSlot = isScheduled(job) ? schedule.next(cursor) : null;
    const nextDue = nextSlot === null ? null : dueAt(schedule, nextSlot, job.uid, job.policy.jitterMs);
    // A one-time job that passed in a pause waits in its gap row for the end of it.
    const gap = job.schedule.kind === 'at' ? job.gap : null;
    return { ...job, cursor, nextSlot, nextDue, gap, takenTo: null };
  });
}

/** Many rows of many jobs fall on one instant: each is written once. */
function shapeOfRuns(): (row: SimulatedRow) => SimulatedRun {
  const known = new Map<string, Map<EpochMs, string>>();
  return (row) => {
    const { timezone } = row.job.schedule;
    const texts = known.get(timezone) ?? new Map<EpochMs, string>();
    known.set(timezone, texts);
    const text = (at: EpochMs) => {
      const written = texts.get(at) ?? iso(at, timezone);
      texts.set(at, written);
      return written;
    };
    return runShape(row, text);
  };
}

function runShape(row: SimulatedRow, text: (at: EpochMs) => string): SimulatedRun {
  const { job, kind, outcome, reason, covers, cuts } = row;
  const textOrNull = (at: EpochMs | null) => (at === null ? null : text(at));
  return {
    job: job.id,
    job_name: job.name,
    kind,
    slot: textOrNull(row.slot),
    outcome,
    decided_at: text(row.decidedAt),
    starts_at: textOrNull(row.startsAt),
    ends_at: textOrNull(row.endsAt),
    reason,
    covers: covers && { from: text(covers.from), to: text(covers.to), count: covers.count },
    cuts,
  };
}

function countsByJob(
  rows: readonly SimulatedRow[],
  jobs: readonly StoredJob[],
): Record<string, SimulationCounts> {
  const byJob = Map.groupBy(rows, (row) => row.job.id);
  return Object.fromEntries(jobs.map((job) => [job.id, countsOf(byJob.get(job.id) ?? [])]));
}

function countsOf(rows: readonly SimulatedRow[]): SimulationCounts {
  const counts: SimulationCounts = { run: 0, coalesced: 0, skipped: 0, missed: 0, reasons: {} };
  for (const { outcome, covers, reason } of rows) {
    const slots = covers?.count ?? 1;
    if (outcome === 'run') {
      counts.run++;
      counts.coalesced += slots - 1;
      continue;
    }
    counts[outcome] += slots;
    if (reason !== null) counts.reasons[reason] = (counts.reasons[reason] ?? 0) + slots;
  }
  return counts;
}
