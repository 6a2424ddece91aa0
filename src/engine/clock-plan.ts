// A clock that was set far back: where each job goes on, and what of its accounts lies in the time that counts anew (rule 13). Pure.

import type { EpochMs } from '#core/clock';
import { isScheduled } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { ClockPlan } from '#store/store';
import { eraAt, erasOf } from './eras.ts';
import { Grid } from './grid.ts';
import { countOwn, ownUpTo, spansWithin } from './nested.ts';

/** Ranges of skips and misses end at `at`; a job goes on with its first slot after it that has no row. */
export function clockPlan(at: EpochMs, scheduleOf: (spec: ScheduleSpec) => Schedule): ClockPlan {
  return {
    cut(job, range, { changes, accounts }) {
      const { schedule: had, dormant } = eraAt(erasOf(changes), range.to);
      const schedule = scheduleOf(had ?? dormant ?? job.schedule);
      const inner = spansWithin(range.runId, range, accounts);
      const to = ownUpTo(schedule.prev(Math.min(at, range.to)), inner, schedule);
      return to === null || to < range.from ? null : { to, count: countOwn(range.from, to, inner, schedule) };
    },
    next(job, taken) {
      if (!isScheduled(job)) return { nextSlot: null, nextDue: null };
      const grid = new Grid(scheduleOf(job.schedule), job.uid, job.policy.jitterMs, taken);
      const nextSlot = grid.next(at);
      return { nextSlot, nextDue: nextSlot === null ? null : grid.due(nextSlot) };
    },
  };
}
