// The promises of the ledger: what every store keeps, in the order the engine and the runs need it.
// Every method is one transaction, and throws DATABASE_ERROR with a fix where file or disk is at fault. Batches in,
// batches out, so that a database over a network can keep them too.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { ObservedPause, Pause, PauseSource } from '#core/pause';
import type { Run, RunState } from '#core/run';
import type { Boot, NewBoot } from './boots.ts';
import type { ChangeQuery, JobChange } from './changes.ts';
import type { ChildPromises } from './children.ts';
import type { CleanupPromises } from './cleanups.ts';
import type {
  BackfillDecision,
  BackfillResult,
  BackfillView,
  ClockPlan,
  Concerned,
  DueJob,
  Effects,
  Ending,
  EnqueueDecision,
  EnqueueResult,
  FireDecision,
  FireOptions,
  FireResult,
  ReconcileView,
  Verdict,
} from './decisions.ts';
import type { KeyPromises } from './keys.ts';
import type { QueuePromises } from './queues.ts';
import type { Account, FoundHole, PruneRequest } from './upkeep.ts';

export type * from './boots.ts';
export type * from './changes.ts';
export type * from './children.ts';
export type * from './cleanups.ts';
export type * from './decisions.ts';
export type * from './keys.ts';
export type * from './ledger-files.ts';
export type * from './queues.ts';
export type * from './upkeep.ts';

export interface Store extends ChildPromises, CleanupPromises, KeyPromises, QueuePromises {
  // ---- boots -------------------------------------------------------------------------------------------
  /** Records that a process started to run loops (`service`) or a single job (`run`). */
  beginBoot(boot: NewBoot): Promise<void>;
  /** Heartbeat: `lastTick` of the boot and of the runs it holds. */
  tick(bootId: string, at: EpochMs): Promise<void>;
  endBoot(bootId: string, at: EpochMs): Promise<void>;
  /** Newest first. `before` = boots started at or before it. */
  boots(query: { before?: EpochMs; limit: number }): Promise<Boot[]>;

  // ---- jobs --------------------------------------------------------------------------------------------
  /**
   * All, or those of the uids (removed ones too, their runs may go on); ordered by id. With `id` the one that bears it
   * now, with `removed` also those that bore it before, newest first; with `name` those that have it. `page` = at most `limit` of all, whose ids come
   * after `after`: 100,000 jobs are not read at once.
   */
  jobs(query?: {
    uids?: readonly string[];
    id?: string;
    removed?: true;
    name?: string;
    page?: { after: string; limit: number };
  }): Promise<StoredJob[]>;
  /** Reads the jobs that are concerned and their live runs, asks `decide`, writes its effects: one transaction (rule 14). */
  reconcile(at: EpochMs, concerned: Concerned, decide: (view: ReconcileView) => Effects): Promise<void>;
  /** Changes of jobs, newest first. `before` = at or before it. */
  changes(query: ChangeQuery): Promise<JobChange[]>;

  // ---- pauses ------------------------------------------------------------------------------------------
  /** Pauses that overlap [from, to]; open ones count as endless. Ordered by `since`. */
  pauses(query: { from: EpochMs; to: EpochMs }): Promise<Pause[]>;
  /** Opens a stored pause; answers false when the same source already holds the same target. */
  pause(pause: NewPause): Promise<boolean>;
  /**
   * Ends the stored pauses of the target (null = the global ones); answers those it ended. With `plan`, jobs of the
   * target that no pause holds any more and that are due, or have the gap of a pause open, are decided by it in the same
   * transaction (rule 6, `resume --catch-up latest`); where it throws for a job, that one is left to the next `fire`.
   */
  resume(target: ResumeTarget, plan?: (due: DueJob) => FireDecision): Promise<Resumed>;
  /**
   * Notes which outside sources hold now: opens a row for one first seen at `at`, ends the row of one no longer
   * held (at `heldUntil` when given: the last tick of a dead boot, else at `at`). Answers all open global pauses.
   */
  observe(at: EpochMs, held: readonly ObservedPause[], heldUntil?: EpochMs): Promise<Pause[]>;

  // ---- the ledger --------------------------------------------------------------------------------------
  /**
   * For each job with `nextDue` ≤ at, or whose gap `paused`/`stopped` is open while no pause holds it any more, or with
   * a waiting run whose time is over: asks `plan` (pure) and writes its rows, gap and cursor; then claims as `claim` does.
   * One transaction; a job whose plan throws or whose rows collide is rolled back alone and named in `dropped`.
   */
  fire(at: EpochMs, plan: (due: DueJob) => FireDecision, options?: FireOptions): Promise<FireResult>;
  /** A run asked for by hand, by call or at start. `decide` sees the job's live runs; a refusal writes nothing. */
  enqueue(jobId: string, decide: (due: DueJob) => EnqueueDecision): Promise<EnqueueResult>;
  /**
   * Slots that were missed or skipped run after all (rule 18): `decide` sees the rows `missed` and `skipped` that touch
   * [from, to], and says what stays of each. Throws CONFLICT where a slot of the new runs has a row of another kind.
   */
  backfill(
    jobId: string,
    range: { from: EpochMs; to: EpochMs },
    decide: (view: BackfillView) => BackfillDecision,
  ): Promise<BackfillResult>;
  /**
   * Takes queued runs that may start at `at`, by (priority, slot), and makes them `running` under the lease of this
   * boot: not before `notBefore`, not once `expiresAt` is reached, of a line only the oldest, hand-started ones even in a
   * pause, of a removed job none, and one without a place only if its job has one free and no other job of its group
   * holds one (with `overlap: allow` in any case). At most `cap` run in all. `only` = this run and no other.
   */
  claim(request: ClaimRequest): Promise<Claimed[]>;
  /**
   * Writes endings of attempts, each guarded by its lease: a late write with an old lease answers `lost`. What their
   * ends make room for is claimed in the same transaction. Whatever ends a run for good, this or another promise, also
   * puts its message into the queue that its job names (core/queue.ts).
   */
  settle(endings: readonly Ending[], claim?: ClaimRequest): Promise<Settled>;
  /** A running run whose end was asked for and is not confirmed yet. Guarded like `settle`. */
  markStopping(runId: string, leaseToken: string): Promise<'settled' | 'lost'>;
  /**
   * Live runs left by boots other than `bootId`, which the service lock proves dead: one failed attempt each. A job with
   * a live run at two unclean ends in a row is paused, reason `crash_loop` (rule 10).
   */
  recover(
    bootId: string,
    at: EpochMs,
    decide: (run: Run) => Verdict,
  ): Promise<{ runs: Run[]; paused: Pause[] }>;
  /**
   * Marks a live run to be cancelled by whoever holds it; a queued one ends at once: when it is written, which may be
   * later than `at`, never before it stopped standing in others' way. Answers the run, or null. A retry or a giving back that is settled after the request ends `cancelled` instead: the request is never lost.
   */
  requestCancel(runId: string, at: EpochMs, by: string): Promise<Run | null>;
  /** Runs of this boot that somebody asked to cancel. */
  cancelRequests(bootId: string): Promise<string[]>;
  run(runId: string): Promise<Run | null>;
  /** Of these the ones that the ledger has no row of. */
  absentRuns(runIds: readonly string[]): Promise<string[]>;
  /** Newest first: by when they were admitted or decided, a gap row by its last slot. */
  runs(query: RunQuery): Promise<Run[]>;
  /** Rows whose slot or covered range contains `at`, plus the nearest row before and after it. */
  around(jobUid: string, at: EpochMs): Promise<{ covering: Run[]; before: Run | null; after: Run | null }>;
  counts(): Promise<{ queued: number; running: number }>;
  /** Counts a stretch of history; ask again from `next` until it is null: a million rows are not counted at once. */
  tally(query: TallyQuery): Promise<TallyAnswer>;

  // ---- upkeep ------------------------------------------------------------------------------------------
  /**
   * Deletes history (rule 24), a short transaction at a time: call again while it answers `more`. Never the last success
   * and the last failure of a job that is there, a live row, or an open gap row. `ledgerFrom` and `auditedTo` of a job move to just
   * after the newest slot it lost. Pauses and boots that ended before `before` go too (the newest two services stay),
   * and tombstones without rows.
   */
  prune(request: PruneRequest): Promise<{ deleted: number; more: boolean }>;
  /** The account of every slot in (after, upTo] that has one; at most `limit`, ascending by slot. */
  accounts(jobUid: string, after: EpochMs, upTo: EpochMs, limit: number): Promise<Account[]>;
  /** Moves `auditedTo` forward, never back, and records the holes that were found up to there (`what: 'hole'`). */
  markAudited(entries: readonly { uid: string; to: EpochMs }[], holes?: readonly FoundHole[]): Promise<void>;
  /**
   * The latest instant that was written since the last `correctClock`, by a boot's tick, a run or a change: a clock that
   * is far behind it is suspect (rule 13). Null in an empty ledger.
   */
  newestInstant(): Promise<EpochMs | null>;
  /**
   * The wall clock went back from `was` to `at`, by more than a calendar shift explains (rule 13). Every job whose cursor
   * lies after `at` goes on from `at`; slots after it that have a row are `taken` and never run again, ranges of skipped
   * and missed slots are cut at `at`. What waits for an instant (retries, ends of waiting) waits as long as before; no
   * pause lies in the future. Recorded as a change `clock`. Answers the jobs that moved.
   */
  correctClock(clock: { was: EpochMs; at: EpochMs; by: string }, plan: ClockPlan): Promise<StoredJob[]>;

  // ---- waking ------------------------------------------------------------------------------------------
  /**
   * When something next becomes due without anybody writing: a slot (also one already due), a waiting retry after
   * `at`, the end of a timed pause after `at`, the end of a wait for a place (also one that is over).
   */
  nextWake(at: EpochMs): Promise<Wake>;
  /** True when another process wrote since the last call. Cheap: asked every `check_interval`. */
  changedElsewhere(): Promise<boolean>;
  /**
   * Calls `told` at writes of any process, this one included, until the answer is called: shortly before a write can be
   * read. `lost` once, when no more will be told. Null where nothing tells of writes: then only asking does.
   */
  onWrite(told: () => void, lost: () => void): (() => void) | null;
  /** Why nothing can be written although it can be read: its file was deleted, moved or replaced. Null = no such reason. */
  fault(): Promise<string | null>;
  close(): Promise<void>;
}

export interface Wake {
  slot: EpochMs | null;
  retry: EpochMs | null;
  pauseEnd: EpochMs | null;
  expiry: EpochMs | null;
}

export interface NewPause {
  jobUid: string | null;
  source: PauseSource;
  who: string;
  why: string | null;
  since: EpochMs;
  until: EpochMs | null;
}

export interface ResumeTarget {
  jobUid: string | null;
  sources: readonly PauseSource[];
  at: EpochMs;
  by: string;
}

export interface Resumed {
  ended: Pause[];
  decided: FireResult['decided'];
}

/** A run that has started, and its job. */
export interface Claimed {
  run: Run;
  job: StoredJob;
}

export interface Settled {
  /** In the order of the endings. */
  answers: ('settled' | 'lost')[];
  claimed: Claimed[];
}

export interface ClaimRequest {
  at: EpochMs;
  bootId: string;
  /** How many the caller can take. */
  places: number;
  /** `max_concurrent_executions` (rule 5). */
  cap: number;
  only?: string;
}

export interface TallyQuery {
  since: readonly EpochMs[];
  /** Rows behind this one; 0 = from the first. */
  behind: number;
  limit: number;
}

/** Executions that started at or after an instant. Failed = also timed out and interrupted; how long those took that ended so. */
export interface Tally {
  started: number;
  succeeded: number;
  failed: number;
  durationMs: number;
}

export interface TallyAnswer {
  /** In the order of `since`. */
  tallies: Tally[];
  next: number | null;
}

export interface RunQuery {
  jobUid?: string;
  jobId?: string;
  states?: readonly RunState[];
  /** Only what comes after this run in the answer to the same question; nothing where there is no such run. */
  after?: string;
  limit: number;
}
