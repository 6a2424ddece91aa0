// What a short restart would cost a job, at the worst of the moments that come next: by simulating it. Pure.

import type { EpochMs } from '#core/clock';
import { formatDuration } from '#core/duration';
import { isScheduled, type JobPolicy, type JobSpec, type StoredJob } from '#core/job';
import type { SimulatedRow } from '#engine/simulated-ledger';
import { buildSchedule } from '#schedule/parse';
import { freshJobs, simulatedRows } from './simulation.ts';

/** So long nobody is up. */
export const RESTART_MS = 10 * 60_000;
/** A restart is tried at each of the next slots. */
const TRIED_SLOTS = 5;

export interface RestartCosts {
  /** Slots that fall into the restart. */
  slots: number;
  /** Runs after it that stand for them. */
  runs: number;
  /** Slots that no run stands for. */
  missed: number;
  /** Seconds by which the oldest of those that run is late. */
  late_by: number;
  sentence: string;
}

/** Null for a job that no slot calls. Runs are taken to last no time: one that a restart cuts is begun again. */
export function restartCosts(
  spec: JobSpec,
  now: EpochMs,
  handlerKnown: (name: string) => boolean,
): RestartCosts | null {
  const [job] = freshJobs([spec], now);
  if (!job || !isScheduled(job) || job.nextSlot === null) return null;
  const schedule = buildSchedule(job.schedule);
  const tried: Costs[] = [];
  for (
    let slot: EpochMs | null = job.nextSlot;
    slot !== null && tried.length < TRIED_SLOTS;
    slot = schedule.next(slot)
  )
    tried.push(costsAt(job, slot, handlerKnown));
  const worst = tried.toSorted((a, b) => b.missed - a.missed || b.lateMs - a.lateMs || b.slots - a.slots)[0]!;
  const { slots, runs, missed, lateMs } = worst;
  return { slots, runs, missed, late_by: lateMs / 1000, sentence: sentence(worst, job) };
}

interface Costs {
  slots: number;
  runs: number;
  missed: number;
  lateMs: number;
  /** Why slots did not run. */
  reason: string | null;
  /** `run_on_start` adds one. */
  startup: boolean;
}

/** Nobody is up from the instant at which the slot would be due. */
function costsAt(job: StoredJob, slot: EpochMs, handlerKnown: (name: string) => boolean): Costs {
  const schedule = buildSchedule(job.schedule);
  const down = { from: slot, to: slot + RESTART_MS };
  const cursor = { cursor: slot - 1, nextSlot: slot, nextDue: slot };
  // Without jitter: the slot that opens the restart is one of it.
  const policy: JobPolicy = { ...job.policy, jitterMs: 0 };
  const rows = simulatedRows({
    from: slot,
    to: down.to + 1,
    down: [down],
    jobs: [{ ...job, ...cursor, policy }],
    ...{ pauses: [], held: [], cap: 1, durations: new Map(), zone: 'UTC', handlerKnown },
  });
  // What is due at the very start of the service is no cost of the restart.
  const oldestOf = (row: SimulatedRow) => row.covers?.from ?? row.slot ?? down.to;
  const count = (row: SimulatedRow) =>
    schedule.count(oldestOf(row) - 1, Math.min(row.slot ?? down.to, down.to - 1));
  const concerned = rows.filter((row) => oldestOf(row) < down.to);
  const ran = concerned.filter((row) => row.outcome === 'run');
  const left = concerned.filter((row) => row.outcome !== 'run');
  return {
    slots: concerned.reduce((sum, row) => sum + count(row), 0),
    runs: ran.length,
    missed: left.reduce((sum, row) => sum + count(row), 0),
    lateMs: ran.length === 0 ? 0 : down.to - Math.min(...ran.map(oldestOf)),
    reason: left[0]?.reason ?? null,
    startup: rows.some((row) => row.kind === 'startup' && row.outcome === 'run'),
  };
}

function sentence(costs: Costs, job: StoredJob): string {
  const { missed } = costs;
  const parts = [missed > 0 ? missedText(costs, job.policy) : '', ranText(costs, job.policy)];
  if (costs.startup) parts.push('1 run at the start (run_on_start)');
  const told = parts.filter((part) => part !== '').join('; ');
  return missed > 0 ? told : `nothing: ${told}`;
}

function missedText({ missed, reason }: Costs, policy: JobPolicy): string {
  const many = `${slots(missed)} ${reason === 'downtime' ? 'missed' : 'skipped'}: ${reason}`;
  return reason === 'downtime' ? `${many} (${rules(policy)})` : many;
}

function rules({ misfireGraceMs, misfirePolicy, catchupMax }: JobPolicy): string {
  const grace = misfireGraceMs === null ? 'no limit of grace' : `grace ${formatDuration(misfireGraceMs)}`;
  const most = misfirePolicy === 'skip' ? '' : `, catchup_max ${catchupMax}`;
  return `${grace}, misfire_policy ${misfirePolicy}${most}`;
}

function ranText({ slots: all, runs, missed, lateMs }: Costs, policy: JobPolicy): string {
  const made = all - missed;
  if (runs === 0) return '';
  const late = `up to ${formatDuration(lateMs)} late`;
  const isWithin = policy.misfireGraceMs === null || lateMs <= policy.misfireGraceMs;
  const how = isWithin ? 'within its grace' : `caught up by misfire_policy ${policy.misfirePolicy}`;
  if (made > runs)
    return `${slots(made)} coalesced into ${runs === 1 ? 'one run' : `${runs} runs`}, ${late}, ${how}`;
  return `${slots(made)} ${made === 1 ? 'runs' : 'run'} ${late}, ${how}`;
}

function slots(count: number): string {
  return `${count} ${count === 1 ? 'slot' : 'slots'}`;
}
