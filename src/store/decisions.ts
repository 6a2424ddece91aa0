// What callers decide and the store writes: slots, runs by hand, endings, changed definitions, a corrected clock.

import type { EpochMs } from '#core/clock';
import type { ErrorRecord } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { JobSpec, OpenGap, StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { AttemptRecord, Reason, Run, RunKind, RunState } from '#core/run';
import type { ScheduleSpec } from '#core/schedule';
import type { Account, Claimed, ClaimRequest, JobChange } from './store.ts';

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
  /**
   * The job's open gap row, grown by this pass, or shrunk where its newest slots run after all: its `to`, `count` and
   * slot are written to the row, before `rows` are.
   */
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

export interface FireOptions {
  /** How many jobs are decided in this transaction, the longest due first; left out = all. */
  limit?: number;
  /** Asked between two jobs: true = it has taken long enough, the rest is another batch. */
  isLong?: () => boolean;
  /** Uids of jobs to leave out: those that could not be decided a moment ago. */
  except?: readonly string[];
  /** What is admitted, or waits, starts at once where there is a place. */
  claim?: ClaimRequest | null;
  /** As the first batch of a pass has answered it. */
  front?: Front | null;
}

/** Nothing that was due when a pass began has a lower priority or an earlier slot. */
export interface Front {
  priority: number;
  slot: EpochMs;
}

export interface FireResult {
  decided: { job: StoredJob; rows: Run[] }[];
  dropped: { uid: string; jobId: string; error: unknown }[];
  /** In starting order. */
  claimed: Claimed[];
  /** Beyond the limit there are more to decide: until then only what is not behind `front` has started (rule 5). */
  more: boolean;
  front: Front | null;
}

export type EnqueueDecision =
  /** `cancel` and `end` as in a FireDecision. */
  | { kind: 'enqueue'; row: NewRun; cancel?: FireDecision['cancel']; end?: FireDecision['end'] }
  | { kind: 'refuse'; because: 'overlap' | 'queue_full'; inTheWay: string };
export type EnqueueResult =
  | { kind: 'queued'; run: Run }
  | Extract<EnqueueDecision, { kind: 'refuse' }>
  | { kind: 'no_job' };

export interface BackfillView {
  job: StoredJob;
  /** Live runs of the job, oldest first. */
  live: Run[];
  /** Live runs of other jobs of its group, oldest first. */
  groupLive: Run[];
  /** Rows `missed` and `skipped` of the job that touch the range, ascending by slot. */
  rows: Run[];
  /** What all rows account for from the first slot of `rows` to their last, these rows included. */
  accounts: Account[];
}

export type BackfillDecision =
  | { kind: 'refuse'; because: string; inTheWay: string | null }
  | {
      kind: 'enqueue';
      /** Of kind `backfill`, in slot order, of one line. */
      rows: NewRun[];
      /**
       * Each row of the view that loses slots, and what stays of it: the pieces keep when the old row was written and
       * ended, how late it was and who caused it.
       */
      replace: { runId: string; with: NewRun[] }[];
    };
export type BackfillResult =
  | { kind: 'queued'; runs: Run[] }
  | Extract<BackfillDecision, { kind: 'refuse' }>
  | { kind: 'no_job' };

/** What the calendar says where a clock was corrected (pure). */
export interface ClockPlan {
  /**
   * The part of a range of slots that lies at or before the corrected instant; null = none of it. `changes` = all of the
   * job and of the clock, newest first: the range has the slots of the schedule that the job had then. `accounts` = of
   * all rows where ranges are cut, these included: what lies inside of a range is not its own.
   */
  cut(
    job: StoredJob,
    range: Account,
    past: { changes: readonly JobChange[]; accounts: readonly Account[] },
  ): { to: EpochMs; count: number } | null;
  /** The first slot after the job's cursor that is not `taken` (ascending, as in `DueJob`), and when it is due. */
  next(job: StoredJob, taken: DueJob['taken']): Pick<StoredJob, 'nextSlot' | 'nextDue'>;
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
  /** Added to those of the run. */
  warnings?: readonly string[];
}

/** The jobs that a decision about definitions may change, each once; never 100,000 others with them. */
export interface Concerned {
  /** Those that bear one of these ids now. */
  ids: readonly string[];
  /** All that came from the settings file, also where they are not in it any more. */
  ofSettings?: true;
  /** All whose gap row is open. */
  inGap?: true;
  /** Of other faces than the settings, completed or kept for ad hoc runs, at rest since before it: the first `limit` by id. */
  finished?: { before: EpochMs; limit: number };
}

export interface ReconcileView {
  /** By id. */
  jobs: StoredJob[];
  /** Live runs by job uid, oldest first. */
  live: ReadonlyMap<string, Run[]>;
  /** As in `DueJob`, by job uid; only after a clock was set back (rule 13). */
  taken?: ReadonlyMap<string, DueJob['taken']>;
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
  /** Jobs that are deleted: their ids are free again (rule 15). */
  remove?: readonly Removal[];
  changes: Omit<JobChange, 'at'>[];
}

/**
 * The job becomes a tombstone: its pauses and its gap are closed, a `deleted` change is recorded, running runs go on and
 * are recorded on it. What is queued is ended by `Effects.end`.
 */
export interface Removal {
  uid: string;
  /** Its history goes at once, and what is still live goes when it ends. */
  purge: boolean;
  /** Running runs are asked to stop. */
  cancelRunning: boolean;
  by: string;
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
