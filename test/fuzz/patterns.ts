// Random cron text together with what it means, worked out from how it was drawn and never by reading it.

import { type Expression, workdayNearest } from '../unit/schedule/reference.ts';
import type { Random } from './random.ts';

/** A drawn expression: the reference can try it, and croner can read it where its grammar reaches. */
export interface Pattern extends Expression {
  seconds: Set<number>;
  dayMatch: 'or' | 'and';
  /** Both day fields restrict and one is enough (OR). */
  either: boolean;
  /** The month and the day of month as written, the weekday left aside. */
  matchesMonthDay(date: Temporal.PlainDate): boolean;
  /** The same in croner's grammar (no range over the end); null where it has no words for it (`L-3`). */
  croner: string | null;
}

/** Values near a change of the clocks, so that the draws meet it. */
export interface Aim {
  seconds: readonly number[];
  minutes: readonly number[];
  hours: readonly number[];
  days: readonly number[];
  months: readonly number[];
  /** 0 is Sunday. */
  weekdays: readonly number[];
}

interface Field {
  text: string;
  croner: string | null;
  values: number[];
}

interface DayField {
  text: string;
  croner: string | null;
  matches(date: Temporal.PlainDate): boolean;
}

/** A field's first and last value, and names for them. */
interface Kind {
  min: number;
  max: number;
  names?: readonly string[];
}

const MONTH_NAMES = 'JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC'.split(' ');
const DAY_NAMES = 'SUN MON TUE WED THU FRI SAT'.split(' ');
const SECOND: Kind = { min: 0, max: 59 };
const MINUTE: Kind = { min: 0, max: 59 };
const HOUR: Kind = { min: 0, max: 23 };
const MONTH: Kind = { min: 1, max: 12, names: MONTH_NAMES };

/** Whether the clocks showing this is a match, gaps and repeated hours aside. */
export function matches(pattern: Pattern, wall: Temporal.PlainDateTime): boolean {
  return (
    pattern.hours.has(wall.hour) &&
    pattern.minutes.has(wall.minute) &&
    pattern.seconds.has(wall.second) &&
    pattern.matchesDay(wall.toPlainDate())
  );
}

export function drawPattern(random: Random, aim: Aim): Pattern {
  const second = random.chance(0.6) ? null : field(random, SECOND, aim.seconds, SECONDS_WAYS);
  const minute = field(random, MINUTE, aim.minutes, TIME_WAYS);
  const hour = field(random, HOUR, aim.hours, TIME_WAYS);
  const month = random.chance(0.75) ? star(MONTH) : field(random, MONTH, aim.months, MONTH_WAYS);
  const byMonth = dayOfMonth(random, aim.days);
  const byWeek = dayOfWeek(random, aim.weekdays);
  const dayMatch = random.chance(0.8) ? 'or' : 'and';
  const either = dayMatch === 'or' && restricts(byMonth.text) && restricts(byWeek.text);
  const fields = [...(second ? [second] : []), minute, hour, byMonth, month, byWeek];
  const inCroner = fields.map(({ croner }) => croner);
  return {
    text: fields.map(({ text }) => text).join(' '),
    croner: inCroner.includes(null) ? null : inCroner.join(' '),
    dayMatch,
    either,
    seconds: new Set(second?.values ?? [0]),
    minutes: new Set(minute.values),
    hours: new Set(hour.values),
    elapsed: minute.text.startsWith('*') || hour.text.startsWith('*'),
    matchesMonthDay: (date) => month.values.includes(date.month) && byMonth.matches(date),
    matchesDay: (date) =>
      month.values.includes(date.month) &&
      (either
        ? byMonth.matches(date) || byWeek.matches(date)
        : byMonth.matches(date) && byWeek.matches(date)),
  };
}

const restricts = (text: string) => !text.startsWith('*') && text !== '?';

type Way = (random: Random, kind: Kind, aim: readonly number[]) => Field;

const star = (kind: Kind): Field => ({ text: '*', croner: '*', values: between(kind.min, kind.max) });

const step: Way = (random, kind) => {
  const by = random.integer(1, kind.max - kind.min + 1);
  const text = `*/${by}`;
  return { text, croner: text, values: every(between(kind.min, kind.max), by) };
};

const single: Way = (random, kind, aim) => {
  const value = one(random, kind, aim);
  const text = named(random, kind, value);
  return { text, croner: text, values: [value] };
};

const list: Way = (random, kind, aim) =>
  joined(random.some(values(random, kind, aim), 4).map((value) => plain(value)));

const range: Way = (random, kind, aim) => {
  const [from, to] = [one(random, kind, aim), one(random, kind, aim)];
  const all = from <= to ? between(from, to) : [...between(from, kind.max), ...between(kind.min, to)];
  const by = random.chance(0.4) ? random.integer(1, Math.min(30, kind.max)) : 1;
  const text = `${named(random, kind, from)}-${named(random, kind, to)}${by > 1 ? `/${by}` : ''}`;
  const met = every(all, by);
  return { text, croner: from <= to ? text : met.join(','), values: met };
};

/** `5,10-12`, a star and 5, 5 and a star: the first sign decides whether it is fixed. */
const mixed: Way = (random, kind, aim) => {
  const parts = [single(random, kind, aim), random.pick([range, step])(random, kind, aim)];
  return joined(random.chance(0.5) ? parts : parts.reverse());
};

type Ways = readonly (readonly [weight: number, way: Way])[];
const anyOf: Way = (_random, kind) => star(kind);
const TIME_WAYS: Ways = [
  [3, anyOf],
  [3, step],
  [6, single],
  [4, list],
  [4, range],
  [1, mixed],
];
const SECONDS_WAYS: Ways = [
  [1, anyOf],
  [2, step],
  [6, single],
  [3, list],
  [2, range],
  [1, mixed],
];
const MONTH_WAYS: Ways = [
  [1, step],
  [4, single],
  [3, list],
  [4, range],
  [1, mixed],
];

function field(random: Random, kind: Kind, aim: readonly number[], ways: Ways): Field {
  return random.weighted(ways)(random, kind, aim);
}

function dayOfMonth(random: Random, aim: readonly number[]): DayField {
  const kind = { min: 1, max: 31 };
  const day = () => one(random, kind, aim);
  return random.weighted<() => DayField>([
    [18, () => anyDay('*')],
    [1, () => anyDay('?')],
    [3, () => dated(single(random, kind, aim))],
    [3, () => dated(list(random, kind, aim))],
    [3, () => dated(range(random, kind, aim))],
    [2, () => dated(step(random, kind, aim))],
    [2, () => lastDay(random.chance(0.5) ? 0 : random.integer(1, 27))],
    [2, () => workday(day())],
    [1, () => ({ ...special('LW'), matches: (date) => workdayNearest(date, date.daysInMonth) })],
    [1, () => eitherOf(workday(day()), dated(single(random, kind, aim)))],
    [1, () => eitherOf(dated(list(random, kind, aim)), lastDay(0))],
  ])();
}

function dayOfWeek(random: Random, aim: readonly number[]): DayField {
  const weekday = () => (random.chance(0.7) ? random.pick(aim) : random.integer(0, 6));
  const word = (day: number) => random.pick([DAY_NAMES[day]!, String(day), day === 0 ? '7' : String(day)]);
  const listed = () => {
    const days = random.some([weekday(), weekday(), random.integer(0, 6)], 3);
    return weekdays(days.map(word).join(','), null, days);
  };
  return random.weighted<() => DayField>([
    [18, () => anyDay('*')],
    [1, () => anyDay('?')],
    [4, listed],
    [3, () => weekdayRange(random, weekday(), weekday())],
    [1, () => weekdays('*/2', null, [0, 2, 4, 6])],
    [1, () => weekdays('MON-FRI/2', null, [1, 3, 5])],
    [2, () => nthWeekday(word, weekday(), random.integer(1, 5))],
    [2, () => lastWeekday(word, weekday())],
    [1, () => eitherOf(nthWeekday(word, weekday(), random.integer(1, 5)), lastWeekday(word, weekday()))],
  ])();
}

const anyDay = (text: string): DayField => ({ text, croner: '*', matches: () => true });
const special = (text: string) => ({ text, croner: text });

function dated({ text, croner, values }: Field): DayField {
  return { text, croner, matches: (date) => values.includes(date.day) };
}

function lastDay(before: number): DayField {
  const text = before === 0 ? 'L' : `L-${before}`;
  return {
    text,
    croner: before === 0 ? text : null,
    matches: (date) => date.day === date.daysInMonth - before,
  };
}

function workday(target: number): DayField {
  return { ...special(`${target}W`), matches: (date) => workdayNearest(date, target) };
}

function weekdays(text: string, croner: string | null, days: readonly number[]): DayField {
  return { text, croner: croner ?? text, matches: (date) => days.includes(date.dayOfWeek % 7) };
}

function weekdayRange(random: Random, from: number, to: number): DayField {
  const days = from <= to ? between(from, to) : [...between(from, 6), ...between(0, to)];
  const text = random.chance(0.5) ? `${DAY_NAMES[from]}-${DAY_NAMES[to]}` : `${from}-${to}`;
  return weekdays(text, days.join(','), days);
}

function nthWeekday(word: (day: number) => string, day: number, nth: number): DayField {
  return {
    ...special(`${word(day)}#${nth}`),
    matches: (date) => date.dayOfWeek % 7 === day && Math.ceil(date.day / 7) === nth,
  };
}

function lastWeekday(word: (day: number) => string, day: number): DayField {
  return {
    ...special(`${word(day)}L`),
    matches: (date) => date.dayOfWeek % 7 === day && date.day + 7 > date.daysInMonth,
  };
}

function eitherOf(one: DayField, other: DayField): DayField {
  const both = one.croner === null || other.croner === null ? null : `${one.croner},${other.croner}`;
  return {
    text: `${one.text},${other.text}`,
    croner: both,
    matches: (date) => one.matches(date) || other.matches(date),
  };
}

function joined(parts: readonly Field[]): Field {
  const text = parts.map((part) => part.text).join(',');
  return {
    text,
    croner: parts.map((part) => part.croner).join(','),
    values: parts.flatMap((part) => part.values),
  };
}

const plain = (value: number): Field => ({ text: String(value), croner: String(value), values: [value] });

/** Mostly one that is aimed at, now and then any. */
function one(random: Random, kind: Kind, aim: readonly number[]): number {
  return random.chance(0.7) ? random.pick(aim) : random.integer(kind.min, kind.max);
}

function values(random: Random, kind: Kind, aim: readonly number[]): number[] {
  return [...aim, random.integer(kind.min, kind.max), random.integer(kind.min, kind.max)];
}

function named(random: Random, kind: Kind, value: number): string {
  return kind.names && random.chance(0.5) ? kind.names[value - kind.min]! : String(value);
}

function between(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, place) => from + place);
}

function every(all: readonly number[], by: number): number[] {
  return all.filter((_, place) => place % by === 0);
}
