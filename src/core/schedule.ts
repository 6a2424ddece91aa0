// When a job is planned: the words of a schedule, without the calendar that answers them (that is src/schedule/).

import type { EpochMs } from './clock.ts';

/** Zone names are IANA names. Stored as JSON on the job; equal JSON means equal schedule. */
export type ScheduleSpec =
  | { kind: 'cron'; expression: string; timezone: string; dayMatch: 'or' | 'and' }
  /** `anchor + n·every`, n ≥ 1 (rule 21); with `includeAnchor` n ≥ 0, as for face A's `next_execution`. `every` as written: `30s`, `1mo`. */
  | { kind: 'every'; every: string; timezone: string; anchor: EpochMs; includeAnchor?: true }
  | { kind: 'at'; at: EpochMs; timezone: string }
  | { kind: 'manual'; timezone: string };

/** Pure calendar: the same answers for ever, no clock inside. */
export interface Schedule {
  readonly kind: ScheduleSpec['kind'];
  /** The first slot after `after` (never `after` itself), or null when none will ever come. */
  next(after: EpochMs): EpochMs | null;
  /** The last slot at or before `atOrBefore`, or null. */
  prev(atOrBefore: EpochMs): EpochMs | null;
  /** How many slots lie in (after, upTo], without walking them one by one where the range is long. */
  count(after: EpochMs, upTo: EpochMs): number;
}
