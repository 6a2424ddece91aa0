// The ledger of a simulation: what planners decide is kept in memory, by the promises of the store. Nothing is written.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import { HAND_STARTED, type Reason, type Run, type RunKind } from '#core/run';
import type {
  DueJob,
  Effects,
  EnqueueDecision,
  FireDecision,
  NewRun,
  ReconcileView,
  RunEnd,
} from '#store/store';
import { MinHeap } from './min-heap.ts';
import { endOf } from './segments.ts';
import { SimulatedRuns } from './simulated-runs.ts';

/** One line of a simulation's answer. */
export interface SimulatedRow {
  job: StoredJob;
  kind: RunKind;
  /** Null = of a start of the service. */
  slot: EpochMs | null;
  outcome: 'run' | 'skipped' | 'missed';
  decidedAt: EpochMs;
  /** Of the last start; null = it has none, or still waits for the next. */
  startsAt: EpochMs | null;
  endsAt: EpochMs | null;
  reason: Reason | null;
  covers: Run['covers'];
  /** How often a stop of the service cut it; each time it began again. */
  cuts: number;
}

export class SimulatedLedger {
  readonly #jobs: ReadonlyMap<string, StoredJob>;
  readonly #pauses: readonly Pause[];
  /** May hold a job at an instant at which it is no longer due. */
  readonly #due = new MinHeap<StoredJob>();
  readonly #runs = new SimulatedRuns();
  readonly #rows: SimulatedRow[] = [];
  /** Of live runs, and of gap rows that may still change. */
  readonly #rowOf = new Map<string, SimulatedRow>();
  readonly #withdrawn = new Set<SimulatedRow>();

  /** Takes copies of the jobs. */
  constructor(jobs: readonly StoredJob[], pauses: readonly Pause[]) {
    this.#jobs = new Map(jobs.map((job) => [job.uid, { ...job }]));
    this.#pauses = pauses;
    for (const job of this.#jobs.values()) this.#await(job);
  }

  /** In the order in which they were written. */
  get rows(): SimulatedRow[] {
    return this.#withdrawn.size === 0 ? this.#rows : this.#rows.filter((row) => !this.#withdrawn.has(row));
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  /** When a slot is next due, a wait next over; the former may be early. */
  get nextEvent(): EpochMs {
    return Math.min(this.#due.least, this.#runs.nextExpiry);
  }

  jobOf(run: Run): StoredJob {
    return this.#jobs.get(run.jobUid)!;
  }

  /** As `Store.reconcile`: only what a start of unchanged definitions can ask for. */
  reconcile(decide: (view: ReconcileView) => Effects): void {
    const jobs = [...this.#jobs.values()];
    const live = new Map(jobs.map(({ uid }) => [uid, [...this.#runs.of(uid)]]));
    for (const { uid, set } of decide({ jobs, live }).update) {
      const job = this.#jobs.get(uid)!;
      Object.assign(job, set);
      this.#await(job);
    }
  }

  /** As `Store.fire`. Answers the runs that are asked to stop, and how many jobs were decided. */
  fire(at: EpochMs, plan: (due: DueJob) => FireDecision): { asked: Run[]; jobs: number } {
    const asked: Run[] = [];
    const jobs = this.#jobsToDecide(at);
    for (const job of jobs) asked.push(...this.#apply(job, plan(this.#viewOf(job, at)), at));
    return { asked, jobs: jobs.size };
  }

  /** As `Store.enqueue`. Answers the runs that are asked to stop. */
  enqueue(uid: string, at: EpochMs, decide: (due: DueJob) => EnqueueDecision): Run[] {
    const job = this.#jobs.get(uid)!;
    const decision = decide(this.#viewOf(job, at));
    if (decision.kind === 'refuse') return [];
    this.#endAll(decision.end, at, null);
    this.#add(job, decision.row, at, null);
    return this.#runningOf(job, decision.cancel);
  }

  /** As `Store.claim`: who starts now, in starting order. */
  claim(at: EpochMs, cap: number): Run[] {
    const allHeld = this.#pauses.some((pause) => pause.jobUid === null && holds(pause, at));
    const started = this.#runs.claim(at, cap, (run) => {
      const isHeld = allHeld || this.#pauses.some((pause) => pause.jobUid === run.jobUid && holds(pause, at));
      return isHeld && !HAND_STARTED.includes(run.kind) ? null : this.jobOf(run);
    });
    for (const run of started) this.#rowOf.get(run.runId)!.startsAt = at;
    return started;
  }

  /** A run that did what it should, or was asked to stop and did; one that runs no longer is left alone. */
  settle(run: Run, at: EpochMs, state: 'succeeded' | 'cancelled'): void {
    if (run.state !== 'running') return;
    if (state === 'succeeded') closeCircuit(this.jobOf(run));
    this.#rowOf.get(run.runId)!.endsAt = at;
    this.#rowOf.delete(run.runId);
    this.#runs.end(run, at, state);
  }

  /** A stop of the service: what runs is given back and keeps its place (rule 23). */
  giveBack(run: Run, at: EpochMs): void {
    if (run.state !== 'running') return;
    this.#runs.giveBack(run, at);
    const row = this.#rowOf.get(run.runId)!;
    row.cuts++;
    row.startsAt = null;
  }

  #await(job: StoredJob): void {
    if (job.state === 'active' && job.nextDue !== null) this.#due.push(job.nextDue, job);
  }

  /** Due ones by (due, id), then those whose pause is over, then those with a run whose wait is over. */
  #jobsToDecide(at: EpochMs): Set<StoredJob> {
    const due = this.#due
      .takeUpTo(at)
      .filter(({ key, item }) => item.state === 'active' && item.nextDue === key);
    if (due.length > 1) due.sort((a, b) => a.key - b.key || byTurn(a.item, b.item));
    const jobs = new Set(due.map(({ item }) => item));
    if (this.#pauses.length > 0)
      for (const job of [...this.#jobs.values()].filter((each) => this.#isResumed(each, at)).sort(byId))
        jobs.add(job);
    for (const job of this.#runs
      .expiring(at)
      .map((uid) => this.#jobs.get(uid)!)
      .sort(byId))
      jobs.add(job);
    return jobs;
  }

  #isResumed(job: StoredJob, at: EpochMs): boolean {
    if (job.state !== 'active' || (job.gap?.reason !== 'paused' && job.gap?.reason !== 'stopped'))
      return false;
    return !this.#pauses.some((pause) => isOf(pause, job) && holds(pause, at));
  }

  #viewOf(job: StoredJob, at: EpochMs): DueJob {
    const live = [...this.#runs.of(job.uid)];
    const view: DueJob = { job, live, groupLive: this.#runs.beside(job), pauses: [], taken: [] };
    if (this.#pauses.length === 0) return view;
    // A waiting run asks for the pauses of all its time, which may have begun before the cursor.
    const since = live.reduce((least, run) => Math.min(least, run.queuedAt), job.cursor);
    const isNews = (pause: Pause) =>
      isOf(pause, job) && pause.since <= at && (holds(pause, at) || endOf(pause)! > since);
    return { ...view, pauses: this.#pauses.filter(isNews).map((pause) => asSeen(pause, at)) };
  }

  #apply(job: StoredJob, decision: FireDecision, at: EpochMs): Run[] {
    this.#endAll(decision.end, at, job);
    for (const { runId, expiresAt } of decision.postpone ?? []) {
      const run = this.#runs.queuedRun(runId);
      if (run) run.expiresAt = expiresAt;
    }
    this.#writeGap(job, decision);
    for (const row of decision.rows) this.#add(job, row, at, decision.gap?.runId ?? null);
    const { cursor, nextSlot, nextDue, state, gap, admitted, circuit = job.circuit } = decision;
    job.cursor = cursor;
    job.nextSlot = nextSlot;
    job.nextDue = nextDue;
    job.gap = gap;
    job.state = state;
    job.circuit = circuit;
    job.admittedCount += admitted;
    this.#await(job);
    return this.#runningOf(job, decision.cancel);
  }

  /** A gap row that began before the simulation is not shown. */
  #writeGap(job: StoredJob, { withdrawn, extended, gap }: FireDecision): void {
    for (const runId of withdrawn) {
      const row = this.#rowOf.get(runId);
      if (row) this.#withdrawn.add(row);
    }
    const grown = extended && this.#rowOf.get(extended.runId);
    if (extended && grown) {
      const { from, to, count } = extended;
      grown.slot = to;
      grown.covers = { from, to, count };
    }
    if (job.gap && job.gap.runId !== gap?.runId) this.#rowOf.delete(job.gap.runId);
  }

  #add(job: StoredJob, row: NewRun, at: EpochMs, openGap: string | null): void {
    const shown: SimulatedRow = {
      job,
      kind: row.kind,
      slot: row.slot,
      outcome: row.state === 'queued' ? 'run' : row.state,
      decidedAt: at,
      startsAt: null,
      endsAt: null,
      reason: row.reason,
      covers: row.covers,
      cuts: 0,
    };
    this.#rows.push(shown);
    if (row.state === 'queued' || row.runId === openGap) this.#rowOf.set(row.runId, shown);
    if (row.state === 'queued') this.#runs.admit(job, row, at);
  }

  #runningOf(job: StoredJob, cancel: FireDecision['cancel'] = []): Run[] {
    if (cancel.length === 0) return [];
    const ids = new Set(cancel.map(({ runId }) => runId));
    const near = [...this.#runs.of(job.uid), ...this.#runs.beside(job)];
    return near.filter((run) => ids.has(run.runId) && run.state === 'running');
  }

  /**
   * Runs that leave. A job at its limit that got an execution back has slots again, from now on (rule 19); `but` = the
   * job that is being decided, which knows by itself.
   */
  #endAll(ends: readonly RunEnd[] = [], at: EpochMs, but: StoredJob | null): void {
    for (const end of ends) {
      const run = this.#runs.queuedRun(end.runId);
      const job = run && this.jobOf(run);
      this.#endQueued(end, at);
      if (!job || job === but || !hasRoomAgain(job)) continue;
      job.state = 'active';
      job.cursor = Math.max(job.cursor, at);
      job.nextSlot = at;
      job.nextDue = at;
      this.#await(job);
    }
  }

  /** A run that leaves without starting (again); an admission that never started is given back (rule 19). */
  #endQueued(end: RunEnd, at: EpochMs): void {
    const run = this.#runs.queuedRun(end.runId);
    if (!run) return;
    const row = this.#rowOf.get(run.runId)!;
    row.reason = end.reason;
    row.startsAt = run.startedAt;
    row.endsAt = run.startedAt === null ? null : at;
    if (end.state === 'skipped' || end.state === 'missed') row.outcome = end.state;
    const job = this.jobOf(run);
    const isCounted = run.kind === 'scheduled' || run.kind === 'catchup';
    if (isCounted && run.name === null) job.admittedCount = Math.max(0, job.admittedCount - 1);
    this.#rowOf.delete(run.runId);
    this.#runs.end(run, at, end.state);
  }
}

/** As the ledger decides what is due at one instant. */
function byTurn(a: StoredJob, b: StoredJob): number {
  return a.policy.priority - b.policy.priority || (a.nextSlot ?? 0) - (b.nextSlot ?? 0) || byId(a, b);
}

function byId(a: StoredJob, b: StoredJob): number {
  return a.id < b.id ? -1 : 1;
}

function hasRoomAgain({ state, enabled, manualOnly, schedule, policy, admittedCount }: StoredJob): boolean {
  const isOver = state !== 'completed' || !enabled || manualOnly;
  const recurs = schedule.kind === 'cron' || schedule.kind === 'every';
  return !isOver && recurs && policy.maxExecutions !== null && admittedCount < policy.maxExecutions;
}

/** One success of any kind of run closes it (rule 22). */
function closeCircuit(job: StoredJob): void {
  job.circuit = null;
  job.failStreak = 0;
}

function isOf(pause: Pause, job: StoredJob): boolean {
  return pause.jobUid === null || pause.jobUid === job.uid;
}

function holds(pause: Pause, at: EpochMs): boolean {
  return pause.since <= at && (endOf(pause) ?? Infinity) > at;
}

/** As its row stands at `at`: a timed pause ends by itself, at its time. */
function asSeen(pause: Pause, at: EpochMs): Pause {
  return { ...pause, endedAt: holds(pause, at) ? null : endOf(pause) };
}
