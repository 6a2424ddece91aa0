// What the schedule tests share: expressions and times as they are written, and the seed of a run.

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
