// Showing and walking slots, by `next` and by `prev`; for tests and fuzz.

import type { Schedule } from '#core/schedule';

/** `2026-03-08T03:00-04:00`; seconds only where there are any. */
export function show(slot: number, timezone = 'UTC'): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(timezone);
  return zoned.toString({ timeZoneName: 'never', smallestUnit: slot % 60_000 === 0 ? 'minute' : 'second' });
}

/** Every slot in (after, upTo], by `next` alone. Throws where it does not get on. */
export function forward(schedule: Schedule, after: number, upTo: number): number[] {
  const slots: number[] = [];
  let slot = schedule.next(after);
  for (let asked = after; slot !== null && slot <= upTo; slot = schedule.next(slot)) {
    if (slot <= asked) throw new RangeError(`next(${asked}) is ${slot}`);
    slots.push(slot);
    asked = slot;
  }
  return slots;
}

/** Every slot in (after, upTo], by `prev` alone, oldest first. Throws where it does not get on. */
export function backward(schedule: Schedule, after: number, upTo: number): number[] {
  const slots: number[] = [];
  let slot = schedule.prev(upTo);
  for (let asked = upTo; slot !== null && slot > after; slot = schedule.prev(slot - 1)) {
    if (slot > asked) throw new RangeError(`prev(${asked}) is ${slot}`);
    slots.unshift(slot);
    asked = slot - 1;
  }
  return slots;
}
