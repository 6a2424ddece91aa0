// The day fields of a cron expression as a bit mask of days for any month; no zone, no time of day.

/** A day field's value as the grammar gives it: a number, or `L`, `L-3`, `15W`, `LW` (day of month), `1#2`, `5L` (day of week). */
export type DayToken = number | string;

/** A calendar month, proleptic Gregorian. */
export interface Month {
  year: number;
  /** 1–12 */
  month: number;
  /** Its first day, in days since 1970-01-01. */
  firstDay: number;
  length: number;
}

/** The month that holds a day (days since 1970-01-01). Days-to-civil by era arithmetic: years of 400 repeat exactly. */
export function monthOf(day: number): Month {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * marchMonth + 2) / 5);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, firstDay: day - dayOfMonth, length: lengthOf(year, month) };
}

export function monthAfter(month: Month): Month {
  const year = month.month === 12 ? month.year + 1 : month.year;
  const next = month.month === 12 ? 1 : month.month + 1;
  return { year, month: next, firstDay: month.firstDay + month.length, length: lengthOf(year, next) };
}

export function monthBefore(month: Month): Month {
  const year = month.month === 1 ? month.year - 1 : month.year;
  const previous = month.month === 1 ? 12 : month.month - 1;
  const length = lengthOf(year, previous);
  return { year, month: previous, firstDay: month.firstDay - length, length };
}

function lengthOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const UNKNOWN = -1;

/** Which days of which months match. The mask of a month depends only on its length and first weekday: 28 shapes, kept. */
export class MonthDays {
  readonly #months: ReadonlySet<number>;
  readonly #daysOfMonth: readonly DayToken[];
  readonly #daysOfWeek: readonly DayToken[];
  readonly #either: boolean;
  readonly #masks = new Int32Array(28).fill(UNKNOWN);

  /** `either`: one of the two day fields is enough (OR); otherwise a day must match both. */
  constructor(
    months: readonly number[],
    daysOfMonth: readonly DayToken[],
    daysOfWeek: readonly DayToken[],
    either: boolean,
  ) {
    this.#months = new Set(months);
    this.#daysOfMonth = daysOfMonth;
    this.#daysOfWeek = daysOfWeek;
    this.#either = either;
  }

  /** Bit d−1 is set when day d of the month matches. */
  maskOf(month: Month): number {
    if (!this.#months.has(month.month)) return 0;
    const firstWeekday = weekdayOf(month.firstDay);
    const shape = firstWeekday * 4 + month.length - 28;
    const known = this.#masks[shape]!;
    if (known !== UNKNOWN) return known;
    const mask = this.#build(firstWeekday, month.length);
    this.#masks[shape] = mask;
    return mask;
  }

  #build(firstWeekday: number, length: number): number {
    let mask = 0;
    for (let day = 1; day <= length; day++) {
      const weekday = (firstWeekday + day - 1) % 7;
      const byMonth = this.#daysOfMonth.some((token) => dayOfMonth(token, firstWeekday, length) === day);
      const byWeek = this.#daysOfWeek.some((token) => matchesWeekday(token, weekday, day, length));
      if (this.#either ? byMonth || byWeek : byMonth && byWeek) mask |= 1 << (day - 1);
    }
    return mask;
  }
}

/** 0 is Sunday; 1970-01-01 was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** The day that a day-of-month token means in a month of this shape, or 0 when the month has none. */
function dayOfMonth(token: DayToken, firstWeekday: number, length: number): number {
  if (typeof token === 'number') return token <= length ? token : 0;
  if (token === 'L') return length;
  if (token.startsWith('L-')) return Math.max(0, length - Number(token.slice(2)));
  const target = token === 'LW' ? length : Number.parseInt(token, 10);
  return target <= length ? nearestWorkday(target, firstWeekday, length) : 0;
}

/** Monday to Friday nearest to `target`, never leaving the month. */
function nearestWorkday(target: number, firstWeekday: number, length: number): number {
  const weekday = (firstWeekday + target - 1) % 7;
  if (weekday === 6) return target === 1 ? 3 : target - 1;
  if (weekday === 0) return target === length ? target - 2 : target + 1;
  return target;
}

function matchesWeekday(token: DayToken, weekday: number, day: number, length: number): boolean {
  if (typeof token === 'number') return token === weekday;
  if (Number.parseInt(token, 10) !== weekday) return false;
  if (token.endsWith('L')) return day + 7 > length;
  return Math.ceil(day / 7) === Number(token.slice(token.indexOf('#') + 1));
}
