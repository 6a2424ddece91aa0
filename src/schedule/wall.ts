// Wall times that match a cron expression, walked without any zone; cron.ts lays them over a zone's offsets.

import { type Month, type MonthDays, monthAfter, monthBefore, monthOf } from './month-days.ts';
import { NONE, type ValueSet } from './values.ts';

/**
 * A wall time: the seconds from 1970-01-01T00:00:00 to the date and time that a clock shows, as if every day
 * had 86,400 of them.
 */
export type WallSecond = number;

const DAY = 86_400;
/** The Gregorian calendar repeats after 400 years: what does not match within them never does. */
const CYCLE_MONTHS = 4800;

export class WallPattern {
  readonly #seconds: ValueSet;
  readonly #minutes: ValueSet;
  readonly #hours: ValueSet;
  readonly #days: MonthDays;
  readonly #perHour: number;
  readonly #perDay: number;
  readonly #firstOfDay: number;
  readonly #lastOfDay: number;

  constructor(seconds: ValueSet, minutes: ValueSet, hours: ValueSet, days: MonthDays) {
    this.#seconds = seconds;
    this.#minutes = minutes;
    this.#hours = hours;
    this.#days = days;
    this.#perHour = minutes.size * seconds.size;
    this.#perDay = hours.size * this.#perHour;
    this.#firstOfDay = hours.first * 3600 + minutes.first * 60 + seconds.first;
    this.#lastOfDay = hours.last * 3600 + minutes.last * 60 + seconds.last;
  }

  /** The first matching wall time ≥ `from`, or null when none ever comes. */
  atOrAfter(from: WallSecond): WallSecond | null {
    const day = Math.floor(from / DAY);
    const match = this.#dayAtOrAfter(day);
    if (match === null) return null;
    if (match > day) return match * DAY + this.#firstOfDay;
    const time = this.#timeAtOrAfter(from - day * DAY);
    if (time !== NONE) return day * DAY + time;
    const later = this.#dayAtOrAfter(day + 1);
    return later === null ? null : later * DAY + this.#firstOfDay;
  }

  /** The last matching wall time ≤ `upTo`, or null when there never was one. */
  atOrBefore(upTo: WallSecond): WallSecond | null {
    const day = Math.floor(upTo / DAY);
    const match = this.#dayAtOrBefore(day);
    if (match === null) return null;
    if (match < day) return match * DAY + this.#lastOfDay;
    const time = this.#timeAtOrBefore(upTo - day * DAY);
    if (time !== NONE) return day * DAY + time;
    const earlier = this.#dayAtOrBefore(day - 1);
    return earlier === null ? null : earlier * DAY + this.#lastOfDay;
  }

  /** How many wall times match in [from, to). Costs a step a month, never one a match. */
  count(from: WallSecond, to: WallSecond): number {
    if (to <= from) return 0;
    const firstDay = Math.floor(from / DAY);
    const lastDay = Math.floor(to / DAY);
    const whole = this.#countDays(firstDay, lastDay) * this.#perDay;
    return whole - this.#countOnDay(firstDay, from) + this.#countOnDay(lastDay, to);
  }

  #dayAtOrAfter(day: number): number | null {
    let month = monthOf(day);
    let mask = this.#days.maskOf(month) & (-1 << (day - month.firstDay));
    for (let step = 0; mask === 0; step++) {
      if (step > CYCLE_MONTHS) return null;
      month = monthAfter(month);
      mask = this.#days.maskOf(month);
    }
    return month.firstDay + lowestBit(mask);
  }

  #dayAtOrBefore(day: number): number | null {
    let month = monthOf(day);
    let mask = this.#days.maskOf(month) & upToBit(day - month.firstDay);
    for (let step = 0; mask === 0; step++) {
      if (step > CYCLE_MONTHS) return null;
      month = monthBefore(month);
      mask = this.#days.maskOf(month);
    }
    return month.firstDay + highestBit(mask);
  }

  #timeAtOrAfter(time: number): number {
    const hour = Math.floor(time / 3600);
    const minute = Math.floor(time / 60) % 60;
    if (this.#hours.has(hour)) {
      const second = this.#minutes.has(minute) ? this.#seconds.atOrAfter(time % 60) : NONE;
      if (second !== NONE) return hour * 3600 + minute * 60 + second;
      const laterMinute = this.#minutes.atOrAfter(minute + 1);
      if (laterMinute !== NONE) return hour * 3600 + laterMinute * 60 + this.#seconds.first;
    }
    const laterHour = this.#hours.atOrAfter(hour + 1);
    if (laterHour === NONE) return NONE;
    return laterHour * 3600 + this.#minutes.first * 60 + this.#seconds.first;
  }

  #timeAtOrBefore(time: number): number {
    const hour = Math.floor(time / 3600);
    const minute = Math.floor(time / 60) % 60;
    if (this.#hours.has(hour)) {
      const second = this.#minutes.has(minute) ? this.#seconds.atOrBefore(time % 60) : NONE;
      if (second !== NONE) return hour * 3600 + minute * 60 + second;
      const earlierMinute = this.#minutes.atOrBefore(minute - 1);
      if (earlierMinute !== NONE) return hour * 3600 + earlierMinute * 60 + this.#seconds.last;
    }
    const earlierHour = this.#hours.atOrBefore(hour - 1);
    if (earlierHour === NONE) return NONE;
    return earlierHour * 3600 + this.#minutes.last * 60 + this.#seconds.last;
  }

  /** Matching days in [from, to). */
  #countDays(from: number, to: number): number {
    let month = monthOf(from);
    let days = -bitCount(this.#days.maskOf(month) & ~(-1 << (from - month.firstDay)));
    while (month.firstDay + month.length <= to) {
      days += bitCount(this.#days.maskOf(month));
      month = monthAfter(month);
    }
    return days + bitCount(this.#days.maskOf(month) & ~(-1 << (to - month.firstDay)));
  }

  /** Matches on `day` before the wall time `to`, which lies on it. */
  #countOnDay(day: number, to: WallSecond): number {
    if (!this.#matchesDay(monthOf(day), day)) return 0;
    const time = to - day * DAY;
    const hour = Math.floor(time / 3600);
    const minute = Math.floor(time / 60) % 60;
    let count = this.#hours.countBelow(hour) * this.#perHour;
    if (!this.#hours.has(hour)) return count;
    count += this.#minutes.countBelow(minute) * this.#seconds.size;
    return this.#minutes.has(minute) ? count + this.#seconds.countBelow(time % 60) : count;
  }

  #matchesDay(month: Month, day: number): boolean {
    return (this.#days.maskOf(month) & (1 << (day - month.firstDay))) !== 0;
  }
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

function highestBit(mask: number): number {
  return 31 - Math.clz32(mask);
}

/** Bits 0..bit, bit ≤ 30: a mask of days uses 31 bits at most. */
function upToBit(bit: number): number {
  return ~(-2 << bit);
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
