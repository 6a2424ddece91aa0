// What TypeScript code has in its hands (Date, Instant, durations as objects) into what the service reads. Pure.

import type { EpochMs } from '#core/clock';
import { formatDuration, parseDuration, parseDurationMs } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { Json } from '#core/handler';
import { readInstant } from '#service/instant';

/** A text without offset is read in the scheduler's zone; `03:00` is today. */
export type InstantInput = string | Date | Temporal.Instant;

/** Fields as `Temporal.Duration` names them; calendar months only by themselves. */
export interface DurationFields {
  months?: number;
  weeks?: number;
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  milliseconds?: number;
}

/** `'5m'`, `{ minutes: 5 }` or a `Temporal.Duration`. */
export type DurationInput = string | DurationFields | Temporal.Duration;

const FIELD_MS = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1_000,
  milliseconds: 1,
} as const;
const FIELDS = Object.keys(FIELD_MS) as (keyof typeof FIELD_MS)[];
/** Of a `Temporal.Duration`; nothing here is as fine or as coarse. */
const OTHERS = ['years', 'microseconds', 'nanoseconds'] as const;

/** Throws INVALID_PARAMETERS that says what can be written instead. */
export function instantOf(given: InstantInput, zone: string, now: EpochMs): EpochMs {
  if (typeof given === 'string') return readInstant(given, zone, now);
  const at =
    given instanceof Date
      ? given.getTime()
      : given instanceof Temporal.Instant
        ? given.epochMilliseconds
        : NaN;
  if (Number.isFinite(at)) return at;
  throw new SchedulerError(
    'INVALID_PARAMETERS',
    given instanceof Date ? 'the Date is invalid' : `${JSON.stringify(given)} is no instant`,
    'give a Date, a Temporal.Instant or ISO 8601',
  );
}

/** The same as text: ISO 8601; a text stays as it is, for whoever knows its zone. */
export function instantText(given: InstantInput): string {
  return typeof given === 'string' ? given : new Date(instantOf(given, 'UTC', 0)).toISOString();
}

/** Milliseconds. Throws INVALID_PARAMETERS, also for months: they have no fixed length. */
export function durationMs(given: DurationInput): number {
  return parseDurationMs(durationText(given));
}

/** As people write it: `5m`, `90s`, `2mo`. Throws INVALID_PARAMETERS. */
export function durationText(given: DurationInput): string {
  if (typeof given === 'string') {
    parseDuration(given);
    return given;
  }
  const amount = (field: string) => (given as Record<string, unknown>)[field] ?? 0;
  const known = [...FIELDS, 'months'];
  const isOdd =
    !(given instanceof Temporal.Duration) && Object.keys(given).some((key) => !known.includes(key));
  const amounts = known.map(amount);
  if (
    isOdd ||
    amounts.some((each) => typeof each !== 'number' || !(each >= 0)) ||
    OTHERS.some((key) => amount(key) !== 0)
  )
    throw notDuration(given);
  const ms = FIELDS.reduce((sum, field) => sum + Number(amount(field)) * FIELD_MS[field], 0);
  const months = Number(amount('months'));
  if (months > 0 && ms > 0) throw notDuration(given);
  return months > 0 ? `${months}mo` : formatDuration(ms);
}

function notDuration(given: unknown): SchedulerError {
  return new SchedulerError(
    'INVALID_PARAMETERS',
    `${JSON.stringify(given)} is not a duration`,
    "write '5m', { minutes: 5 } or { hours: 1, minutes: 30 }; months only by themselves",
  );
}

/**
 * A definition with its instants and durations as text. `input` is left as it is: it is the handler's. Values that are
 * `undefined` are absent.
 */
export function plainDefinition(given: object): { [key: string]: Json } {
  const plain = Object.entries(given).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined) return [];
    return [[key, key === 'input' || key === 'permissions' ? value : plainValue(value)]];
  });
  return Object.fromEntries(plain) as { [key: string]: Json };
}

function plainValue(value: unknown): unknown {
  if (value instanceof Date || value instanceof Temporal.Instant) return instantText(value);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? durationText(value) : value;
}
