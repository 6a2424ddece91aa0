// Schedules that are asked for again and again, each built once.

import type { Schedule, ScheduleSpec } from '#core/schedule';
import { buildSchedule } from './parse.ts';

/** More than most installations have jobs; what is forgotten is built again. */
const MOST_SCHEDULES = 1_000;

/** Schedules are pure and built once for each spec, as long as it is not crowded out by others. */
export function rememberSchedules(): (spec: ScheduleSpec) => Schedule {
  const known = new Map<string, Schedule>();
  return (spec) => {
    const key = JSON.stringify(spec);
    const schedule = known.get(key) ?? buildSchedule(spec);
    known.set(key, schedule);
    if (known.size > MOST_SCHEDULES) known.delete(known.keys().next().value ?? key);
    return schedule;
  };
}
