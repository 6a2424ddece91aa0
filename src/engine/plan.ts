// What becomes of a job's due slots: runs, skips and misses, each with its reason (rules 1–4, 6, 7, 17–20, 22). Pure.

import type { EpochMs } from '#core/clock';
import { isScheduled, type StoredJob } from '#core/job';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { DueJob, FireDecision } from '#store/store';
import { eligibleSpans, missedSpans } from './eligible.ts';
import { Grid } from './grid.ts';
import { Pass } from './pass.ts';
import { segments } from './segments.ts';
import { countsAsExecution, endExpired } from './waiting.ts';

export interface PlanContext {
  at: EpochMs;
  /** Slots before it fell into a time when no service was up. */
  bootStartedAt: EpochMs;
  /** Wall time that never passed since then, because the clock was set forward or the machine slept (rule 13). */
  jumps?: readonly { from: EpochMs; to: EpochMs }[];
  /** Takes the newest slot out of a gap row whose pause has just ended (`resume --catch-up latest`, rule 6). */
  catchUp?: boolean;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
}

/** Decides every slot after the cursor that is due, each exactly once, by the first rule that applies. */
export function plan(due: DueJob, ctx: PlanContext): FireDecision {
  const { job, pauses } = due;
  const { at } = ctx;
  const expired = endExpired(due, at);
  const gone = new Set(expired.end.map((end) => end.runId));
  const live = due.live.filter((run) => !gone.has(run.runId));
  const unstarted = due.live.filter((run) => gone.has(run.runId) && countsAsExecution(run)).length;
  const schedule = ctx.scheduleOf(job.schedule);
  if (!isScheduled(job)) return { ...undecided(job), ...expired, ...goesOn(job, unstarted, schedule, at) };
  const grid = new Grid(schedule, job.uid, job.policy.jitterMs, due.taken);
  const pass = new Pass({ ...due, live }, ctx, grid, job.admittedCount - unstarted);
  const newest = grid.lastDueBy(at);
  if (newest === null || newest <= job.cursor) pass.afterPause();
  else {
    const found = segments(grid, job.cursor, at, pauses);
    for (const segment of found.filter((each) => each.held !== null))
      pass.hold(segment, segment.to === newest);
    const free = found.filter((each) => each.held === null);
    if (free.length > 0) {
      const eligible = eligibleSpans(free, grid, job.policy, at);
      const { bootStartedAt, jumps = [] } = ctx;
      for (const { span, reason } of missedSpans(free, eligible, grid, { at, bootStartedAt, jumps }))
        pass.miss(span, reason);
      pass.decide(eligible, newest);
    }
  }
  const decision = pass.decision(newest);
  return { ...decision, postpone: expired.postpone, end: [...expired.end, ...(decision.end ?? [])] };
}

function undecided(job: StoredJob): FireDecision {
  return {
    rows: [],
    withdrawn: [],
    extended: null,
    gap: job.gap,
    cursor: job.cursor,
    nextSlot: job.nextSlot,
    nextDue: job.nextDue,
    admitted: 0,
    state: job.state,
  };
}

/** An execution that was given back may be made up for: a job that was at its limit is not any more (rule 19). */
function goesOn(job: StoredJob, unstarted: number, schedule: Schedule, at: EpochMs): Partial<FireDecision> {
  const wasSpent = job.state === 'completed' && job.enabled && !job.manualOnly && job.schedule.kind !== 'at';
  const nextSlot = wasSpent && unstarted > 0 ? schedule.next(at) : null;
  if (nextSlot === null) return {};
  const nextDue = new Grid(schedule, job.uid, job.policy.jitterMs).due(nextSlot);
  return { state: 'active', cursor: at, nextSlot, nextDue };
}
