// Durations as people write them (rule 26): `30s`, `5m`, `2h`, `1d`, `1w`, `90 minutes`, or a bare number.

import { SchedulerError } from './errors.ts';

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const UNIT_NAMES: [RegExp, string][] = [
  [/^(ms|milliseconds?)$/, 'ms'],
  [/^(s|secs?|seconds?)$/, 's'],
  [/^(m|mins?|minutes?)$/, 'm'],
  [/^(h|hrs?|hours?)$/, 'h'],
  [/^(d|days?)$/, 'd'],
  [/^(w|weeks?)$/, 'w'],
  [/^(mo|months?)$/, 'mo'],
];

/** An amount of elapsed time, or of calendar months (they have no fixed length). */
export type Duration = { ms: number; months: 0 } | { ms: 0; months: number };

const EXAMPLES = 'write a number and a unit: 30s, 5m, 2h, 1d, 1w, or "90 seconds"';

/**
 * Reads `30s`, `1.5h`, `5 minutes`, `2mo`. A bare number (or text of digits) counts in `bareUnitMs`.
 * Zero is a duration; negative amounts and unknown units are refused with INVALID_PARAMETERS.
 */
export function parseDuration(text: string | number, bareUnitMs = 1000): Duration {
  const source = String(text).trim();
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(source);
  if (!match) throw invalid(source);
  const amount = Number(match[1]);
  const word = match[2] ?? '';
  if (word === '') return { ms: Math.round(amount * bareUnitMs), months: 0 };
  const unit = UNIT_NAMES.find(([pattern]) => pattern.test(word.toLowerCase()))?.[1];
  if (!unit) throw invalid(source);
  if (unit === 'mo') {
    if (!Number.isInteger(amount)) throw invalid(source);
    return { ms: 0, months: amount };
  }
  return { ms: Math.round(amount * UNIT_MS[unit]!), months: 0 };
}

/** As `parseDuration`, for the places where a calendar month means nothing. Answers milliseconds. */
export function parseDurationMs(text: string | number, bareUnitMs = 1000): number {
  const { ms, months } = parseDuration(text, bareUnitMs);
  if (months > 0)
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `"${text}" counts months, which have no fixed length`,
      EXAMPLES,
    );
  return ms;
}

/** The shortest usual spelling: 300000 → `5m`, 1500 → `1.5s`. */
export function formatDuration(ms: number): string {
  for (const unit of ['w', 'd', 'h', 'm', 's'] as const) {
    if (ms !== 0 && ms % UNIT_MS[unit]! === 0) return `${ms / UNIT_MS[unit]!}${unit}`;
  }
  return ms < 1000 ? `${Math.round(ms)}ms` : `${Math.round(ms) / 1000}s`;
}

function invalid(source: string): SchedulerError {
  return new SchedulerError('INVALID_PARAMETERS', `"${source}" is not a duration`, EXAMPLES);
}
