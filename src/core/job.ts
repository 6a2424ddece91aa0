// A job: what is scheduled. Its definition (from settings or a face) and what the ledger keeps beside it.

import type { EpochMs } from './clock.ts';
import type { ErrorRecord } from './errors.ts';
import type { Json, JsonObject } from './handler.ts';
import type { ScheduleSpec } from './schedule.ts';

export type MisfirePolicy = 'skip' | 'latest' | 'all';
export type Overlap = 'skip' | 'queue_one' | 'queue_all' | 'cancel_previous' | 'allow';
export type JobSource = 'config' | 'api' | 'agent';

/** How a job runs. Milliseconds throughout; ranges and defaults are those of the settings page. */
export interface JobPolicy {
  /** Lower starts first. */
  priority: number;
  group: string | null;
  maxInstances: number;
  overlap: Overlap;
  coalesce: boolean;
  /** Null = any lateness is within the grace (rule 1). */
  misfireGraceMs: number | null;
  misfirePolicy: MisfirePolicy;
  catchupWindowMs: number;
  catchupMax: number;
  /** Null = until the next slot, at least an hour (rule 1). */
  queueTimeoutMs: number | null;
  maxExecutions: number | null;
  timeoutMs: number;
  /** Extra attempts of one run (rule 7). */
  retries: number;
  retryDelayMs: number;
  retryable: boolean;
  rerunOnInterrupt: boolean;
  circuitAfter: number;
  circuitProbeMs: number;
  circuitAction: 'skip' | 'pause';
  jitterMs: number;
  isolation: 'inline' | 'thread' | 'process';
  /** Null = nothing is granted; they hold for `process`, `env` for a thread, too. */
  permissions: Permissions | null;
  /** Null = a share of the machine's memory. */
  maxMemoryMb: number | null;
  runLog: 'all' | 'changes' | 'failures';
  trace: boolean;
  resultQueue: string | null;
  errorQueue: string | null;
}

/** What the code of a job may touch beside its own folders. Paths as they are written. */
export interface Permissions {
  /** Files and folders, with all in them. What may be written may be read. */
  read: string[];
  write: string[];
  net: boolean;
  /** Starting other programs, which nothing of this binds. */
  child: boolean;
  /** Names of variables. */
  env: string[];
}

/** A schedule as defined: an interval without an anchor gets one when the ledger first sees it (rule 21). */
export type ScheduleDraft =
  | Exclude<ScheduleSpec, { kind: 'every' }>
  | { kind: 'every'; every: string; timezone: string; anchor: EpochMs | null; includeAnchor?: true };

/** A job as settings or a face define it; no history. */
export interface JobSpec {
  id: string;
  name: string;
  description: string | null;
  handler: string;
  input: JsonObject;
  source: JobSource;
  /** Where it was written: `file:line`, or who made it. */
  origin: string | null;
  owner: string | null;
  moduleId: string | null;
  enabled: boolean;
  manualOnly: boolean;
  runOnStart: boolean;
  schedule: ScheduleDraft;
  policy: JobPolicy;
  /** What a user should know of this definition, e.g. that `enabled` is missing. */
  warnings: string[];
  /** Hash of all of the above that changes how a run behaves. */
  configHash: string;
}

/**
 * State the ledger keeps. A pause is not a state but a row of its own (rule 6: separate flags);
 * `jobState()` gives the word that faces show.
 */
export type StoredJobState = 'active' | 'disabled' | 'completed' | 'orphaned';
export type JobState = StoredJobState | 'paused';

/** A gap row that is still open: paused, stopped, handler_missing or circuit_open slots collect in it. */
export interface OpenGap {
  runId: string;
  reason: string;
  from: EpochMs;
  to: EpochMs;
  count: number;
  /** So long ago that it takes no more slots, after a restart (rule 6). */
  openedAt: EpochMs;
}

/** A job whose runs fail again and again is left alone, except for a probe now and then (rule 22). */
export interface Circuit {
  openedAt: EpochMs;
  /** The first slot at or after it is admitted as a probe. */
  probeFrom: EpochMs;
}

/** A job in the ledger. */
export interface StoredJob extends Omit<JobSpec, 'schedule'> {
  /** Never reused: an id that is deleted and made again is a new uid. */
  uid: string;
  schedule: ScheduleSpec;
  state: StoredJobState;
  /**
   * Every slot at or before it has its account. Set to now when the job is created, enabled or moved, so that nothing
   * before is caught up (rule 2).
   */
  cursor: EpochMs;
  /** First slot after the cursor, and when it is due (slot + jitter); null = none. */
  nextSlot: EpochMs | null;
  nextDue: EpochMs | null;
  /** Before it `why` answers `pruned`. */
  ledgerFrom: EpochMs;
  gap: OpenGap | null;
  /** After a clock was set back: slots up to here may have a row already (rule 13). Null = none after the cursor has. */
  takenTo: EpochMs | null;
  /** Up to here the invariant check has seen an account for every slot. */
  auditedTo: EpochMs;
  /** When it went missing from the settings; null = it is not orphaned (rule 14). */
  orphanedAt: EpochMs | null;
  /** Null = it is there. A removed job is a tombstone that keeps its history (rule 15). */
  deletedAt: EpochMs | null;
  /** Runs of the kinds scheduled and catchup that failed or timed out since the last success (rule 22). */
  failStreak: number;
  circuit: Circuit | null;
  /** Unclean ends in a row at which a run of the job was live (rule 10). */
  crashCount: number;
  /** Admitted runs of the kinds scheduled and catchup, for `maxExecutions` (rule 19). */
  admittedCount: number;
  runCount: number;
  successCount: number;
  failureCount: number;
  lastRunAt: EpochMs | null;
  lastError: ErrorRecord | null;
  lastSuccess: { slot: EpochMs | null; endedAt: EpochMs; result: JsonObject } | null;
  /** `ctx.state`. */
  handlerState: Json;
  createdAt: EpochMs;
  updatedAt: EpochMs;
}

/** What the ledger keeps of a job that has never run. */
export const NEVER_RAN = {
  gap: null,
  takenTo: null,
  orphanedAt: null,
  deletedAt: null,
  failStreak: 0,
  circuit: null,
  crashCount: 0,
  admittedCount: 0,
  runCount: 0,
  successCount: 0,
  failureCount: 0,
  lastRunAt: null,
  lastError: null,
  lastSuccess: null,
  handlerState: null,
} as const satisfies Partial<StoredJob>;

const AD_HOC = 'adhoc:';

/** Of the row that the ad hoc runs of a handler are kept under: it has history, and is no job to list (rule 18). */
export function adHocId(handler: string): string {
  return `${AD_HOC}${handler}`;
}

export function isAdHoc({ id }: Pick<StoredJob, 'id'>): boolean {
  return id.startsWith(AD_HOC);
}

/** As `adHocId`, for runs that a caller wants to find again by an id of its own. No handler has such a name. */
export function labelledId(label: string): string {
  return adHocId(`@${label}`);
}

/** The caller's own id of an ad hoc run, else its handler. */
export function labelOf(adHoc: string): string {
  return adHoc.slice(AD_HOC.length).replace(/^@/, '');
}

/** True when the engine has slots to decide for this job. */
export function isScheduled(job: Pick<StoredJob, 'state' | 'manualOnly' | 'schedule'>): boolean {
  return job.state === 'active' && !job.manualOnly && job.schedule.kind !== 'manual';
}
