// Interval and anchor in, slots out: a fixed grid that no run and no restart moves (rule 21). Pure.

import type { EpochMs } from '#core/clock';
import { type Duration, parseDuration } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { canonicalZone } from './zone.ts';

const LAST_MS = 8_640_000_000_000_000;
const EXAMPLES = 'write a whole number of seconds or more: 30s, 5m (minutes), 2h, 1d, 1w, 1mo';

/** Points numbered from the anchor (0) on, rising. */
interface Grid {
  /** Infinity beyond the instants of ECMAScript. */
  at(index: number): EpochMs;
  /** The number of the last point at or before `time`; negative before the anchor. */
  indexAt(time: EpochMs): number;
}

/**
 * `anchor + n·every` for n ≥ 1, or n ≥ 0 with `includeAnchor`. Elapsed time: `1d` is 24 hours, also when the
 * clocks change. Months are calendar months from the anchor's day and time of day in the zone, each counted
 * from the anchor and clamped to the month (31 Jan → 28 Feb → 31 Mar); a time of day that a change of clocks
 * skips is read as much later as the gap is long, one that is repeated is its first pass.
 */
export class IntervalSchedule implements Schedule {
  readonly kind = 'every';
  readonly #grid: Grid;
  readonly #firstIndex: number;

  /** Throws INVALID_SCHEDULE for zero, fractions of a second, unknown units, a bad anchor or zone. */
  constructor(spec: Extract<ScheduleSpec, { kind: 'every' }>) {
    const every = parseEvery(spec.every);
    const zone = canonicalZone(spec.timezone);
    if (!Number.isFinite(spec.anchor) || Math.abs(spec.anchor) > LAST_MS)
      throw new SchedulerError(
        'INVALID_SCHEDULE',
        `the anchor of "${spec.every}" is not an instant: ${spec.anchor}`,
        'give milliseconds since 1970',
      );
    const anchor = Math.floor(spec.anchor / 1000) * 1000;
    this.#grid = every.months > 0 ? monthGrid(anchor, every.months, zone) : elapsedGrid(anchor, every.ms);
    this.#firstIndex = spec.includeAnchor ? 0 : 1;
  }

  next(after: EpochMs): EpochMs | null {
    return this.#slot(Math.max(this.#grid.indexAt(after) + 1, this.#firstIndex));
  }

  prev(atOrBefore: EpochMs): EpochMs | null {
    return this.#slot(this.#grid.indexAt(atOrBefore));
  }

  count(after: EpochMs, upTo: EpochMs): number {
    const none = this.#firstIndex - 1;
    const until = (time: EpochMs) => Math.max(none, this.#grid.indexAt(Math.min(time, LAST_MS)));
    return Math.max(0, until(upTo) - until(after));
  }

  #slot(index: number): EpochMs | null {
    if (index < this.#firstIndex) return null;
    const slot = this.#grid.at(index);
    return slot <= LAST_MS ? slot : null;
  }
}

/** Reads the amount of an interval: whole seconds from 1 s, or months. Throws INVALID_SCHEDULE. */
export function parseEvery(text: string): Duration {
  let every: Duration;
  try {
    every = parseDuration(text);
  } catch (cause) {
    throw new SchedulerError('INVALID_SCHEDULE', `"${text}" is not an interval`, EXAMPLES, { cause });
  }
  if (every.ms === 0 && every.months === 0)
    throw new SchedulerError('INVALID_SCHEDULE', `the interval "${text}" is zero`, EXAMPLES);
  if (every.ms % 1000 !== 0)
    throw new SchedulerError('INVALID_SCHEDULE', `the interval "${text}" is not whole seconds`, EXAMPLES);
  return every;
}

function elapsedGrid(anchor: EpochMs, everyMs: number): Grid {
  return {
    at: (index) => anchor + index * everyMs,
    indexAt: (time) => Math.floor((time - anchor) / everyMs),
  };
}

function monthGrid(anchor: EpochMs, everyMonths: number, zone: string): Grid {
  const zoned = (time: EpochMs) => Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(zone);
  const monthNumber = (date: { year: number; month: number }) => date.year * 12 + date.month;
  const start = zoned(anchor);
  const startWall = start.toPlainDateTime();
  const at = (index: number): EpochMs => {
    if (index === 0) return anchor;
    try {
      return startWall.add({ months: index * everyMonths }).toZonedDateTime(zone).epochMilliseconds;
    } catch {
      return index > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    }
  };
  const indexAt = (time: EpochMs): number => {
    const clamped = Math.max(-LAST_MS, Math.min(LAST_MS, Math.floor(time)));
    let index = Math.floor((monthNumber(zoned(clamped)) - monthNumber(start)) / everyMonths);
    while (at(index) > clamped) index--;
    while (at(index + 1) <= clamped) index++;
    return index;
  };
  return { at, indexAt };
}
