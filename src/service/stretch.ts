// Two times as people type them, into a stretch of time. Pure.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { readInstant } from './instant.ts';

/** `to` = now where it is left out. Throws INVALID_PARAMETERS for what is no time, and for a stretch that ends before it begins. */
export function readStretch(
  texts: { from: string; to?: string | undefined },
  zone: string,
  now: EpochMs,
): { from: EpochMs; to: EpochMs } {
  const from = readInstant(texts.from, zone, now);
  const to = texts.to === undefined ? now : readInstant(texts.to, zone, now);
  if (from <= to) return { from, to };
  throw new SchedulerError(
    'INVALID_PARAMETERS',
    `the stretch ends before it begins: ${texts.from} is after ${texts.to ?? 'now'}`,
    'the earlier one first',
  );
}
