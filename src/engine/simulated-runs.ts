// Live runs of a simulation: who waits, who has a place, who starts next. As the store's claim and settle do it.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { NewRun } from '#store/store';

export class SimulatedRuns {
  /** Each oldest first. */
  readonly #ofJob = new Map<string, Run[]>();
  readonly #ofGroup = new Map<string, Run[]>();
  /** In starting order where `#isSorted`. */
  #queued: Run[] = [];
  #isSorted = true;
  #running = 0;
  readonly #admittedAs = new Map<string, number>();
  #admissions = 0;

  /** Live runs of a job, oldest first. */
  of(jobUid: string): readonly Run[] {
    return this.#ofJob.get(jobUid) ?? [];
  }

  /** Live runs of other jobs of the group, oldest first. */
  beside(job: StoredJob): Run[] {
    const { group } = job.policy;
    if (group === null) return [];
    return (this.#ofGroup.get(group) ?? []).filter((run) => run.jobUid !== job.uid);
  }

  /** The next instant at which somebody has waited too long. */
  get nextExpiry(): EpochMs {
    let next = Infinity;
    for (const run of this.#queued) if (run.expiresAt !== null && run.expiresAt < next) next = run.expiresAt;
    return next;
  }

  /** Jobs with a run whose wait is over. */
  expiring(at: EpochMs): string[] {
    return this.#queued.flatMap((run) => (run.expiresAt !== null && run.expiresAt <= at ? [run.jobUid] : []));
  }

  queuedRun(runId: string): Run | undefined {
    return this.#queued.find((run) => run.runId === runId);
  }

  admit(job: StoredJob, row: NewRun, at: EpochMs): void {
    const run = liveRun(job, row, at);
    push(this.#ofJob, run.jobUid, run);
    if (run.group !== null) push(this.#ofGroup, run.group, run);
    this.#admittedAs.set(run.runId, ++this.#admissions);
    this.#queue(run);
  }

  /** Who starts now, in starting order; `jobOf` answers null for a job that may start nothing (rules 4, 5). */
  claim(at: EpochMs, cap: number, jobOf: (run: Run) => StoredJob | null): Run[] {
    const started: Run[] = [];
    if (this.#queued.length === 0 || this.#running >= cap) return started;
    if (!this.#isSorted) this.#queued.sort((a, b) => this.#compare(a, b));
    this.#isSorted = true;
    for (const run of this.#queued) {
      if (this.#running === cap) break;
      const isTime = run.expiresAt === null || run.expiresAt > at;
      const job = isTime ? jobOf(run) : null;
      if (job && this.#hasPlace(run, job)) started.push(this.#start(run, at));
    }
    if (started.length > 0) this.#queued = this.#queued.filter((run) => run.state === 'queued');
    return started;
  }

  /** Cut by a stop: it keeps its place and begins again (rule 23). */
  giveBack(run: Run, at: EpochMs): void {
    const startedAt = run.startedAt ?? at;
    this.#running--;
    run.attempts.push({ n: run.attempt, startedAt, endedAt: at, outcome: 'given_back', error: null });
    run.attempt--;
    run.state = 'queued';
    run.expiresAt = run.maxWaitMs === null ? null : at + run.maxWaitMs;
    this.#queue(run);
  }

  /** The end of a run, whether it ran or waited. The place of a line goes to its next run. */
  end(run: Run, at: EpochMs, state: Run['state']): void {
    if (run.state === 'running') this.#running--;
    else this.#queued = this.#queued.filter((each) => each !== run);
    run.state = state;
    const isHead = this.#isHeadOfLine(run);
    drop(this.#ofJob, run.jobUid, run);
    if (run.group !== null) drop(this.#ofGroup, run.group, run);
    this.#admittedAs.delete(run.runId);
    const next = isHead ? this.of(run.jobUid).find((each) => each.line === run.line) : undefined;
    if (run.line === null || !next) return;
    next.holdsPlace = run.holdsPlace;
    next.expiresAt = next.maxWaitMs === null ? null : at + next.maxWaitMs;
  }

  #queue(run: Run): void {
    this.#queued.push(run);
    this.#isSorted = this.#queued.length === 1;
  }

  /** Lower starts first (rule 5). */
  #compare(a: Run, b: Run): number {
    const planned = (run: Run) => run.slot ?? run.queuedAt;
    const admitted = (run: Run) => this.#admittedAs.get(run.runId)!;
    return a.priority - b.priority || planned(a) - planned(b) || admitted(a) - admitted(b);
  }

  #hasPlace(run: Run, job: StoredJob): boolean {
    if (run.line !== null && !this.#isHeadOfLine(run)) return false;
    if (run.holdsPlace || job.policy.overlap === 'allow') return true;
    const taken = this.of(run.jobUid).filter((each) => each.holdsPlace).length;
    return taken < job.policy.maxInstances && !this.beside(job).some((each) => each.holdsPlace);
  }

  #isHeadOfLine(run: Run): boolean {
    return run.line !== null && this.of(run.jobUid).find((each) => each.line === run.line) === run;
  }

  #start(run: Run, at: EpochMs): Run {
    this.#running++;
    run.attempt++;
    run.state = 'running';
    run.startedAt = at;
    run.holdsPlace = true;
    run.expiresAt = null;
    run.name = run.runId;
    return run;
  }
}

function push(lists: Map<string, Run[]>, key: string, run: Run): void {
  const list = lists.get(key);
  if (list) list.push(run);
  else lists.set(key, [run]);
}

function drop(lists: Map<string, Run[]>, key: string, run: Run): void {
  const list = lists.get(key) ?? [];
  list.splice(list.indexOf(run), 1);
}

/** Every field by name, none spread: a simulation makes a hundred thousand of them. */
function liveRun(job: StoredJob, row: NewRun, at: EpochMs): Run {
  const { line = null, maxWaitMs = null, key = null } = row;
  return {
    runId: row.runId,
    name: null,
    jobUid: job.uid,
    jobId: job.id,
    jobName: job.name,
    kind: row.kind,
    state: row.state,
    reason: row.reason,
    slot: row.slot,
    dueAt: row.dueAt,
    notBefore: null,
    covers: row.covers,
    attempt: 0,
    attempts: [],
    queuedAt: at,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    lateByMs: row.lateByMs,
    input: row.input,
    configHash: row.configHash ?? job.configHash,
    codeHash: null,
    snapshot: row.snapshot,
    success: null,
    statistics: null,
    error: null,
    warnings: [],
    by: row.by,
    bootId: null,
    leaseToken: null,
    holdsPlace: row.holdsPlace ?? true,
    line,
    group: job.policy.group,
    maxWaitMs,
    expiresAt: maxWaitMs === null ? null : at + maxWaitMs,
    key,
    priority: row.snapshot.policy.priority,
    cancelRequested: false,
    cancelledBy: null,
  };
}
