// Cron expression and zone in, slots out: lays the matching wall times over the zone's offsets (rule 12). Pure.

import type { EpochMs } from '#core/clock';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { parseCron } from './grammar.ts';
import { MonthDays } from './month-days.ts';
import { ValueSet } from './values.ts';
import { WallPattern, type WallSecond } from './wall.ts';
import { type EpochSecond, LAST_SECOND, type Stretch, type Zone, zoneOf } from './zone.ts';

/** More than any wall time and its instant can be apart: the furthest offset and a skipped day together. */
const FURTHEST_S = 48 * 3600;

/**
 * The slots of a cron expression. Summer time by the Vixie rule, which reads the *text* of the hour and the
 * minute field (the seconds field and the day fields never matter):
 *
 * - **Fixed** (neither begins with `*`: `30 2 * * *`, `0 2,3 * * *`, `0-30/10 1-4 * * *`). The hands of the
 *   clock only ever move forward: every wall time counts once, when the clock first reaches it or, where the
 *   clock is put forward over it, passes it. So in the repeated hour the first pass counts, and what lies in a
 *   gap happens at the first instant after it. Matches of one gap, and one on its far edge, are a single slot.
 *   The size of the gap makes no difference: half an hour in Lord Howe, the whole 30 December 2011 in Apia
 *   (its date decides whether the day fields match). Nothing planned is ever lost, nothing happens twice.
 * - **Elapsed** (one of them begins with `*`, a step included: `0 * * * *`, `* 2 * * *`). A slot is any instant
 *   at which the clock shows a matching time: twice in the repeated hour, never in a gap. `* 2 * * *` therefore
 *   has no slot on a day without a two o'clock.
 *
 * Day of month and day of week are alternatives (OR) when the text of neither begins with `*` (or is `?`);
 * otherwise, and always with `dayMatch: 'and'`, a day has to match both: a stepped star in the day of month
 * beside `MON` means the Mondays that the step hits.
 */
export class CronSchedule implements Schedule {
  readonly kind = 'cron';
  readonly #pattern: WallPattern;
  readonly #zone: Zone;
  readonly #fixed: boolean;

  /** Throws INVALID_SCHEDULE when the expression or the zone is refused. */
  constructor(spec: Extract<ScheduleSpec, { kind: 'cron' }>) {
    const fields = parseCron(spec.expression);
    const either = spec.dayMatch === 'or' && fields.restrictsDayOfMonth && fields.restrictsDayOfWeek;
    this.#pattern = new WallPattern(
      new ValueSet(fields.seconds, 59),
      new ValueSet(fields.minutes, 59),
      new ValueSet(fields.hours, 23),
      new MonthDays(fields.months, fields.daysOfMonth, fields.daysOfWeek, either),
    );
    this.#fixed = fields.fixedTime;
    this.#zone = zoneOf(spec.timezone);
  }

  next(after: EpochMs): EpochMs | null {
    let second: EpochSecond = Math.floor(after / 1000) + 1;
    while (second <= LAST_SECOND) {
      const stretch = this.#zone.at(second);
      const wall = this.#pattern.atOrAfter(this.#firstWall(stretch, second));
      if (wall === null) return null;
      if (wall < stretch.end + stretch.offset) return answer(Math.max(wall - stretch.offset, stretch.start));
      // A clock that is put back may show an earlier match, so only hands that never do may leap ahead.
      second = this.#fixed ? Math.max(stretch.end, wall - FURTHEST_S) : stretch.end;
    }
    return null;
  }

  prev(atOrBefore: EpochMs): EpochMs | null {
    let second: EpochSecond = Math.floor(atOrBefore / 1000);
    while (second >= -LAST_SECOND) {
      const stretch = this.#zone.at(second);
      const wall = this.#pattern.atOrBefore(this.#lastWall(stretch, second));
      if (wall === null) return null;
      const earliest = this.#fixed ? stretch.reached : stretch.start + stretch.offset;
      if (wall >= earliest) return answer(Math.max(wall - stretch.offset, stretch.start));
      second = this.#fixed ? Math.min(stretch.start - 1, wall + FURTHEST_S) : stretch.start - 1;
    }
    return null;
  }

  count(after: EpochMs, upTo: EpochMs): number {
    let first: EpochSecond = Math.max(Math.floor(after / 1000) + 1, -LAST_SECOND);
    const last: EpochSecond = Math.min(Math.floor(upTo / 1000), LAST_SECOND);
    let count = 0;
    while (first <= last) {
      const stretch = this.#zone.at(first);
      count += this.#countWithin(stretch, first, Math.min(last, stretch.end - 1));
      first = stretch.end;
    }
    return count;
  }

  /** Slots in [first, last], both inside the stretch. */
  #countWithin(stretch: Stretch, first: EpochSecond, last: EpochSecond): number {
    const from = this.#firstWall(stretch, first);
    const shown = stretch.start + stretch.offset;
    const to = last + stretch.offset + 1;
    if (from >= shown) return this.#pattern.count(from, to);
    const atStart = this.#pattern.count(from, shown + 1) > 0 ? 1 : 0;
    return atStart + this.#pattern.count(shown + 1, to);
  }

  /** The first wall time that counts at or after an instant of the stretch: at its start, the gap too. */
  #firstWall(stretch: Stretch, second: EpochSecond): WallSecond {
    if (!this.#fixed) return second + stretch.offset;
    return second === stretch.start ? stretch.reached : Math.max(second + stretch.offset, stretch.reached);
  }

  /** The last wall time that has counted by an instant of the stretch. */
  #lastWall(stretch: Stretch, second: EpochSecond): WallSecond {
    const shown = second + stretch.offset;
    return this.#fixed ? Math.max(shown, stretch.reached - 1) : shown;
  }
}

/** Seconds to milliseconds; null for what lies outside the instants of ECMAScript. */
function answer(second: EpochSecond): EpochMs | null {
  return Math.abs(second) <= LAST_SECOND ? second * 1000 : null;
}
