// A second, slow reading of rule 12 for property tests and fuzz: tries every wall time of a window, shares no code with src.

import fc from 'fast-check';

export interface Expression {
  text: string;
  /** Second 0 alone where there is none. */
  seconds?: Set<number>;
  minutes: Set<number>;
  hours: Set<number>;
  /** Written with a leading `*` in hour or minute. */
  elapsed: boolean;
  matchesDay(date: Temporal.PlainDate): boolean;
}

interface TimeField {
  text: string;
  values: Set<number>;
}

const upTo = (max: number) => Array.from({ length: max + 1 }, (_, value) => value);

function timeField(max: number): fc.Arbitrary<TimeField> {
  const value = fc.integer({ min: 0, max });
  const step = fc.integer({ min: 1, max: Math.min(max, 30) });
  return fc.oneof(
    fc.constant({ text: '*', values: new Set(upTo(max)) }),
    step.map((by) => ({ text: `*/${by}`, values: new Set(upTo(max).filter((each) => each % by === 0)) })),
    fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((list) => ({
      text: list.join(','),
      values: new Set(list),
    })),
    fc.tuple(value, value, step).map(([a, b, by]) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const values = upTo(max).filter((each) => each >= low && each <= high && (each - low) % by === 0);
      return { text: `${low}-${high}/${by}`, values: new Set(values) };
    }),
  );
}

interface DayField {
  text: string;
  matches(date: Temporal.PlainDate): boolean;
}

const anyDay: DayField = { text: '*', matches: () => true };

/** Monday to Friday, and none of the month is nearer to `target`. */
export function workdayNearest(date: Temporal.PlainDate, target: number): boolean {
  if (target > date.daysInMonth || date.dayOfWeek > 5) return false;
  const distance = Math.abs(date.day - target);
  return !upTo(30).some((index) => {
    const day = index + 1;
    const isWorkday = (((date.dayOfWeek - 1 + day - date.day) % 7) + 7) % 7 < 5;
    return isWorkday && day <= date.daysInMonth && Math.abs(day - target) < distance;
  });
}

const dayOfMonth: fc.Arbitrary<DayField> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(anyDay) },
  fc.uniqueArray(fc.integer({ min: 1, max: 28 }), { minLength: 1, maxLength: 4 }).map((days) => ({
    text: days.join(','),
    matches: (date: Temporal.PlainDate) => days.includes(date.day),
  })),
  fc.constant({ text: 'L', matches: (date: Temporal.PlainDate) => date.day === date.daysInMonth }),
  fc.constant({ text: 'LW', matches: (date: Temporal.PlainDate) => workdayNearest(date, date.daysInMonth) }),
  fc.integer({ min: 1, max: 31 }).map((target) => ({
    text: `${target}W`,
    matches: (date: Temporal.PlainDate) => workdayNearest(date, target),
  })),
);

const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

const dayOfWeek: fc.Arbitrary<DayField> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(anyDay) },
  fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }).map((days) => ({
    text: days.map((day) => WEEKDAYS[day]).join(','),
    matches: (date: Temporal.PlainDate) => days.includes(date.dayOfWeek % 7),
  })),
  fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 4 })).map(([day, nth]) => ({
    text: `${day}#${nth}`,
    matches: (date: Temporal.PlainDate) => date.dayOfWeek % 7 === day && Math.ceil(date.day / 7) === nth,
  })),
);

/** Five fields, month always `*`: months are tried by tables and against croner. */
export const expressions: fc.Arbitrary<Expression> = fc
  .tuple(timeField(59), timeField(23), dayOfMonth, dayOfWeek)
  .map(([minute, hour, byMonth, byWeek]) => {
    const either = byMonth !== anyDay && byWeek !== anyDay;
    return {
      text: `${minute.text} ${hour.text} ${byMonth.text} * ${byWeek.text}`,
      minutes: minute.values,
      hours: hour.values,
      elapsed: minute.text.startsWith('*') || hour.text.startsWith('*'),
      matchesDay: (date) =>
        either
          ? byMonth.matches(date) || byWeek.matches(date)
          : byMonth.matches(date) && byWeek.matches(date),
    };
  });

/**
 * The slots in (after, upTo] by trying every wall time that the zone's clocks show or pass in the window. The
 * clocks are at most as far from what they show at its ends as all changes in it are wide together.
 */
export function slotsByTrying(wanted: Expression, timezone: string, after: number, upTo: number): number[] {
  const zoned = (instant: number) =>
    Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timezone);
  const slots = new Set<number>();
  const margin = { seconds: widthOfChanges(zoned(after), upTo) };
  const first = zoned(after).toPlainDateTime().subtract(margin);
  const last = zoned(upTo).toPlainDateTime().add(margin);
  for (const wall of wallTimes(wanted, first, last))
    for (const slot of instantsOf(wall, timezone, wanted.elapsed))
      if (slot > after && slot <= upTo) slots.add(slot);
  return [...slots].sort((a, b) => a - b);
}

/** Seconds by which clocks are put forward and back after `from` and up to `upTo`, all of them added. */
function widthOfChanges(from: Temporal.ZonedDateTime, upTo: number): number {
  let width = 0;
  let offset = from.offsetNanoseconds;
  let change = from.getTimeZoneTransition('next');
  for (; change && change.epochMilliseconds <= upTo; change = change.getTimeZoneTransition('next')) {
    width += Math.abs(change.offsetNanoseconds - offset) / 1e9;
    offset = change.offsetNanoseconds;
  }
  return width;
}

/** Matching wall times from the second of `first` to that of `last`, both included. */
export function* wallTimes(
  wanted: Expression,
  first: Temporal.PlainDateTime,
  last: Temporal.PlainDateTime,
): Iterable<Temporal.PlainDateTime> {
  const [from, to] = [secondOfDay(first), secondOfDay(last)];
  const [firstDate, lastDate] = [first.toPlainDate(), last.toPlainDate()];
  for (let date = firstDate; Temporal.PlainDate.compare(date, lastDate) <= 0; date = date.add({ days: 1 })) {
    if (!wanted.matchesDay(date)) continue;
    const [low, high] = [date.equals(firstDate) ? from : 0, date.equals(lastDate) ? to : 86_399];
    for (const hour of wanted.hours) {
      if (hour * 3600 + 3599 < low || hour * 3600 > high) continue;
      for (const minute of wanted.minutes)
        for (const second of wanted.seconds ?? [0]) {
          const time = hour * 3600 + minute * 60 + second;
          if (time >= low && time <= high) yield date.toPlainDateTime({ hour, minute, second });
        }
    }
  }
}

const secondOfDay = ({ hour, minute, second }: Temporal.PlainDateTime) => hour * 3600 + minute * 60 + second;

function instantsOf(wall: Temporal.PlainDateTime, timezone: string, elapsed: boolean): number[] {
  const earlier = wall.toZonedDateTime(timezone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(timezone, { disambiguation: 'later' });
  if (earlier.epochMilliseconds === later.epochMilliseconds) return [earlier.epochMilliseconds];
  const isShown = earlier.toPlainDateTime().equals(wall);
  if (isShown)
    return elapsed ? [earlier.epochMilliseconds, later.epochMilliseconds] : [earlier.epochMilliseconds];
  return elapsed ? [] : [earlier.getTimeZoneTransition('next')!.epochMilliseconds];
}

/** Every change of offset in [from, to). */
export function transitions(timezone: string, from: string, to: string): number[] {
  const found: number[] = [];
  const end = Temporal.Instant.from(to);
  let zoned = Temporal.Instant.from(from).toZonedDateTimeISO(timezone).getTimeZoneTransition('next');
  for (
    ;
    zoned && zoned.epochMilliseconds < end.epochMilliseconds;
    zoned = zoned.getTimeZoneTransition('next')
  )
    found.push(zoned.epochMilliseconds);
  return found;
}
