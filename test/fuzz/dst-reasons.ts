// A slot that only one side has in, the reason from a closed list out, each proved with Temporal alone. See dst.ts.

import { wallTimes } from '../unit/schedule/reference.ts';
import type { Case } from './dst-cases.ts';
import { matches, type Pattern } from './patterns.ts';

export const REASONS = {
  gap_of_list: 'croner drops the slot of a gap unless hour, minute and second are fixed in its own sense',
  gap_over_midnight: 'croner drops the slot of a gap that ends on another date than the planned time',
  repeated_list: 'croner runs a fixed list or range in both passes of a repeated hour',
  wide_repeat: 'croner finds one pass only where clocks go back by more than 3 hours',
} as const;
export type Reason = keyof typeof REASONS;

/** croner looks this far for the other pass. */
const CRONER_REACH_S = 3 * 3600;

/**
 * Why croner has no slot at `slot`, where the law has one (`inLaw`), or has one, where the law has none; null when
 * nothing on the list explains it.
 */
export function reasonFor(drawn: Case, slot: number, inLaw: boolean): Reason | null {
  const { pattern, zone } = drawn;
  const on = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(zone);
  if (!matches(pattern, on.toPlainDateTime())) return inLaw ? reasonInGap(drawn, on) : null;
  const { first, backBy } = passesOf(on);
  const isExtra = !inLaw && !pattern.elapsed && first < slot;
  if (backBy > CRONER_REACH_S) return inLaw || isExtra ? 'wide_repeat' : null;
  return isExtra && !isFixedForCroner(drawn) ? 'repeated_list' : null;
}

/** For an instant at which the clocks show no match. */
function reasonInGap(drawn: Case, on: Temporal.ZonedDateTime): Reason | null {
  const passedOver = timesPassedOver(drawn.pattern, on);
  if (drawn.pattern.elapsed || passedOver.length === 0) return null;
  if (!isFixedForCroner(drawn)) return 'gap_of_list';
  return passedOver.some((wall) => wall.toPlainDate().equals(on.toPlainDate())) ? null : 'gap_over_midnight';
}

/** By croner's own reading of its text: each field of the time a single value, or none with a star or a step. */
function isFixedForCroner({ pattern, fixedTimeRule }: Case): boolean {
  const fields = pattern.croner!.split(' ');
  const time = fields.length === 6 ? fields.slice(0, 3) : fields.slice(0, 2);
  if (time.some((field) => /[*/]/.test(field))) return false;
  const sizes = [pattern.seconds.size, pattern.minutes.size, pattern.hours.size];
  return fixedTimeRule === 'no-wildcard' || sizes.every((size) => size === 1);
}

/** When the clocks first show what they show now, and by how many seconds they go back to show it again. */
function passesOf(on: Temporal.ZonedDateTime): { first: number; backBy: number } {
  const [first, last] = (['earlier', 'later'] as const).map((disambiguation) =>
    on.toPlainDateTime().toZonedDateTime(on.timeZoneId, { disambiguation }),
  ) as [Temporal.ZonedDateTime, Temporal.ZonedDateTime];
  const backBy = (last.epochMilliseconds - first.epochMilliseconds) / 1000;
  return { first: first.epochMilliseconds, backBy };
}

/** Matching times that the clocks are put over at this instant; none where they are not put forward. */
function timesPassedOver(pattern: Pattern, on: Temporal.ZonedDateTime): Temporal.PlainDateTime[] {
  const gap = (on.offsetNanoseconds - on.subtract({ nanoseconds: 1 }).offsetNanoseconds) / 1e9;
  const shown = on.toPlainDateTime();
  return gap <= 0
    ? []
    : [...wallTimes(pattern, shown.subtract({ seconds: gap }), shown.subtract({ seconds: 1 }))];
}
