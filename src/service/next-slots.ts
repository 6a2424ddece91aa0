// The next planned slots of some jobs, merged into one list. Pure.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { iso, jobState } from './shapes.ts';

export interface NextSlot {
  job: string;
  job_name: string;
  slot: string;
  timezone: string;
}

/** Ascending, at most `count`. Paused and disabled jobs have none. */
export function nextSlots(
  jobs: readonly StoredJob[],
  pauses: readonly Pause[],
  count: number,
  scheduleOf: (spec: ScheduleSpec) => Schedule,
): NextSlot[] {
  const slots: { at: EpochMs; job: StoredJob }[] = [];
  for (const job of jobs) {
    if (jobState(job, pauses) !== 'active' || job.nextSlot === null) continue;
    const schedule = scheduleOf(job.schedule);
    const left = Math.min(count, (job.policy.maxExecutions ?? Infinity) - job.admittedCount);
    for (let at: EpochMs | null = job.nextSlot, n = 0; at !== null && n < left; n++, at = schedule.next(at)) {
      slots.push({ at, job });
    }
  }
  const first = slots.toSorted((a, b) => a.at - b.at || (a.job.id < b.job.id ? -1 : 1)).slice(0, count);
  return first.map(({ at, job }) => {
    const zone = job.schedule.timezone;
    return { job: job.id, job_name: job.name, slot: iso(at, zone), timezone: zone };
  });
}
