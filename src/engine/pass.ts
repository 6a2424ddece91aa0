// One pass over one job: collects the rows that its due slots become, by the rules on gaps, places and limits. Pure.

import { type Admission, admit } from '#core/admit';
import type { EpochMs } from '#core/clock';
import type { OpenGap, StoredJob } from '#core/job';
import { isPauseGap } from '#core/pause';
import type { Reason, RunKind } from '#core/run';
import type { DueJob, FireDecision, NewRun } from '#store/store';
import { isBeyondGrace } from './eligible.ts';
import type { Grid, Span } from './grid.ts';
import type { PlanContext } from './plan.ts';
import { endOf, type Segment } from './segments.ts';
import { countsAsExecution, giveUpRetries, leaveForAnother, maxWaitMs } from './waiting.ts';

/** A gap row is closed and a new one opened at least this often (rule 6). */
const LONGEST_GAP_MS = 3_600_000;
/** A one-time slot that passed in a pause still runs at resume within this time (rule 6). */
const ONCE_AFTER_PAUSE_MS = 86_400_000;

export class Pass {
  readonly #due: DueJob;
  readonly #ctx: PlanContext;
  readonly #grid: Grid;
  /** Executions so far, for `maxExecutions` (rule 19). */
  readonly #executed: number;
  readonly #rows: NewRun[] = [];
  readonly #withdrawn: string[] = [];
  readonly #end: NonNullable<FireDecision['end']>[number][] = [];
  readonly #cancel: { runId: string; by: string }[] = [];
  #extended: OpenGap | null = null;
  #gap: OpenGap | null = null;
  #circuit: StoredJob['circuit'];
  #admitted = 0;
  /** Admitted before, and gone now without a start (rule 19). */
  #givenBack = 0;
  /** The last slot that a job at its limit still has (rule 19). */
  #lastOfLimit: EpochMs | null = null;

  constructor(due: DueJob, ctx: PlanContext, grid: Grid, executed: number) {
    this.#due = due;
    this.#ctx = ctx;
    this.#grid = grid;
    this.#executed = executed;
    // Switched off by `circuit_after: 0` it holds nothing back any more.
    this.#circuit = due.job.policy.circuitAfter === 0 ? null : due.job.circuit;
  }

  get #job(): StoredJob {
    return this.#due.job;
  }

  /** Paused slots go into one gap row, which goes on while the pause does. */
  hold(segment: Segment, isLast: boolean): void {
    const stillHeld = isLast && this.#heldNow();
    if (stillHeld) this.#collect(segment, segment.held!, segment.heldSince, true);
    else if (this.#job.schedule.kind === 'at') this.#resumeOnce(segment.to);
    else {
      const left = isLast && this.#ctx.catchUp ? this.#catchUp(segment) : segment;
      if (left) this.#collect(left, segment.held!, segment.heldSince, false);
    }
  }

  /** Nothing is due, yet the job was looked at: its pause is over. Closes the gap row. */
  afterPause(): void {
    const { schedule, gap } = this.#job;
    if (gap === null) return;
    if (!isPauseGap(gap) || this.#heldNow()) this.#gap = gap;
    else if (schedule.kind === 'at') this.#resumeOnce(gap.to, gap.runId);
    else if (this.#ctx.catchUp) {
      const left = this.#catchUp(gap);
      if (left === null) this.#withdrawn.push(gap.runId);
      else if (left !== gap) this.#extended = { ...gap, to: left.to, count: left.count };
    }
  }

  /** Slots beyond what is eligible (rule 2). */
  miss(span: Span, reason: Reason): void {
    this.#row(span, { state: 'missed', reason });
  }

  /** What may run, in time order: a missing handler, an open circuit, a full job and a limit stand before a run. */
  decide(eligible: readonly Span[], newest: EpochMs): void {
    const first = eligible[0];
    const last = eligible.at(-1);
    if (!first || !last) return;
    const count = eligible.reduce((sum, span) => sum + span.count, 0);
    const all = { from: first.from, to: last.to, count };
    const isNewest = last.to === newest;
    if (!this.#ctx.handlerKnown(this.#job.handler))
      this.#collect(all, 'handler_missing', -Infinity, isNewest);
    else if (this.#circuit !== null) this.#behindCircuit(all, this.#circuit, isNewest);
    else if (this.#job.policy.coalesce || count === 1) this.#admit(all);
    else this.#admitLine(eligible);
  }

  decision(newest: EpochMs | null): FireDecision {
    const job = this.#job;
    const limit = job.policy.maxExecutions;
    const spent = limit !== null && this.#executed + this.#admitted - this.#givenBack >= limit;
    const cursor = this.#lastOfLimit ?? Math.max(job.cursor, newest ?? job.cursor);
    const nextSlot = spent ? null : this.#grid.next(cursor);
    const waitsForResume = job.schedule.kind === 'at' && this.#gap !== null && isPauseGap(this.#gap);
    return {
      rows: this.#rows.toSorted((a, b) => (a.slot ?? 0) - (b.slot ?? 0)),
      withdrawn: this.#withdrawn,
      extended: this.#extended,
      gap: this.#gap,
      cursor,
      nextSlot,
      nextDue: nextSlot === null ? null : this.#grid.due(nextSlot),
      admitted: this.#admitted,
      state: nextSlot === null && !waitsForResume ? 'completed' : job.state,
      end: this.#end,
      cancel: this.#cancel,
      circuit: this.#circuit,
    };
  }

  #heldNow(): boolean {
    return this.#due.pauses.some((pause) => (endOf(pause) ?? Infinity) > this.#ctx.at);
  }

  /** Admits the newest slot of the span; answers what is left of it, null = nothing. Refused, all of it stays skipped. */
  #catchUp(span: Span): Span | null {
    const waitsForProbe = this.#circuit !== null && span.to < this.#circuit.probeFrom;
    if (waitsForProbe || !this.#ctx.handlerKnown(this.#job.handler)) return span;
    const answer = this.#ask(1);
    if (answer.kind === 'refuse') return span;
    this.#admitRow({ from: span.to, to: span.to, count: 1 }, answer, 'catchup');
    this.#putOffProbe(span.to);
    const to = span.count > 1 ? this.#grid.prev(span.to - 1) : null;
    return to === null ? null : { from: span.from, to, count: span.count - 1 };
  }

  /** A one-time slot that passed in a pause runs at resume if within 24 h (rule 6); else its skip stands. */
  #resumeOnce(slot: EpochMs, gapRow?: string): void {
    const span = { from: slot, to: slot, count: 1 };
    if (this.#ctx.at - slot <= ONCE_AFTER_PAUSE_MS) {
      if (gapRow !== undefined) this.#withdrawn.push(gapRow);
      if (this.#ctx.handlerKnown(this.#job.handler)) this.#admit(span);
      else this.#row(span, { state: 'skipped', reason: 'handler_missing' });
    } else if (gapRow === undefined) this.#row(span, { state: 'skipped', reason: 'paused' });
  }

  /** Skipped until a probe is due; the probe stands for all that is eligible with it, one at a time (rule 22). */
  #behindCircuit(all: Span, circuit: NonNullable<StoredJob['circuit']>, isNewest: boolean): void {
    if (all.to < circuit.probeFrom) {
      this.#collect(all, 'circuit_open', -Infinity, isNewest);
      return;
    }
    const admitted = this.#admitted;
    if (all.count > 1 && !this.#job.policy.coalesce) {
      const before = this.#grid.prev(all.to - 1)!;
      this.#collect({ from: all.from, to: before, count: all.count - 1 }, 'circuit_open', -Infinity, false);
      this.#admit({ from: all.to, to: all.to, count: 1 });
    } else this.#admit(all);
    if (this.#admitted > admitted) this.#putOffProbe(all.to);
  }

  /** One probe at a time: the next is as far from this one. */
  #putOffProbe(slot: EpochMs): void {
    if (this.#circuit === null) return;
    this.#circuit = { ...this.#circuit, probeFrom: slot + this.#job.policy.circuitProbeMs };
  }

  /** What this pass has admitted before stands in the way like what was there. */
  #ask(count: number): Admission {
    const { live, groupLive } = this.#due;
    const own = this.#rows.filter((row) => row.state === 'queued');
    const admitted = own.map(({ runId, holdsPlace = true, line = null }) => ({
      ...{ runId, holdsPlace, line },
      state: 'queued' as const,
      attempts: [],
    }));
    return admit(this.#job.policy, { live: [...live, ...admitted], groupLive }, count);
  }

  #admit(span: Span): void {
    const answer = this.#ask(1);
    if (answer.kind === 'refuse') this.#refuse(span, answer);
    else this.#admitRow(span, answer, this.#kindOf(span.to));
  }

  #refuse(span: Span, answer: Extract<Admission, { kind: 'refuse' }>): void {
    this.#row(span, { state: 'skipped', reason: answer.reason, by: answer.inTheWay });
  }

  /** `coalesce: false`: one run a slot, one after another; a job at its limit takes the oldest (rules 3, 19). */
  #admitLine(eligible: readonly Span[]): void {
    const limit = this.#job.policy.maxExecutions;
    const unused = limit === null ? Infinity : limit - this.#executed;
    const all = eligible.flatMap((span) => this.#slotsOf(span));
    const answer = this.#ask(Math.min(all.length, unused));
    if (answer.kind === 'refuse') {
      const count = eligible.reduce((sum, span) => sum + span.count, 0);
      this.#refuse({ from: eligible[0]!.from, to: eligible.at(-1)!.to, count }, answer);
      return;
    }
    const left = unused + this.#givenBackBy(answer);
    const slots = all.slice(0, left);
    if (slots.length === left) this.#lastOfLimit = slots.at(-1)!;
    const line = slots.length > 1 ? this.#ctx.newRunId() : null;
    for (const [n, slot] of slots.entries()) {
      const span = { from: slot, to: slot, count: 1 };
      this.#admitRow(span, answer, this.#kindOf(slot), line, n === 0);
    }
  }

  #slotsOf(span: Span): EpochMs[] {
    const slots = [span.from];
    for (
      let slot = this.#grid.next(span.from);
      slot !== null && slot <= span.to;
      slot = this.#grid.next(slot)
    )
      slots.push(slot);
    return slots;
  }

  #admitRow(
    span: Span,
    answer: Exclude<Admission, { kind: 'refuse' }>,
    kind: RunKind,
    line: string | null = null,
    isFirst = true,
  ): void {
    const { policy } = this.#job;
    const row = this.#row(span, {
      kind,
      state: 'queued',
      holdsPlace: answer.kind === 'admit' && isFirst,
      line,
      maxWaitMs: line === null ? maxWaitMs(policy, this.#grid, span.to, this.#ctx.at) : null,
    });
    this.#admitted++;
    if (!isFirst) return;
    this.#end.push(...giveUpRetries(policy, this.#due.live));
    if (answer.kind !== 'wait') return;
    this.#cancel.push(...answer.cancel.map((runId) => ({ runId, by: row.runId })));
    this.#end.push(...leaveForAnother(answer.replaced, this.#due));
    this.#givenBack += this.#givenBackBy(answer);
  }

  /** Executions of this job that were counted and, because they leave for another, never start (rule 19). */
  #givenBackBy(answer: Admission): number {
    if (answer.kind !== 'wait') return 0;
    const own = this.#due.live.filter((run) => answer.replaced.includes(run.runId));
    return own.filter(countsAsExecution).length;
  }

  #kindOf(slot: EpochMs): RunKind {
    const late = this.#ctx.at - this.#grid.due(slot);
    return isBeyondGrace(this.#job.policy, late) ? 'catchup' : 'scheduled';
  }

  #collect(span: Span, reason: Reason, since: EpochMs, staysOpen: boolean): void {
    const open = this.#extended ?? this.#job.gap;
    const goesOn =
      open !== null &&
      open.reason === reason &&
      open.to >= since &&
      this.#ctx.at - open.openedAt < LONGEST_GAP_MS;
    if (goesOn) {
      this.#extended = { ...open, to: span.to, count: open.count + span.count };
      if (staysOpen) this.#gap = this.#extended;
      return;
    }
    const { runId } = this.#row(span, { state: 'skipped', reason });
    const { from, to, count } = span;
    if (staysOpen) this.#gap = { runId, reason, from, to, count, openedAt: this.#ctx.at };
  }

  #row(span: Span, row: Pick<NewRun, 'state'> & Partial<NewRun>): NewRun {
    const job = this.#job;
    const dueAt = this.#grid.due(span.to);
    const full: NewRun = {
      runId: this.#ctx.newRunId(),
      kind: 'scheduled',
      reason: null,
      slot: span.to,
      dueAt,
      covers: span.count > 1 ? { from: span.from, to: span.to, count: span.count } : null,
      lateByMs: this.#ctx.at - dueAt,
      input: job.input,
      snapshot: { handler: job.handler, policy: job.policy, dryRun: false },
      by: null,
      ...row,
    };
    this.#rows.push(full);
    return full;
  }
}
