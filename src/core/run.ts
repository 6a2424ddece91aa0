// A run: one row of the ledger, an execution or the record of slots that did not become one. Legal moves only.

import type { EpochMs } from './clock.ts';
import type { ErrorRecord } from './errors.ts';
import type { JsonObject } from './handler.ts';
import type { JobPolicy } from './job.ts';

export const RUN_STATES = [
  'queued',
  'running',
  'stopping',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'interrupted',
  'skipped',
  'missed',
] as const;
export type RunState = (typeof RUN_STATES)[number];

export type RunKind = 'scheduled' | 'catchup' | 'startup' | 'manual' | 'adhoc' | 'backfill' | 'watch';

/** The closed list of reasons (law, "The ledger"). */
export const REASONS = [
  'downtime',
  'blocked',
  'clock_jump',
  'overlap',
  'queue_full',
  'queue_timeout',
  'paused',
  'stopped',
  'circuit_open',
  'superseded',
  'disabled',
  'orphaned',
  'deleted',
  'schedule_changed',
  'handler_missing',
  'by_handler',
  'restored',
] as const;
export type Reason = (typeof REASONS)[number];

/** Started by a person or a call: allowed during a pause (rule 6). */
export const HAND_STARTED: readonly RunKind[] = ['manual', 'adhoc', 'backfill'];
export const LIVE_STATES: readonly RunState[] = ['queued', 'running', 'stopping'];

const MOVES: Record<RunState, readonly RunState[]> = {
  queued: ['running', 'skipped', 'missed', 'failed', 'cancelled', 'interrupted'],
  running: ['queued', 'stopping', 'succeeded', 'failed', 'timed_out', 'cancelled', 'interrupted', 'skipped'],
  stopping: ['queued', 'succeeded', 'failed', 'timed_out', 'cancelled', 'interrupted', 'skipped'],
  succeeded: [],
  failed: [],
  timed_out: [],
  cancelled: [],
  interrupted: [],
  skipped: [],
  missed: [],
};

export function isLegalMove(from: RunState, to: RunState): boolean {
  return MOVES[from].includes(to);
}

export function isFinal(state: RunState): boolean {
  return MOVES[state].length === 0;
}

/** A range of slots that one row accounts for; the row's own slot is `to`. */
export interface Covers {
  from: EpochMs;
  to: EpochMs;
  count: number;
}

export type AttemptOutcome =
  | 'succeeded'
  | 'failed'
  | 'timed_out'
  | 'cancelled'
  | 'interrupted'
  | 'skipped'
  | 'given_back';

export interface AttemptRecord {
  n: number;
  startedAt: EpochMs;
  endedAt: EpochMs;
  outcome: AttemptOutcome;
  error: ErrorRecord | null;
}

/** What a run keeps of its job's definition, so that a reload never changes a run under way (rule 14). */
export interface RunSnapshot {
  handler: string;
  policy: JobPolicy;
  dryRun: boolean;
  /** What the handler is told of its slot and attempt, where somebody who tries it out says so. */
  as?: { slot: EpochMs | null; attempt: number };
}

export interface Run {
  runId: string;
  /** `<job>_<unix seconds of the real start>`; null before the first start. */
  name: string | null;
  jobUid: string;
  jobId: string;
  jobName: string;
  kind: RunKind;
  state: RunState;
  reason: Reason | null;
  slot: EpochMs | null;
  dueAt: EpochMs;
  /** A waiting retry starts no earlier. */
  notBefore: EpochMs | null;
  covers: Covers | null;
  /** Attempts started so far. */
  attempt: number;
  attempts: AttemptRecord[];
  queuedAt: EpochMs;
  /** Start of the current or last attempt. */
  startedAt: EpochMs | null;
  endedAt: EpochMs | null;
  /** Milliseconds of work of the last attempt, by the monotonic clock. */
  durationMs: number | null;
  lateByMs: number;
  input: JsonObject;
  configHash: string;
  codeHash: string | null;
  snapshot: RunSnapshot;
  success: boolean | null;
  statistics: JsonObject | null;
  error: ErrorRecord | null;
  /** What went wrong beside the outcome, e.g. a queue that was full: for people, never a reason to fail. */
  warnings: string[];
  /** Who or what caused the row: `schedule`, `cli`, the run that was in the way, … */
  by: string | null;
  bootId: string | null;
  leaseToken: string | null;
  /**
   * True from admission to the end, except while it waits for a place or for its next attempt; of a line the first
   * that has not ended holds the place of all (law, "Deciding a slot").
   */
  holdsPlace: boolean;
  /** Runs of one line start one after another, each when the one before has ended for good (rules 3, 18). */
  line: string | null;
  /** Jobs of one group exclude each other (rule 4). */
  group: string | null;
  /** How long the run may wait for a place, and until when it waits now; null = for ever (rule 1). */
  maxWaitMs: number | null;
  expiresAt: EpochMs | null;
  /** Of the run that this one repeats; null = made of job and slot (rule 11). */
  key: string | null;
  priority: number;
  cancelRequested: boolean;
  /** Who asked first: a person, or the run that waits for its place. */
  cancelledBy: string | null;
}

/** `job@slot`, the same for every attempt; a run without a slot is its own key, one that repeats another has its (rule 11). */
export function idempotencyKey(run: Pick<Run, 'jobId' | 'slot' | 'runId' | 'key'>): string {
  if (run.key !== null) return run.key;
  const of = run.slot === null ? run.runId : new Date(run.slot).toISOString().replace('.000Z', 'Z');
  return `${run.jobId}@${of}`;
}

/** Of the trace of a run: its own id, where job or input ask for a trace and it has started; null = it has none. */
export function traceSessionId(
  run: Pick<Run, 'runId' | 'attempt' | 'input'> & { snapshot: { policy: Pick<JobPolicy, 'trace'> } },
): string | null {
  const isAsked = run.snapshot.policy.trace || run.input.enable_tracing === true;
  return isAsked && run.attempt > 0 ? run.runId : null;
}

/** `vault_sync_1734264000`: the name other aclarai services know a run by. */
export function runName(jobId: string, startedAt: EpochMs): string {
  return `${jobId}_${Math.floor(startedAt / 1000)}`;
}

/** A copy with these changes. Written out: spreading an object of so many fields takes a hundred times as long. */
export function withChanges(run: Run, changes: Partial<Run>): Run {
  const copy: Run = {
    runId: run.runId,
    name: run.name,
    jobUid: run.jobUid,
    jobId: run.jobId,
    jobName: run.jobName,
    kind: run.kind,
    state: run.state,
    reason: run.reason,
    slot: run.slot,
    dueAt: run.dueAt,
    notBefore: run.notBefore,
    covers: run.covers,
    attempt: run.attempt,
    attempts: run.attempts,
    queuedAt: run.queuedAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    durationMs: run.durationMs,
    lateByMs: run.lateByMs,
    input: run.input,
    configHash: run.configHash,
    codeHash: run.codeHash,
    snapshot: run.snapshot,
    success: run.success,
    statistics: run.statistics,
    error: run.error,
    warnings: run.warnings,
    by: run.by,
    bootId: run.bootId,
    leaseToken: run.leaseToken,
    holdsPlace: run.holdsPlace,
    line: run.line,
    group: run.group,
    maxWaitMs: run.maxWaitMs,
    expiresAt: run.expiresAt,
    key: run.key,
    priority: run.priority,
    cancelRequested: run.cancelRequested,
    cancelledBy: run.cancelledBy,
  };
  return Object.assign(copy, changes);
}
