// What a simulation is asked, as people type it, into instants and durations. Pure.

import type { EpochMs } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { formatDuration, parseDurationMs } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { TimeSpan } from '#engine/simulate';
import { readInstant } from './instant.ts';
import { iso } from './shapes.ts';

/** Texts; what is left out is now, a day later, and nothing. */
export interface SimulationTexts {
  from?: string | undefined;
  to?: string | undefined;
  /** `a..b`: no service is up. */
  down?: readonly string[] | undefined;
  /** `a..b`: all jobs are paused. */
  pause?: readonly string[] | undefined;
  /** `job=30s`. */
  duration?: readonly string[] | undefined;
}

export interface SimulationRequest extends TimeSpan {
  down: TimeSpan[];
  pauses: TimeSpan[];
}

const DAY_MS = 86_400_000;

/** Times of day are those of the day of `from`. Throws INVALID_PARAMETERS, each with what to write instead. */
export function readSimulation(texts: SimulationTexts, zone: string, now: EpochMs): SimulationRequest {
  const from = texts.from === undefined ? now : readInstant(texts.from, zone, now);
  const instant = (text: string) => (isNow(text) ? now : readInstant(text, zone, from));
  const to = texts.to === undefined ? from + DAY_MS : instant(texts.to);
  const spanned = `from ${iso(from, zone)} to ${iso(to, zone)}`;
  if (to <= from) throw wrong(`${spanned} is no time to come`, 'let --to be later than --from');
  const spans = (name: string, given: readonly string[] = []) =>
    given.map((text) => {
      const span = readSpan(name, text, instant);
      if (span.from < to && span.to > from) return span;
      throw wrong(`--${name} ${text} lies outside the simulation, ${spanned}`, 'let them overlap');
    });
  const down = spans('down', texts.down);
  const late = down.find((span) => span.to >= to);
  if (late)
    throw wrong(
      `the service starts again at ${iso(late.to, zone)}, after the end of the simulation, ${iso(to, zone)}`,
      'let --to be later: what becomes of the slots of a downtime is decided at the start that follows it',
    );
  return { from, to, down, pauses: spans('pause', texts.pause) };
}

function isNow(text: string): boolean {
  return text.trim().toLowerCase() === 'now';
}

function readSpan(name: string, text: string, instant: (text: string) => EpochMs): TimeSpan {
  const ends = text.split('..');
  const example = `e.g. --${name} 03:00..03:10, or --${name} 2026-03-29T03:00..2026-03-29T03:10`;
  if (ends.length !== 2 || ends.some((end) => end.trim() === ''))
    throw wrong(`--${name} "${text}" is not two times`, example);
  const [from, to] = [instant(ends[0]!), instant(ends[1]!)];
  if (to <= from) throw wrong(`--${name} "${text}" ends before it begins`, example);
  return { from, to };
}

/** Milliseconds by job id. Throws INVALID_PARAMETERS, JOB_NOT_FOUND with the nearest. */
export function readDurations(texts: readonly string[], jobs: readonly StoredJob[]): Map<string, number> {
  return new Map(texts.map((text) => readDuration(text, jobs)));
}

function readDuration(text: string, jobs: readonly StoredJob[]): [id: string, ms: number] {
  const place = text.lastIndexOf('=');
  if (place < 1) throw wrong(`--duration "${text}" names no job`, 'e.g. --duration vault_sync=30s');
  const id = text.slice(0, place).trim();
  const job = jobs.find((each) => each.id === id) ?? onlyNamed(id, jobs);
  if (!job) throw unknownJob(id, jobs);
  const ms = parseDurationMs(text.slice(place + 1).trim());
  const { timeoutMs } = job.policy;
  if (ms > timeoutMs)
    throw wrong(
      `a run of ${job.id} that takes ${formatDuration(ms)} is ended by its time limit of ${formatDuration(timeoutMs)}`,
      'give a shorter duration, or change the timeout of the job',
    );
  return [job.id, ms];
}

function onlyNamed(name: string, jobs: readonly StoredJob[]): StoredJob | undefined {
  const named = jobs.filter((job) => job.name === name);
  return named.length === 1 ? named[0] : undefined;
}

function unknownJob(id: string, jobs: readonly StoredJob[]): SchedulerError {
  const ids = jobs.map((job) => job.id);
  const near = closest(id, ids);
  const fix = near ? `did you mean ${near}?` : `jobs: ${ids.sort().join(', ') || 'none'}`;
  return new SchedulerError('JOB_NOT_FOUND', `there is no job ${id}`, fix);
}

function wrong(message: string, fix: string): SchedulerError {
  return new SchedulerError('INVALID_PARAMETERS', message, fix);
}
