// Times as people type them, into instants: ISO 8601, or a time of day of today. Pure.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { parseInstant } from '#schedule/parse';

const EXAMPLES = 'write 03:00 (today), 2026-03-29T03:00, 2026-03-29T03:00:00+02:00 or 2026-03-29T01:00:00Z';

/**
 * `now`, `HH:MM[:SS]` of today, or ISO 8601; what has no offset is read in `zone`. INVALID_PARAMETERS with examples
 * for anything else.
 */
export function readInstant(text: string, zone: string, now: EpochMs): EpochMs {
  const source = text.trim();
  // As it is shown: in whole seconds.
  if (source.toLowerCase() === 'now') return Math.floor(now / 1000) * 1000;
  const isTimeOfDay = /^\d{1,2}:\d{2}(:\d{2})?$/.test(source);
  try {
    return parseInstant(isTimeOfDay ? `${today(zone, now)}T${source.padStart(5, '0')}` : source, zone);
  } catch (cause) {
    if (!(cause instanceof SchedulerError) || cause.code !== 'INVALID_PARAMETERS') throw cause;
    throw new SchedulerError('INVALID_PARAMETERS', cause.message, EXAMPLES, { cause });
  }
}

function today(zone: string, now: EpochMs): string {
  return Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate().toString();
}
