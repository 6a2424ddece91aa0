// A job's slots with the instants they are due at, without those that have a row already (rules 13, 20). Pure.

import type { EpochMs } from '#core/clock';
import type { Schedule } from '#core/schedule';
import { dueAt } from '#schedule/jitter';
import type { DueJob } from '#store/store';

/** Answers in slots; where it is asked by due time the name says so. Jitter keeps due times in the order of their slots. */
export class Grid {
  readonly #schedule: Schedule;
  readonly #uid: string;
  readonly #jitterMs: number;
  readonly #taken: DueJob['taken'];

  constructor(schedule: Schedule, uid: string, jitterMs: number, taken: DueJob['taken'] = []) {
    this.#schedule = schedule;
    this.#uid = uid;
    this.#jitterMs = jitterMs;
    this.#taken = merged(taken);
  }

  /** Slot + jitter (rule 20). */
  due(slot: EpochMs): EpochMs {
    return dueAt(this.#schedule, slot, this.#uid, this.#jitterMs);
  }

  /** The first slot after `after`. */
  next(after: EpochMs): EpochMs | null {
    let slot = this.#schedule.next(after);
    for (const range of this.#taken) {
      if (slot === null || slot < range.from) break;
      if (slot <= range.to) slot = this.#schedule.next(range.to);
    }
    return slot;
  }

  /** The last slot at or before `upTo`. */
  prev(upTo: EpochMs): EpochMs | null {
    let slot = this.#schedule.prev(upTo);
    for (const range of this.#taken.toReversed()) {
      if (slot === null || slot > range.to) continue;
      if (slot >= range.from) slot = this.#schedule.prev(range.from - 1);
    }
    return slot;
  }

  /** Slots in (after, upTo]. */
  count(after: EpochMs, upTo: EpochMs): number {
    let count = this.#schedule.count(after, upTo);
    for (const range of this.#taken) {
      const from = Math.max(after, range.from - 1);
      const to = Math.min(upTo, range.to);
      if (from < to) count -= this.#schedule.count(from, to);
    }
    return count;
  }

  /** The first slot that is due at `instant` or later. */
  firstDueFrom(instant: EpochMs): EpochMs | null {
    if (!Number.isFinite(instant)) return this.next(instant);
    const before = this.#jitterMs > 0 ? this.prev(instant - 1) : null;
    return before !== null && this.due(before) >= instant ? before : this.next(instant - 1);
  }

  /** The last slot that is due at `instant` or earlier. */
  lastDueBy(instant: EpochMs): EpochMs | null {
    const last = this.prev(instant);
    return last !== null && this.due(last) > instant ? this.prev(last - 1) : last;
  }
}

/** Ascending, none within another. */
function merged(ranges: DueJob['taken']): DueJob['taken'] {
  if (ranges.length < 2) return ranges;
  const whole: DueJob['taken'] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = whole.at(-1);
    if (last && range.from <= last.to)
      whole[whole.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else whole.push(range);
  }
  return whole;
}

/** The slots of one stretch of time: both ends are slots. */
export interface Span {
  from: EpochMs;
  to: EpochMs;
  count: number;
}

/** The part of a span whose slots are due within [from, to], if it holds one. */
export function clipByDue(grid: Grid, span: Span, from: EpochMs, to: EpochMs): Span | null {
  const first = grid.due(span.from) >= from ? span.from : grid.firstDueFrom(from);
  const last = grid.due(span.to) <= to ? span.to : grid.lastDueBy(to);
  if (first === null || last === null || first > last || first > span.to || last < span.from) return null;
  if (first === span.from && last === span.to) return { from: first, to: last, count: span.count };
  return { from: first, to: last, count: first === last ? 1 : grid.count(first - 1, last) };
}

/** The part of a span at or after the slot `from`. */
export function clipFrom(grid: Grid, span: Span, from: EpochMs): Span | null {
  if (from <= span.from) return { from: span.from, to: span.to, count: span.count };
  if (from > span.to) return null;
  return { from, to: span.to, count: from === span.to ? 1 : grid.count(from - 1, span.to) };
}
