// A range row and the rows inside of it: which slots are its own, and with which of them it may begin and end. Pure.

import type { EpochMs } from '#core/clock';
import type { Covers } from '#core/run';
import type { Schedule } from '#core/schedule';
import type { Account } from '#store/store';

/**
 * What other rows account for within the span of a range: a pause between slots that were decided together, or runs that
 * were there before a clock was set back.
 */
export function spansWithin(runId: string, range: Covers, all: readonly Account[]): Covers[] {
  return all.filter((other) => other.runId !== runId && other.from >= range.from && other.to <= range.to);
}

/** `slot`, or the next one that none of the spans holds. */
export function ownFrom(slot: EpochMs | null, spans: readonly Covers[], schedule: Schedule): EpochMs | null {
  return beyond(slot, spans, (span) => schedule.next(span.to));
}

/** `slot`, or the last one before it that none of the spans holds: that of another row has its key already. */
export function ownUpTo(slot: EpochMs | null, spans: readonly Covers[], schedule: Schedule): EpochMs | null {
  return beyond(slot, spans, (span) => schedule.prev(span.from - 1));
}

function beyond(
  slot: EpochMs | null,
  spans: readonly Covers[],
  step: (span: Covers) => EpochMs | null,
): EpochMs | null {
  let at = slot;
  for (;;) {
    const reached = at;
    const holder = spans.find(({ from, to }) => reached !== null && from <= reached && reached <= to);
    if (!holder) return at;
    at = step(holder);
  }
}

/** Slots in [from, to] that are the range's own. */
export function countOwn(from: EpochMs, to: EpochMs, spans: readonly Covers[], schedule: Schedule): number {
  const others = spans.filter((span) => span.from >= from && span.to <= to);
  return others.reduce((left, span) => left - span.count, schedule.count(from - 1, to));
}
