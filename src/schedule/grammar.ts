// Cron text in, fields out. The grammar is node-cron's; the words in which it is refused are ours.

import { type CronFieldError, validateDetailed } from 'node-cron';
import { SchedulerError } from '#core/errors';
import type { DayToken } from './month-days.ts';

/** A cron expression, names and ranges resolved, and what its text says beside the values. */
export interface CronFields {
  /** One line, single spaces, otherwise as written. */
  text: string;
  seconds: number[];
  minutes: number[];
  hours: number[];
  daysOfMonth: DayToken[];
  months: number[];
  daysOfWeek: DayToken[];
  /** Neither the hour nor the minute field begins with `*`: see rule 12 in cron.ts. */
  fixedTime: boolean;
  /** The text of the field begins neither with `*` nor is it `?`. */
  restrictsDayOfMonth: boolean;
  restrictsDayOfWeek: boolean;
}

const NICKNAMES: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const FIELDS = ['second', 'minute', 'hour', 'dayOfMonth', 'month', 'dayOfWeek'] as const;
type Field = (typeof FIELDS)[number];

const EXPECTED: Record<Field, string> = {
  second: 'a second is 0–59, *, */n, a-b, a-b/n, or a list of these',
  minute: 'a minute is 0–59, *, */n, a-b, a-b/n, or a list of these',
  hour: 'an hour is 0–23, *, */n, a-b, a-b/n, or a list of these',
  dayOfMonth: 'a day of month is 1–31, *, ?, */n, a-b, L (last), L-3, 15W, LW, or a list of these',
  month: 'a month is 1–12 or JAN–DEC, *, */n, a-b, or a list of these',
  dayOfWeek:
    'a day of week is 0–7 (0 and 7 are Sunday) or SUN–SAT, *, ?, a-b, 1#2 (second Monday), 5L (last Friday)',
};
const LABEL: Record<Field, string> = {
  second: 'second',
  minute: 'minute',
  hour: 'hour',
  dayOfMonth: 'day of month',
  month: 'month',
  dayOfWeek: 'day of week',
};

const MONTH_NAMES =
  'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|february|march|april|june|july|august|september|october|november|december';
const DAY_NAMES = 'sun|mon|tue|wed|thu|fri|sat|sunday|monday|tuesday|wednesday|thursday|friday|saturday';

/** The library finds names and stars inside other text (`janfeb` → 12, `5*` → 50–59); these must stand alone. */
const SHAPES: Record<Field, RegExp> = {
  second: shape('\\d+'),
  minute: shape('\\d+'),
  hour: shape('\\d+'),
  dayOfMonth: shape('\\d+', 'l(-\\d+)?|(\\d+|l)w'),
  month: shape(`\\d+|${MONTH_NAMES}`),
  dayOfWeek: shape(`\\d+|${DAY_NAMES}`, `(\\d|${DAY_NAMES})(#\\d|l)`),
};

function shape(value: string, special = '\\*'): RegExp {
  return new RegExp(`^(\\?|\\*(/\\d+)?|(${value})(-(${value})(/\\d+)?)?|${special})$`, 'i');
}

/** Whether the text is meant as cron, right or wrong: a nickname, or 5 fields and more. */
export function looksLikeCron(text: string): boolean {
  return text.startsWith('@') || text.split(/\s+/).length >= 5;
}

/**
 * Reads 5 fields (minute hour day-of-month month day-of-week), 6 (a second before them), or a nickname.
 * What is refused throws INVALID_SCHEDULE with every field at fault; the fix says what is written instead.
 */
export function parseCron(expression: string): CronFields {
  const text = expression.trim().replace(/\s+/g, ' ');
  const plain = NICKNAMES[text.toLowerCase()] ?? text;
  const texts = plain.split(' ');
  if (texts.length === 5) texts.unshift('0');
  const checked = validateDetailed(plain);
  if (!checked.valid || !checked.fields) throw refusal(text, texts, checked.errors);
  const odd = FIELDS.filter(
    (field, place) => !texts[place]!.split(',').every((part) => SHAPES[field].test(part)),
  );
  if (odd.length > 0)
    throw refusal(
      text,
      texts,
      odd.map((field) => ({ field, value: texts[FIELDS.indexOf(field)]!, message: '' })),
    );
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = checked.fields;
  return {
    text,
    seconds: second,
    minutes: minute,
    hours: hour,
    daysOfMonth: dayOfMonth,
    months: month,
    daysOfWeek: dayOfWeek,
    fixedTime: !texts[1]!.startsWith('*') && !texts[2]!.startsWith('*'),
    restrictsDayOfMonth: !/^[*?]/.test(texts[3]!),
    restrictsDayOfWeek: !/^[*?]/.test(texts[5]!),
  };
}

function refusal(text: string, texts: string[], errors: CronFieldError[]): SchedulerError {
  const dialect = fromOtherDialect(text, texts);
  const inFields = errors.filter((error) => isField(error.field));
  if (inFields.length === 0) {
    const found = text === '' ? 'is empty' : wholeFault(text);
    return refuse(
      text,
      found,
      dialect ?? 'write 5 fields: minute hour day-of-month month day-of-week, e.g. "*/5 * * * *"',
    );
  }
  const impossible = errors.find((error) => error.message.includes('impossible'));
  if (impossible)
    return refuse(
      text,
      `asks for a day that never comes: no month it names has a day ${texts[3]}`,
      'write L for the last day of a month',
    );
  const found = inFields.map(({ field, value }) => `${LABEL[field as Field]} "${value}"`).join(', ');
  const expected = inFields.map(({ field }) => EXPECTED[field as Field]).join('; ');
  return refuse(text, `has a fault in ${found}`, dialect ?? expected);
}

function refuse(text: string, found: string, fix: string): SchedulerError {
  return new SchedulerError('INVALID_SCHEDULE', `cron "${text}" ${found}`, fix);
}

function wholeFault(text: string): string {
  if (text.startsWith('@')) return 'is not a known nickname';
  const strange = /[^a-zA-Z0-9\-*/,#? ]/u.exec(text);
  if (strange) return `holds the character "${strange[0]}", which no field takes`;
  return `has ${text.split(' ').length} fields; 5 are expected, or 6 with a second before them`;
}

/** What other crons take and this one refuses, with what to write here. */
function fromOtherDialect(text: string, texts: string[]): string | null {
  if (/^@reboot$/i.test(text)) return 'set run_on_start: true on the job';
  if (/^@every\b/i.test(text)) return 'write an interval instead: 30s, 5m, 1h';
  if (text.startsWith('@')) return `the nicknames are ${Object.keys(NICKNAMES).join(' ')}`;
  if (texts.length === 7)
    return 'leave the year out: there is no field for it; for one date write a one-time schedule';
  if (texts.some((field) => /^h(\(.*\))?(\/\d+)?$/i.test(field)))
    return 'H is not taken; write a number, and jitter to spread jobs';
  if (/^l$/i.test(texts[5] ?? '')) return 'write the weekday too: 6L is the last Saturday of the month';
  const stepped = texts.flatMap((field) => field.split(',')).find((part) => /^\d+\/\d+$/.test(part));
  if (!stepped) return null;
  const [from, step] = stepped.split('/');
  return `a step needs a range: write */${step}, or ${from}-<last>/${step} for "${stepped}"`;
}

function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}
