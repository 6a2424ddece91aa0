// What the schedule tests share: reading and showing times of a zone, walking, and the seed of a run.

import type { Schedule } from '#core/schedule';
import { buildSchedule, parseInstant } from '#schedule/parse';

/** Fresh every run, printed, and taken from FC_SEED to repeat one. */
export const seed = Number(process.env.FC_SEED ?? Date.now() % 2 ** 31);
console.log(`property tests: FC_SEED=${seed}`);

export function cron(expression: string, timezone = 'UTC', dayMatch: 'or' | 'and' = 'or'): Schedule {
  return buildSchedule({ kind: 'cron', expression, timezone, dayMatch });
}

/** A time of the zone as written, `2026-03-08T02:30`; with an offset where it is ambiguous. */
export function at(text: string, timezone = 'UTC'): number {
  return parseInstant(text, timezone);
}

/** `2026-03-08T03:00-04:00`; seconds only where there are any. */
export function show(slot: number, timezone = 'UTC'): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(timezone);
  return zoned.toString({ timeZoneName: 'never', smallestUnit: slot % 60_000 === 0 ? 'minute' : 'second' });
}

/** Every slot in (after, upTo], by `next` alone. */
export function forward(schedule: Schedule, after: number, upTo: number): number[] {
  const slots: number[] = [];
  for (let slot = schedule.next(after); slot !== null && slot <= upTo; slot = schedule.next(slot))
    slots.push(slot);
  return slots;
}

/** Every slot in (after, upTo], by `prev` alone, oldest first. */
export function backward(schedule: Schedule, after: number, upTo: number): number[] {
  const slots: number[] = [];
  for (let slot = schedule.prev(upTo); slot !== null && slot > after; slot = schedule.prev(slot - 1))
    slots.unshift(slot);
  return slots;
}
