// What settings or a single schedule would do, told before they are used. Pure.

import type { Note, Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { ScheduleDraft } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import { buildSchedule, parseScheduleText } from '#schedule/parse';
import type { Checked } from './host.ts';
import { type RestartCosts, restartCosts } from './restart-costs.ts';
import { sentenceOf, TYPE_OF } from './sentence.ts';
import { expressionOf, iso } from './shapes.ts';

/** How many coming slots are shown. */
const SHOWN_SLOTS = 5;

export interface ValidateShape {
  ok: boolean;
  errors: Note[];
  warnings: Note[];
  jobs: ValidatedJob[];
}

export interface ValidatedJob {
  /** Null for an expression that belongs to no job. */
  id: string | null;
  enabled: boolean;
  type: 'cron' | 'interval' | 'once' | 'manual';
  expression: string;
  timezone: string;
  sentence: string;
  /** ISO 8601 with the zone's offset; none for a job that is not scheduled. */
  next: string[];
  /** Of a restart of 10 minutes; null for a job without slots, and for an expression of no job. */
  restart_costs: RestartCosts | null;
}

export function validateSettings(result: Checked, now: EpochMs): ValidateShape {
  if (result.kind === 'faults') {
    return { ok: false, errors: result.faults, warnings: result.warnings, jobs: [] };
  }
  const { settings, handlerKnown } = result;
  const jobs = settings.jobs.map((job) => ({
    ...describe(job.id, job.enabled && !job.manualOnly, job.schedule, now),
    restart_costs: restartCosts(job, now, handlerKnown),
  }));
  return { ok: true, errors: [], warnings: [...settings.warnings, ...neverFiring(settings, jobs)], jobs };
}

/** No fault: the file may stay as it is. But nobody should wait for such a job. */
function neverFiring(settings: Settings, jobs: readonly ValidatedJob[]): Note[] {
  const idle = jobs.filter((job) => job.enabled && job.type !== 'manual' && job.next.length === 0);
  return idle.map(({ id, type, expression }) => ({
    file: settings.file,
    line: null,
    column: null,
    path: `scheduler.jobs.${id}`,
    code: 'NEVER_FIRES',
    message: type === 'once' ? `${expression} is past: it never runs` : `${expression} never fires`,
    fix: type === 'once' ? 'give a time to come, or remove the job' : 'name a day that comes',
  }));
}

/** A schedule as face B takes it: cron, nickname, interval, ISO time, `now`, `manual`. */
export function validateExpression(text: string, timezone: string, now: EpochMs): ValidateShape {
  try {
    const spec = parseScheduleText(text, { timezone, now });
    // The interval of no job has no grid yet: its slots count from now.
    const draft = spec.kind === 'every' ? { ...spec, anchor: null } : spec;
    return { ok: true, errors: [], warnings: [], jobs: [describe(null, true, draft, now)] };
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error;
    const { code, message, fix } = error;
    const fault: Note = { file: 'expression', line: null, column: null, path: '', code, message, fix };
    return { ok: false, errors: [fault], warnings: [], jobs: [] };
  }
}

/** The zone in which an expression without a job is read: the settings' where they hold, else UTC. */
export function zoneOfSettings(result: Checked): Settings['scheduler']['timezone'] {
  return result.kind === 'ok' ? result.settings.scheduler.timezone : 'UTC';
}

function describe(id: string | null, isScheduled: boolean, draft: ScheduleDraft, now: EpochMs): ValidatedJob {
  const anchor = Math.floor(now / 1000) * 1000;
  const spec: ScheduleSpec = draft.kind === 'every' ? { ...draft, anchor: draft.anchor ?? anchor } : draft;
  return {
    id,
    enabled: isScheduled,
    type: TYPE_OF[spec.kind],
    expression: expressionOf(spec),
    timezone: spec.timezone,
    sentence: sentenceOf(draft),
    next: isScheduled ? comingSlots(spec, now).map((at) => iso(at, spec.timezone)) : [],
    restart_costs: null,
  };
}

function comingSlots(spec: ScheduleSpec, now: EpochMs): EpochMs[] {
  const schedule = buildSchedule(spec);
  const slots: EpochMs[] = [];
  // A one-time schedule for `now` is still to come.
  let at = schedule.next(now - 1);
  while (at !== null && slots.length < SHOWN_SLOTS) {
    slots.push(at);
    at = schedule.next(at);
  }
  return slots;
}
