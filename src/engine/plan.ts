// What becomes of a job's due slots: runs, skips and misses, each with its reason (rules 1–4, 6, 17, 19). Pure.

import { admit } from '#core/admit';
import type { EpochMs } from '#core/clock';
import { isScheduled, type OpenGap, type StoredJob } from '#core/job';
import type { Reason } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { DueJob, FireDecision, NewRun } from '#store/store';
import { endOf, type Segment, segments } from './segments.ts';

export interface PlanContext {
  at: EpochMs;
  /** Slots before it fell into a time when no service was up. */
  bootStartedAt: EpochMs;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
}

/** A gap row is closed and a new one opened at least this often (rule 6). */
const LONGEST_GAP_MS = 3_600_000;
/** A one-time slot that passed in a pause still runs at resume within this time (rule 6). */
const ONCE_AFTER_PAUSE_MS = 86_400_000;

/** Decides every slot in (cursor, at], each exactly once, by the first rule that applies. */
export function plan(due: DueJob, ctx: PlanContext): FireDecision {
  const { job } = due;
  const undecided: FireDecision = {
    rows: [],
    withdrawn: [],
    extended: null,
    gap: null,
    cursor: job.cursor,
    nextSlot: null,
    nextDue: null,
    admitted: 0,
    state: job.state,
  };
  if (!isScheduled(job)) return undecided;
  const schedule = ctx.scheduleOf(job.schedule);
  const pass = new Pass(due, ctx);
  const newest = schedule.prev(ctx.at);
  if (newest === null || newest <= job.cursor) pass.afterPause();
  else {
    const found = segments(schedule, job.cursor, newest, due.pauses);
    for (const segment of found.filter((s) => s.held !== null)) pass.hold(segment, segment.to === newest);
    pass.decideFree(
      found.filter((s) => s.held === null),
      schedule,
      newest,
    );
  }
  return pass.decision(schedule, newest);
}

/** Collects the rows of one pass over one job. */
class Pass {
  readonly #due: DueJob;
  readonly #ctx: PlanContext;
  readonly #rows: NewRun[] = [];
  readonly #withdrawn: string[] = [];
  #extended: OpenGap | null = null;
  #gap: OpenGap | null = null;
  #admitted = 0;

  constructor(due: DueJob, ctx: PlanContext) {
    this.#due = due;
    this.#ctx = ctx;
  }

  get #job(): StoredJob {
    return this.#due.job;
  }

  /** Paused slots go into one gap row, which goes on while the pause does. */
  hold(segment: Segment, isLast: boolean): void {
    const stillHeld = isLast && this.#heldNow();
    if (this.#job.schedule.kind === 'at' && !stillHeld) this.#resumeOnce(segment.to);
    else this.#collect(segment, segment.held!, segment.heldSince, stillHeld);
  }

  #heldNow(): boolean {
    return this.#due.pauses.some((pause) => (endOf(pause) ?? Infinity) > this.#ctx.at);
  }

  /** Rules 2 and 3 on the slots that no pause held. */
  decideFree(free: readonly Segment[], schedule: Schedule, newest: EpochMs): void {
    if (free.length === 0) return;
    const eligibleFrom = firstEligible(free, schedule, this.#job, this.#ctx.at);
    for (const segment of free) this.#miss(segment, eligibleFrom, schedule);
    const eligible = free.flatMap((segment) => clip(segment, eligibleFrom, segment.to, schedule));
    const first = eligible[0];
    const last = eligible.at(-1);
    if (!first || !last) return;
    const count = eligible.reduce((sum, segment) => sum + segment.count, 0);
    const range = { from: first.from, to: last.to, count };
    if (!this.#ctx.handlerKnown(this.#job.handler)) {
      this.#collect(
        { ...range, held: null, heldSince: -Infinity },
        'handler_missing',
        -Infinity,
        last.to === newest,
      );
      return;
    }
    this.#admit(range);
  }

  #admit(range: { from: EpochMs; to: EpochMs; count: number }): void {
    const { policy } = this.#job;
    const lateBy = this.#ctx.at - range.to;
    const beyondGrace = policy.misfireGraceMs !== null && lateBy > policy.misfireGraceMs;
    const answer = admit(policy, this.#due.live);
    const covers = range.count > 1 ? range : null;
    if (answer.kind === 'refuse') {
      this.#row({
        slot: range.to,
        covers,
        state: 'skipped',
        reason: answer.reason,
        by: answer.inTheWay,
        lateByMs: lateBy,
      });
      return;
    }
    this.#admitted++;
    this.#row({
      slot: range.to,
      covers,
      state: 'queued',
      kind: beyondGrace ? 'catchup' : 'scheduled',
      lateByMs: lateBy,
    });
  }

  /** Nothing is due, yet the job was looked at: its pause is over. Closes the gap row. */
  afterPause(): void {
    const { schedule, gap } = this.#job;
    if (gap === null || !isPauseGap(gap)) return;
    if (this.#heldNow()) this.#gap = gap;
    else if (schedule.kind === 'at') this.#resumeOnce(gap.to, gap.runId);
  }

  /** A one-time slot that passed in a pause runs at resume if within 24 h (rule 6); else its skip stands. */
  #resumeOnce(slot: EpochMs, gapRow?: string): void {
    const range = { from: slot, to: slot, count: 1 };
    if (this.#ctx.at - slot > ONCE_AFTER_PAUSE_MS) {
      if (gapRow === undefined)
        this.#row({ slot, covers: null, state: 'skipped', reason: 'paused', lateByMs: this.#ctx.at - slot });
      return;
    }
    if (gapRow !== undefined) this.#withdrawn.push(gapRow);
    this.#admit(range);
  }

  decision(schedule: Schedule, newest: EpochMs | null): FireDecision {
    const job = this.#job;
    const cursor = Math.max(job.cursor, newest ?? job.cursor);
    const limit = job.policy.maxExecutions;
    const spent = limit !== null && job.admittedCount + this.#admitted >= limit;
    const nextSlot = spent ? null : schedule.next(cursor);
    const waitsForResume = job.schedule.kind === 'at' && this.#gap !== null && isPauseGap(this.#gap);
    return {
      rows: this.#rows.toSorted((a, b) => (a.slot ?? 0) - (b.slot ?? 0)),
      withdrawn: this.#withdrawn,
      extended: this.#extended,
      gap: this.#gap,
      cursor,
      nextSlot,
      nextDue: nextSlot,
      admitted: this.#admitted,
      state: nextSlot === null && !waitsForResume ? 'completed' : job.state,
    };
  }

  /** Slots beyond what is eligible: `downtime` while no service was up, else `blocked` (rule 2). */
  #miss(segment: Segment, eligibleFrom: EpochMs, schedule: Schedule): void {
    const until = Math.min(segment.to, eligibleFrom - 1);
    const up = this.#ctx.bootStartedAt;
    const ranges: [Reason, Segment[]][] = [
      ['downtime', clip(segment, segment.from, Math.min(until, up - 1), schedule)],
      ['blocked', clip(segment, Math.max(segment.from, up), until, schedule)],
    ];
    for (const [reason, [range]] of ranges) {
      if (range)
        this.#row({
          slot: range.to,
          covers: coversOf(range),
          state: 'missed',
          reason,
          lateByMs: this.#ctx.at - range.to,
        });
    }
  }

  #collect(segment: Segment, reason: Reason, since: EpochMs, staysOpen: boolean): void {
    const open = this.#job.gap;
    const goesOn =
      open !== null &&
      open.reason === reason &&
      open.to >= since &&
      this.#ctx.at - open.openedAt < LONGEST_GAP_MS;
    if (goesOn) {
      this.#extended = { ...open, to: segment.to, count: open.count + segment.count };
      if (staysOpen) this.#gap = this.#extended;
      return;
    }
    const row = this.#row({
      slot: segment.to,
      covers: coversOf(segment),
      state: 'skipped',
      reason,
      lateByMs: this.#ctx.at - segment.to,
    });
    const { from, to, count } = segment;
    if (staysOpen) this.#gap = { runId: row.runId, reason, from, to, count, openedAt: this.#ctx.at };
  }

  #row(row: Pick<NewRun, 'state' | 'covers' | 'lateByMs'> & Partial<NewRun> & { slot: EpochMs }): NewRun {
    const job = this.#job;
    const full: NewRun = {
      runId: this.#ctx.newRunId(),
      kind: 'scheduled',
      reason: null,
      dueAt: row.slot,
      input: job.input,
      snapshot: { handler: job.handler, policy: job.policy, dryRun: false },
      by: null,
      ...row,
      covers: row.covers && { from: row.covers.from, to: row.covers.to, count: row.covers.count },
    };
    this.#rows.push(full);
    return full;
  }
}

/**
 * The oldest slot that may still run: within the grace, or what the misfire policy adds; of that the newest
 * `catchupMax` within `catchupWindowMs` (rule 2). An instant after the last slot when none may.
 */
function firstEligible(free: readonly Segment[], schedule: Schedule, job: StoredJob, at: EpochMs): EpochMs {
  const { misfireGraceMs, misfirePolicy, catchupWindowMs, catchupMax } = job.policy;
  const newest = free.at(-1)!.to;
  const withinGrace = misfireGraceMs === null ? -Infinity : at - misfireGraceMs;
  let from = withinGrace;
  if (misfirePolicy === 'all') from = -Infinity;
  else if (misfirePolicy === 'latest' && newest < withinGrace) from = newest;
  from = Math.max(from, at - catchupWindowMs);
  let left = catchupMax;
  for (const segment of free.toReversed()) {
    if (segment.count <= left) {
      left -= segment.count;
      continue;
    }
    let oldest: EpochMs | null = segment.to + 1;
    while (left > 0 && oldest !== null) {
      oldest = schedule.prev(oldest - 1);
      left--;
    }
    return Math.max(from, oldest ?? segment.from);
  }
  return from;
}

/** The part of a segment within [from, to], if it holds a slot. */
function clip(segment: Segment, from: EpochMs, to: EpochMs, schedule: Schedule): Segment[] {
  if (from <= segment.from && to >= segment.to) return [segment];
  const first = from <= segment.from ? segment.from : schedule.next(from - 1);
  const last = to >= segment.to ? segment.to : schedule.prev(to);
  if (first === null || last === null || first > last || first > segment.to || last < segment.from) return [];
  return [{ ...segment, from: first, to: last, count: schedule.count(first - 1, last) }];
}

function coversOf(range: Segment): NewRun['covers'] {
  return range.count > 1 ? { from: range.from, to: range.to, count: range.count } : null;
}

function isPauseGap(gap: OpenGap): boolean {
  return gap.reason === 'paused' || gap.reason === 'stopped';
}
