// The promises of the ledger: what every store keeps, in the order the engine and the runs need it.
// Every method is one transaction. Batches in, batches out, so that a database over a network can keep them too.

import type { EpochMs } from '#core/clock';
import type { ErrorRecord } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { JobSpec, OpenGap, StoredJob } from '#core/job';
import type { ObservedPause, Pause, PauseSource } from '#core/pause';
import type { AttemptRecord, Reason, Run, RunKind, RunState } from '#core/run';
import type { ScheduleSpec } from '#core/schedule';

export interface Store {
  // ---- boots -------------------------------------------------------------------------------------------
  /** Records that a process started to run loops (`service`) or a single job (`run`). */
  beginBoot(boot: NewBoot): Promise<void>;
  /** Heartbeat: `lastTick` of the boot and of the runs it holds. */
  tick(bootId: string, at: EpochMs): Promise<void>;
  endBoot(bootId: string, at: EpochMs): Promise<void>;
  /** Newest first. `before` = boots started at or before it. */
  boots(query: { before?: EpochMs; limit: number }): Promise<Boot[]>;

  // ---- jobs --------------------------------------------------------------------------------------------
  /** All, or those of the uids (removed ones too, their runs may go on); ordered by id. */
  jobs(query?: { uids?: readonly string[] }): Promise<StoredJob[]>;
  /** Reads all jobs and their live runs, asks `decide`, writes its effects: one transaction (rule 14). */
  reconcile(at: EpochMs, decide: (view: ReconcileView) => Effects): Promise<void>;
  /** Changes of jobs, newest first. `before` = at or before it. */
  changes(query: { jobUid?: string; before?: EpochMs; limit: number }): Promise<JobChange[]>;

  // ---- pauses ------------------------------------------------------------------------------------------
  /** Pauses that overlap [from, to]; open ones count as endless. Ordered by `since`. */
  pauses(query: { from: EpochMs; to: EpochMs }): Promise<Pause[]>;
  /** Opens a stored pause; answers false when the same source already holds the same target. */
  pause(pause: NewPause): Promise<boolean>;
  /** Ends the stored pauses of the target (null = the global ones); answers those it ended. */
  resume(target: {
    jobUid: string | null;
    sources: readonly PauseSource[];
    at: EpochMs;
    by: string;
  }): Promise<Pause[]>;
  /**
   * Notes which outside sources hold now: opens a row for one first seen at `at`, ends the row of one no longer
   * held (at `heldUntil` when given: the last tick of a dead boot, else at `at`). Answers all open global pauses.
   */
  observe(at: EpochMs, held: readonly ObservedPause[], heldUntil?: EpochMs): Promise<Pause[]>;

  // ---- the ledger --------------------------------------------------------------------------------------
  /**
   * For each job with `nextDue` ≤ at, or whose gap `paused`/`stopped` is open while no pause holds it any more, or with
   * a waiting run whose time is over: asks `plan` (pure) and writes its rows, gap and cursor. One transaction; a job whose plan throws or whose rows
   * collide is rolled back alone and named in `dropped`.
   */
  fire(at: EpochMs, plan: (due: DueJob) => FireDecision): Promise<FireResult>;
  /** A run asked for by hand, by call or at start. `decide` sees the job's live runs; a refusal writes nothing. */
  enqueue(jobId: string, decide: (due: DueJob) => EnqueueDecision): Promise<EnqueueResult>;
  /**
   * Takes queued runs that may start at `at`, by (priority, slot), and makes them `running` under the lease of
   * this boot, in one statement: not before `notBefore`, hand-started ones even in a pause, a waiting retry only
   * if its job has a free place, at most `cap` running in all. `only` = this run and no other.
   */
  claim(request: ClaimRequest): Promise<Run[]>;
  /** Writes endings of attempts, each guarded by its lease. A late write with an old lease answers `lost`. */
  settle(endings: readonly Ending[]): Promise<('settled' | 'lost')[]>;
  /** A running run whose end was asked for and is not confirmed yet. Guarded like `settle`. */
  markStopping(runId: string, leaseToken: string): Promise<'settled' | 'lost'>;
  /** Live runs left by boots other than `bootId`, which the service lock proves dead: one failed attempt each (rule 10). */
  recover(bootId: string, at: EpochMs, decide: (run: Run) => Verdict): Promise<Run[]>;
  /**
   * Marks a live run to be cancelled by whoever holds it; a queued one ends at once. Answers the run, or null. A retry
   * or a giving back that is settled after the request ends `cancelled` instead: the request is never lost.
   */
  requestCancel(runId: string, at: EpochMs, by: string): Promise<Run | null>;
  /** Runs of this boot that somebody asked to cancel. */
  cancelRequests(bootId: string): Promise<string[]>;
  run(runId: string): Promise<Run | null>;
  /** Newest first. */
  runs(query: RunQuery): Promise<Run[]>;
  /** Rows whose slot or covered range contains `at`, plus the nearest row before and after it. */
  around(jobUid: string, at: EpochMs): Promise<{ covering: Run[]; before: Run | null; after: Run | null }>;
  counts(): Promise<{ queued: number; running: number }>;

  // ---- waking ------------------------------------------------------------------------------------------
  /**
   * When something next becomes due without anybody writing: a slot (also one already due), a waiting retry after
   * `at`, the end of a timed pause after `at`, the end of a wait for a place (also one that is over).
   */
  nextWake(at: EpochMs): Promise<Wake>;
  /** True when another process wrote since the last call. Cheap: asked every `check_interval`. */
  changedElsewhere(): Promise<boolean>;
  close(): Promise<void>;
}

export interface Wake {
  slot: EpochMs | null;
  retry: EpochMs | null;
  pauseEnd: EpochMs | null;
  expiry: EpochMs | null;
}

export interface NewBoot {
  bootId: string;
  kind: 'service' | 'run';
  pid: number;
  startedAt: EpochMs;
  version: string;
}

export interface Boot extends NewBoot {
  lastTick: EpochMs;
  /** Null = unclean, or still up. */
  endedAt: EpochMs | null;
}

export interface NewPause {
  jobUid: string | null;
  source: PauseSource;
  who: string;
  why: string | null;
  since: EpochMs;
  until: EpochMs | null;
}

/** What `plan` decides on: one job with its pauses (global and own, ended ones too) since its cursor. */
export interface DueJob {
  job: StoredJob;
  pauses: Pause[];
  /** Live runs of the job, oldest first. */
  live: Run[];
  /** Live runs of other jobs of its group, oldest first (rule 4). */
  groupLive: Run[];
  /** Slots after the cursor that have a row already: only after a clock was set back (rule 13). Ascending. */
  taken: { from: EpochMs; to: EpochMs }[];
}

/** A row to be written; what is left out is null, empty or now. */
export interface NewRun {
  runId: string;
  kind: RunKind;
  state: 'queued' | 'skipped' | 'missed';
  reason: Reason | null;
  slot: EpochMs | null;
  dueAt: EpochMs;
  covers: Run['covers'];
  lateByMs: number;
  input: JsonObject;
  snapshot: Run['snapshot'];
  by: string | null;
  /** Of a queued row; left out = it holds one. */
  holdsPlace?: boolean;
  line?: string | null;
  /** Null or left out = waits for ever. */
  maxWaitMs?: number | null;
  key?: string | null;
  /** Left out = the job's own. */
  configHash?: string;
}

export interface FireDecision {
  /** In slot order. */
  rows: NewRun[];
  /** Gap rows of a single slot that runs after all (rule 6, one-time jobs): deleted before `rows` are written. */
  withdrawn: string[];
  /** The job's open gap row, grown by this pass: its `to`, `count` and slot are written to the row. */
  extended: OpenGap | null;
  /** The gap row that stays open after this pass: `extended`, or one of `rows`. Null closes. */
  gap: OpenGap | null;
  cursor: EpochMs;
  nextSlot: EpochMs | null;
  nextDue: EpochMs | null;
  /** Runs of the kinds scheduled and catchup among `rows` (rule 19). */
  admitted: number;
  state: StoredJob['state'];
  /** Queued runs that leave before the rows are written: waited too long, given up for a newer slot (rules 1, 7). */
  end?: readonly RunEnd[];
  /** Runs that somebody else's place depends on: asked to stop (rule 4, cancel_previous). `by` = the run that waits. */
  cancel?: readonly { runId: string; by: string }[];
  /** Waiting runs that a pause held up: they wait until later (rule 1). */
  postpone?: readonly { runId: string; expiresAt: EpochMs }[];
  /** Left out = unchanged (rule 22). */
  circuit?: StoredJob['circuit'];
}

export interface FireResult {
  decided: { job: StoredJob; rows: Run[] }[];
  dropped: { jobId: string; error: unknown }[];
}

export type EnqueueDecision =
  /** `cancel` and `end` as in a FireDecision. */
  | { kind: 'enqueue'; row: NewRun; cancel?: FireDecision['cancel']; end?: FireDecision['end'] }
  | { kind: 'refuse'; because: 'overlap' | 'queue_full'; inTheWay: string };
export type EnqueueResult =
  | { kind: 'queued'; run: Run }
  | Extract<EnqueueDecision, { kind: 'refuse' }>
  | { kind: 'no_job' };

export interface ClaimRequest {
  at: EpochMs;
  bootId: string;
  /** How many the caller can take. */
  places: number;
  /** `max_concurrent_executions` (rule 5). */
  cap: number;
  only?: string;
}

/** What follows an attempt (pure, `runs/decide.ts`). */
export type Verdict =
  | {
      kind: 'done';
      state: Exclude<RunState, 'queued' | 'running' | 'stopping' | 'missed'>;
      reason: Reason | null;
    }
  | { kind: 'retry'; notBefore: EpochMs }
  /** Cut by a shutdown: queued again, the attempt does not count (rule 23). */
  | { kind: 'given_back' };

export interface Ending {
  runId: string;
  leaseToken: string;
  attempt: AttemptRecord;
  verdict: Verdict;
  durationMs: number;
  statistics: JsonObject | null;
  codeHash: string | null;
  /** `ctx.state` of a successful run; undefined = unchanged. */
  handlerState?: Json;
}

export interface RunQuery {
  jobUid?: string;
  jobId?: string;
  states?: readonly RunState[];
  limit: number;
}

export interface ReconcileView {
  jobs: StoredJob[];
  /** Live runs by job uid, oldest first. */
  live: ReadonlyMap<string, Run[]>;
}

/** Writes that a change of definitions asks for. */
export interface Effects {
  insert: (Omit<JobSpec, 'schedule'> &
    JobCursor & { uid: string; schedule: ScheduleSpec; state: StoredJob['state']; createdAt: EpochMs })[];
  update: { uid: string; set: Partial<StoredJob> }[];
  /** `unlessTaken` = left out where the slot has a row already. */
  rows: (NewRun & { jobUid: string; unlessTaken?: true })[];
  /** Runs that end because their job changed. */
  end: RunEnd[];
  /** Uids of jobs that are deleted: their ids are free again, their rows and live runs stay (rule 15). */
  remove?: readonly string[];
  changes: Omit<JobChange, 'at'>[];
}

/**
 * A run that ends without starting (again): only while it is still `queued`, else nothing happens. An admission that
 * never started leaves the job's `admittedCount` (rule 19); `failed` counts as a failure of the job.
 */
export interface RunEnd {
  runId: string;
  state: Exclude<RunState, 'queued' | 'running' | 'stopping'>;
  reason: Reason;
  /** Null keeps the error of the last attempt. */
  error: ErrorRecord | null;
}

export type JobCursor = Pick<StoredJob, 'cursor' | 'nextSlot' | 'nextDue' | 'ledgerFrom'>;

/** One row of the audit of a job: every change of schedule, zone, enabled, pause, existence. */
export interface JobChange {
  jobUid: string | null;
  at: EpochMs;
  what:
    | 'created'
    | 'updated'
    | 'schedule'
    | 'enabled'
    | 'state'
    | 'paused'
    | 'resumed'
    | 'orphaned'
    | 'returned';
  before: Json;
  after: Json;
  by: string;
}
