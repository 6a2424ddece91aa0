// Text of people in, schedules out: the way into src/schedule/ for settings, engine and faces. Pure.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { CronSchedule } from './cron.ts';
import { looksLikeCron, parseCron } from './grammar.ts';
import { IntervalSchedule, parseEvery } from './interval.ts';
import { manualSchedule, OnceSchedule } from './once.ts';
import { canonicalZone } from './zone.ts';

/** The calendar of a schedule. Throws INVALID_SCHEDULE: what was found and expected, and how to mend it. */
export function buildSchedule(spec: ScheduleSpec): Schedule {
  switch (spec.kind) {
    case 'cron':
      return new CronSchedule(spec);
    case 'every':
      return new IntervalSchedule(spec);
    case 'at':
      canonicalZone(spec.timezone);
      return new OnceSchedule(spec);
    case 'manual':
      canonicalZone(spec.timezone);
      return manualSchedule;
  }
}

export interface ScheduleTextContext {
  /** IANA name in which the schedule and naive times are read. */
  timezone: string;
  /** What the text `now` means. */
  now: EpochMs;
  /** From where an interval counts, in whole seconds (fractions are dropped); `now` when absent. */
  anchor?: EpochMs;
}

const FORMS =
  'write cron ("*/5 * * * *", "@daily"), an interval ("30s", "5 minutes", "1mo"), a time ("2026-03-01T09:00"), "now" or "manual"';

/**
 * Reads a schedule as face B takes it: a nickname or 5 and more fields are cron, `30s` is an interval, `now` or
 * an ISO time a one-time schedule, `manual` none. Throws INVALID_SCHEDULE; what it answers can be built.
 */
export function parseScheduleText(text: string, context: ScheduleTextContext): ScheduleSpec {
  const timezone = canonicalZone(context.timezone);
  const source = text.trim();
  const word = source.toLowerCase();
  if (word === 'manual') return { kind: 'manual', timezone };
  if (word === 'now') return { kind: 'at', at: context.now, timezone };
  if (looksLikeCron(source) || source.includes('*'))
    return { kind: 'cron', expression: parseCron(source).text, timezone, dayMatch: 'or' };
  if (/^\d+(\.\d+)?\s*[a-z]+$/i.test(source)) {
    parseEvery(source);
    const anchor = Math.floor((context.anchor ?? context.now) / 1000) * 1000;
    return { kind: 'every', every: source, timezone, anchor };
  }
  if (/^[+-]?\d{4}/.test(source) && /[-T:]/i.test(source.slice(4)))
    return { kind: 'at', at: instantOfSchedule(source, timezone), timezone };
  throw new SchedulerError('INVALID_SCHEDULE', unknownForm(source), unitHint(source) ?? FORMS);
}

function unknownForm(source: string): string {
  return source === '' ? 'the schedule is empty' : `"${source}" is not a schedule`;
}

function unitHint(source: string): string | null {
  if (/^\d+$/.test(source)) return `write the unit too: ${source}s are seconds, ${source}m minutes`;
  if (/^-/.test(source)) return 'an interval goes forward: write it without the minus';
  return null;
}

function instantOfSchedule(text: string, timezone: string): EpochMs {
  try {
    return parseInstant(text, timezone);
  } catch (cause) {
    if (!(cause instanceof SchedulerError)) throw cause;
    throw new SchedulerError('INVALID_SCHEDULE', cause.message, cause.fix, { cause });
  }
}

/**
 * The instant of an ISO 8601 time. An offset, `Z` or `[Zone]` in the text is honoured; a naive time (a date alone
 * is its midnight) is read in `timezone`: in a gap of the clocks as much later as the gap is long, in a repeated
 * hour in its first pass. Fractions below a millisecond are dropped. Throws INVALID_PARAMETERS; a wrong zone
 * INVALID_SCHEDULE.
 */
export function parseInstant(text: string, timezone: string): EpochMs {
  const zone = canonicalZone(timezone);
  const source = text.trim();
  try {
    if (source.includes('[')) return Temporal.ZonedDateTime.from(source).epochMilliseconds;
    if (/(z|[+-]\d{2}(:?\d{2}(:?\d{2})?)?)$/i.test(source) && /[t ]\d{2}/i.test(source))
      return Temporal.Instant.from(source).epochMilliseconds;
    return Temporal.PlainDateTime.from(source).toZonedDateTime(zone, { disambiguation: 'compatible' })
      .epochMilliseconds;
  } catch (cause) {
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `"${text}" is not a time${noSuchDay(source)}`,
      'write ISO 8601: 2026-03-01T09:00, 2026-03-01T09:00:00+01:00 or 2026-03-01T08:00:00Z',
      { cause },
    );
  }
}

/** `: February 2026 has 28 days`, where that is what is wrong. */
function noSuchDay(text: string): string {
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || month < 1 || month > 12) return '';
  const { daysInMonth } = Temporal.PlainYearMonth.from({ year, month });
  const name = new Date(Date.UTC(year, month - 1)).toLocaleString('en', { month: 'long', timeZone: 'UTC' });
  return day! > daysInMonth ? `: ${name} ${year} has ${daysInMonth} days` : '';
}
