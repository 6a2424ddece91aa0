// Changed settings in, what they would add, remove, change and move out, before anybody uses them. Pure.

import { restartRequired } from '#config/diff';
import { masked } from '#config/secrets';
import type { Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import { isScheduled, type JobSpec, type StoredJob } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { type ReconcileContext, reconcile } from '#engine/reconcile';
import type { Effects } from '#store/store';
import { sentenceOf } from './sentence.ts';
import { expressionOf, iso, policyShape } from './shapes.ts';

const AHEAD_MS = 7 * 86_400_000;
/** So many slots are listed of each job. */
const SHOWN = 5;
/** Slots of a job that are compared one by one; `30s` has 20,160 in a week. */
const MOST_COMPARED = 25_000;

export interface PlannedJob {
  job: string;
  enabled: boolean;
  expression: string;
  timezone: string;
  sentence: string;
  /** The first slots of the next 7 days, and how many there are. */
  next: string[];
  slots: number;
}

export interface PlannedChange {
  /** Null = of the settings, not of one job. */
  job: string | null;
  key: string;
  from: Json;
  to: Json;
}

/** From the first slot on that differs. */
export interface PlannedMove {
  job: string;
  before: string[];
  after: string[];
  /** Slots in the next 7 days. */
  before_slots: number;
  after_slots: number;
}

export interface SettingsPlanShape {
  added: PlannedJob[];
  /** They keep their history for a day, and come back with the settings. */
  removed: PlannedJob[];
  changed: PlannedChange[];
  moved: PlannedMove[];
  /** Keys whose change waits for the next start. */
  restart_required: string[];
}

export interface SettingsPlanInput {
  /** As the ledger has them, or as the settings in force make them. */
  jobs: readonly StoredJob[];
  before: Settings;
  after: Settings;
  now: EpochMs;
  scheduleOf(spec: ScheduleSpec): Schedule;
}

export function planSettings(input: SettingsPlanInput): SettingsPlanShape {
  const { jobs, before, after, now, scheduleOf } = input;
  let ids = 0;
  const newId = () => `planned-${++ids}`;
  const context: ReconcileContext = {
    ...{ at: now, bootStartedAt: now, atStart: false, by: 'plan', scheduleOf },
    ...{ newRunId: newId, newUid: newId },
  };
  const effects = reconcile({ jobs: [...jobs], live: new Map() }, after.jobs, context);
  const isGone = ({ after }: Pair) => after.state === 'orphaned';
  const pairs = pairsOf(jobs, effects).filter((pair) => pair.before.state !== 'orphaned' || !isGone(pair));
  const kept = pairs.filter((pair) => !isGone(pair));
  const ahead = (job: Planned) => slotsAhead(job, now, scheduleOf);
  const shape = (job: Planned) => plannedJob(job, ahead(job));
  return {
    added: effects.insert.map((job) => shape({ ...job, admittedCount: 0 })),
    removed: pairs.filter(isGone).map((pair) => shape(pair.before)),
    changed: [...settingChanges(before, after), ...kept.flatMap(changesOf)],
    moved: kept.flatMap((pair) => moveOf(pair, ahead) ?? []),
    restart_required: [...restartRequired(before, after)],
  };
}

type Planned = Omit<JobSpec, 'schedule'> & Pick<StoredJob, 'schedule' | 'state' | 'admittedCount'>;
interface Pair {
  before: StoredJob;
  after: StoredJob;
}

/** Jobs that are there and are changed. */
function pairsOf(jobs: readonly StoredJob[], effects: Effects): Pair[] {
  const updates = new Map(effects.update.map(({ uid, set }) => [uid, set]));
  return jobs.flatMap((before) => {
    const set = updates.get(before.uid);
    return set ? [{ before, after: { ...before, ...set } }] : [];
  });
}

function plannedJob(job: Planned, slots: readonly EpochMs[]): PlannedJob {
  const { timezone } = job.schedule;
  return {
    job: job.id,
    enabled: job.enabled,
    expression: expressionOf(job.schedule),
    timezone,
    sentence: sentenceOf(job.schedule),
    next: slots.slice(0, SHOWN).map((slot) => iso(slot, timezone)),
    slots: slots.length,
  };
}

/** Slots in (now, now + 7 days], of a job that has any. */
function slotsAhead(job: Planned, now: EpochMs, scheduleOf: SettingsPlanInput['scheduleOf']): EpochMs[] {
  if (!isScheduled(job)) return [];
  const schedule = scheduleOf(job.schedule);
  const { maxExecutions } = job.policy;
  const most =
    maxExecutions === null ? MOST_COMPARED : Math.min(MOST_COMPARED, maxExecutions - job.admittedCount);
  const slots: EpochMs[] = [];
  let slot = schedule.next(now);
  for (; slot !== null && slot <= now + AHEAD_MS && slots.length < most; slot = schedule.next(slot))
    slots.push(slot);
  return slots;
}

function moveOf({ before, after }: Pair, ahead: (job: Planned) => EpochMs[]): PlannedMove | null {
  const [old, next] = [ahead(before), ahead(after)];
  const first = old.findIndex((slot, n) => slot !== next[n]);
  const from = first === -1 ? old.length : first;
  if (first === -1 && old.length === next.length) return null;
  const shown = (slots: readonly EpochMs[], job: StoredJob) =>
    slots.slice(from, from + SHOWN).map((slot) => iso(slot, job.schedule.timezone));
  return {
    job: before.id,
    before: shown(old, before),
    after: shown(next, after),
    before_slots: old.length,
    after_slots: next.length,
  };
}

/** Every key of a job whose effective value is another one, secrets masked. */
function changesOf({ before, after }: Pair): PlannedChange[] {
  return differences(valuesOf(before), valuesOf(after)).map((change) => ({ job: before.id, ...change }));
}

/** The same of what belongs to no job. */
function settingChanges(before: Settings, after: Settings): PlannedChange[] {
  const own = ({ values }: Settings) =>
    new Map(
      values.flatMap(({ path, value }) => (OF_JOBS.test(path) ? [] : [[path, (value ?? null) as Json]])),
    );
  return differences(own(before), own(after)).map((change) => ({ job: null, ...change }));
}

const OF_JOBS = /^scheduler\.(jobs|defaults)\./;

function differences(
  before: ReadonlyMap<string, Json>,
  after: ReadonlyMap<string, Json>,
): Omit<PlannedChange, 'job'>[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [from, to] = [before.get(key) ?? null, after.get(key) ?? null];
    if (JSON.stringify(from) === JSON.stringify(to)) return [];
    const name = key.split('.').at(-1) ?? key;
    return [{ key, from: masked(from, name) as Json, to: masked(to, name) as Json }];
  });
}

/** By the names that the settings file knows; durations in seconds. */
function valuesOf(job: StoredJob): Map<string, Json> {
  const { schedule } = job;
  const values: Record<string, Json> = {
    enabled: job.enabled,
    manual_only: job.manualOnly,
    run_on_start: job.runOnStart,
    handler: job.handler,
    description: job.description,
    timezone: schedule.timezone,
    ...(schedule.kind === 'cron' && { day_match: schedule.dayMatch }),
    ...(schedule.kind === 'every' && { anchor: iso(schedule.anchor, schedule.timezone) }),
    ...(schedule.kind !== 'manual' && { [schedule.kind]: expressionOf(schedule) }),
    ...policyShape(job.policy),
    max_executions: job.policy.maxExecutions,
  };
  const input = Object.entries(job.input).map(([key, value]) => [`input.${key}`, value] as const);
  return new Map([...Object.entries(values), ...input]);
}
