// What would run, be skipped and missed in a stretch of time: the planner on a ledger in memory, from event to event. Pure.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JobSpec, StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { DueJob, EnqueueDecision } from '#store/store';
import { MinHeap } from './min-heap.ts';
import { type PlanContext, plan } from './plan.ts';
import { reconcile } from './reconcile.ts';
import { endOf } from './segments.ts';
import { SimulatedLedger, type SimulatedRow } from './simulated-ledger.ts';

/** From `from`, inclusive, to `to`, exclusive. */
export interface TimeSpan {
  from: EpochMs;
  to: EpochMs;
}

export interface SimulationInput extends TimeSpan {
  /** As they are at `from`: with a cursor before it. In the order in which a start looks at them. */
  jobs: readonly StoredJob[];
  /** No service is up: live runs are given back, and go on at the start that follows. Ends before `to`. */
  down: readonly TimeSpan[];
  pauses: readonly Pause[];
  /** `max_concurrent_executions`. */
  cap: number;
  /** How long a run of the job takes. It always succeeds. */
  durationOf(job: StoredJob): number;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  /** `run_on_start` after the first pass of a start (rule 18). */
  requestStartup(due: DueJob, at: EpochMs, runId: string): EnqueueDecision;
  /** More rows than this are refused. */
  maxRows: number;
}

/** Slots that become no row of their own (in a pause) cost time, too. */
const DECISIONS_PER_ROW = 5;

/** In the order of their times. Throws TOO_LARGE beyond `maxRows`. */
export function simulate(input: SimulationInput): SimulatedRow[] {
  return new Simulation(input).run();
}

class Simulation {
  readonly #input: SimulationInput;
  readonly #ledger: SimulatedLedger;
  readonly #running = new MinHeap<Run>();
  readonly #downs: readonly TimeSpan[];
  /** Jobs of the settings; those of other faces know no start. */
  readonly #defined: readonly StoredJob[];
  /** Ends of pauses still to come. */
  #pauseEnds: EpochMs[];
  #bootStartedAt: EpochMs;
  #nextDown = 0;
  #isUp = true;
  #ids = 0;
  #decisions = 0;

  constructor(input: SimulationInput) {
    this.#input = input;
    this.#downs = merged(input.down);
    this.#defined = input.jobs.filter((job) => job.source === 'config');
    this.#ledger = new SimulatedLedger(input.jobs, input.pauses);
    this.#bootStartedAt = input.from;
    const ends = input.pauses.flatMap((pause) => endOf(pause) ?? []).filter((end) => end > input.from);
    this.#pauseEnds = ends.sort((a, b) => a - b);
  }

  run(): SimulatedRow[] {
    for (let at = this.#nextEvent(); at < this.#input.to; at = this.#nextEvent()) this.#step(at);
    this.#endRuns(Number.MAX_SAFE_INTEGER);
    const when = (row: SimulatedRow) => row.startsAt ?? row.slot ?? row.decidedAt;
    return this.#ledger.rows.toSorted((a, b) => when(a) - when(b));
  }

  #nextEvent(): EpochMs {
    const down = this.#downs[this.#nextDown];
    if (!this.#isUp) return down!.to;
    return Math.max(
      this.#input.from,
      Math.min(
        this.#running.least,
        this.#ledger.nextEvent,
        this.#pauseEnds[0] ?? Infinity,
        down?.from ?? Infinity,
      ),
    );
  }

  #step(at: EpochMs): void {
    while ((this.#pauseEnds[0] ?? Infinity) <= at) this.#pauseEnds.shift();
    const down = this.#downs[this.#nextDown];
    const stops = this.#isUp && down !== undefined && down.from <= at;
    for (const { key, item } of this.#running.takeUpTo(at)) {
      this.#ledger.settle(item, key, 'succeeded');
      // No two ends meet in one instant: who ends first makes room first.
      if (!stops) this.#claim(at);
    }
    if (stops) this.#stop(at);
    else if (this.#isUp) this.#decide(at, false);
    else this.#start(at);
  }

  #stop(at: EpochMs): void {
    this.#isUp = false;
    for (const { item } of this.#running.takeUpTo(Number.MAX_SAFE_INTEGER)) this.#ledger.giveBack(item, at);
  }

  /** As a service starts: gap rows are closed, then the first pass, then `run_on_start`. */
  #start(at: EpochMs): void {
    this.#isUp = true;
    this.#nextDown++;
    this.#bootStartedAt = at;
    const { scheduleOf } = this.#input;
    const newId = () => this.#newId();
    const context = { at, bootStartedAt: at, atStart: true, by: 'settings', scheduleOf };
    const definitions = this.#defined.map(specOf);
    this.#ledger.reconcile((view) =>
      reconcile(view, definitions, { ...context, newRunId: newId, newUid: newId }),
    );
    this.#decide(at, true);
  }

  #decide(at: EpochMs, isStart: boolean): void {
    const { handlerKnown, scheduleOf, requestStartup } = this.#input;
    const newRunId = () => this.#newId();
    const ctx: PlanContext = { at, bootStartedAt: this.#bootStartedAt, handlerKnown, scheduleOf, newRunId };
    const fired = this.#ledger.fire(at, (due) => plan(due, ctx));
    const asked = [...fired.asked];
    this.#decisions += fired.jobs;
    for (const job of isStart ? this.#defined.filter((each) => each.runOnStart && each.enabled) : [])
      asked.push(...this.#ledger.enqueue(job.uid, at, (due) => requestStartup(due, at, newRunId())));
    this.#claim(at);
    for (const run of asked) this.#ledger.settle(run, at, 'cancelled');
    if (asked.length > 0) this.#claim(at);
    // What takes no time makes room at once.
    while (this.#running.least <= at) {
      this.#endRuns(at);
      this.#claim(at);
    }
    this.#refuseTooMany(at);
  }

  #claim(at: EpochMs): void {
    for (const run of this.#ledger.claim(at, this.#input.cap)) {
      this.#running.push(at + this.#input.durationOf(this.#ledger.jobOf(run)), run);
    }
  }

  #endRuns(at: EpochMs): void {
    for (const { key, item } of this.#running.takeUpTo(at)) this.#ledger.settle(item, key, 'succeeded');
  }

  #newId(): string {
    return String(++this.#ids);
  }

  #refuseTooMany(at: EpochMs): void {
    const { maxRows } = this.#input;
    if (this.#ledger.rowCount <= maxRows && this.#decisions <= maxRows * DECISIONS_PER_ROW) return;
    throw new SchedulerError(
      'TOO_LARGE',
      `more than ${maxRows.toLocaleString('en')} runs and skips, reached at ${new Date(at).toISOString()}`,
      'ask for a shorter stretch of time, or for fewer jobs',
    );
  }
}

/** In time order, those that touch as one. */
function merged(spans: readonly TimeSpan[]): TimeSpan[] {
  const found: TimeSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else found.push({ ...span });
  }
  return found;
}

/** What the settings say of it, without what the ledger keeps beside. */
function specOf(job: StoredJob): JobSpec {
  const { id, name, description, handler, input, source, origin, owner, moduleId, enabled } = job;
  const { manualOnly, runOnStart, schedule, policy, warnings, configHash } = job;
  const identity = { id, name, description, handler, input, source, origin, owner, moduleId, enabled };
  return { ...identity, manualOnly, runOnStart, schedule, policy, warnings, configHash };
}
