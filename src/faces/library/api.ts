// What TypeScript code can ask of the scheduler: the promises of the public class, by what they are about. Types only.

import type { JobDefinition as JobCode, JobContext, Json, JsonObject } from '#core/handler';
import type { JobState, MisfirePolicy, Overlap } from '#core/job';
import type { RunState } from '#core/run';
import type { CleanupShape } from '#service/cleanups';
import type { EventOf, EventType } from '#service/events';
import type { ResumeShape } from '#service/pauses';
import type { BackfillShape, JobShape, RunShape } from '#service/shapes';
import type { DurationInput, InstantInput } from './input.ts';

/** Code that is a handler: gets its context, answers statistics. Throwing, or `{success: false, error}`, is a failure. */
export type HandlerFunction<Input = JsonObject> = (ctx: JobContext<Input>) => unknown;
export type HandlerCode = HandlerFunction | Pick<JobCode, 'description' | 'input' | 'defaults' | 'run'>;

/** A line of the log; `fields` are plain data. `console` is one. */
export interface Logger {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

export interface SchedulerOptions {
  /** A settings file, or its content as an object (keys as in the file). Left out = all defaults, and no jobs. */
  settings?: string | Readonly<Record<string, unknown>>;
  /** Where the ledger is; it is made if it is not there. Else `data` in the project of the settings. */
  stateDir?: string;
  /** What relative paths count from; else the working directory. */
  cwd?: string;
  /** Variables that settings may come from, e.g. `process.env`. Left out = none is read. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Gets every line; left out = warnings and errors go to `console`, null = nobody. */
  logger?: Logger | null;
  /** Its abort is a `stop()`. */
  signal?: AbortSignal;
  /** Who asks, as ledger and audit name it. Else `library`. */
  by?: string;
}

export interface StartOptions {
  /** Everything is paused until `pauses.resume()`. */
  paused?: boolean;
  /** Goes on although the clock is far behind the newest row. */
  acceptClock?: boolean;
}

/** When and how a job runs: the keys of a job in the settings file. Durations as text or object, instants as text, Date or Instant. */
export interface JobChanges {
  name?: string;
  description?: string | null;
  handler?: string;
  input?: JsonObject;
  enabled?: boolean;
  manual_only?: boolean;
  run_on_start?: boolean;
  /** One of `cron`, `every` and `at`. */
  cron?: string;
  every?: DurationInput;
  at?: InstantInput;
  /** One text for `cron`, `every`, `at` and `manual_only`: `0 9 * * 1`, `@daily`, `5m`, an instant, `now`, `manual`. */
  schedule?: string;
  /** What `every` counts from; else when the job is made. */
  anchor?: InstantInput;
  /** No slot of a `cron` before it; of `every` the anchor, and the first slot. */
  starts_at?: InstantInput;
  timezone?: string;
  day_match?: 'or' | 'and';
  jitter?: DurationInput;
  priority?: number;
  group?: string | null;
  max_instances?: number;
  overlap?: Overlap;
  coalesce?: boolean;
  misfire_grace_time?: DurationInput | null;
  misfire_policy?: MisfirePolicy;
  catchup_window?: DurationInput;
  catchup_max?: number;
  queue_timeout?: DurationInput | null;
  max_executions?: number | null;
  timeout?: DurationInput;
  retries?: number;
  retry_delay?: DurationInput;
  retryable?: boolean;
  rerun_on_interrupt?: boolean;
  circuit_after?: number;
  circuit_probe?: DurationInput;
  circuit_action?: 'skip' | 'pause';
  /** Else `inline` for a registered function, `thread` for a job file. */
  isolation?: 'inline' | 'thread' | 'process';
  max_memory_mb?: number | null;
}

export interface NewJob extends JobChanges {
  /** Else it is made up. */
  id?: string;
  handler: string;
  owner?: string;
  module_id?: string;
}

/** `until` an instant, or `for` a while; neither = until it is lifted. */
export interface PauseOptions {
  reason?: string;
  until?: InstantInput;
  for?: DurationInput;
}

export interface ResumeOptions {
  /** Also runs the newest slot that passed meanwhile. */
  catchUp?: boolean;
}

export interface RunOptions {
  /** Over the job's own, key by key. */
  input?: JsonObject;
  /** Also a disabled job, and beside a live run. */
  force?: boolean;
  /** Asks for the job's retries; else it is tried once. */
  retry?: boolean;
  dryRun?: boolean;
}

/** `job` is an id, or a name that only one job has. Unknown ones are JOB_NOT_FOUND with the nearest. */
export interface JobsApi {
  /** Throws INVALID_PARAMETERS with each field, HANDLER_NOT_FOUND, CONFLICT for an id that is taken, PAST_EVENT. */
  create(job: NewJob): Promise<JobShape>;
  /** Changes what is given. Throws as `create`, and CONFLICT for a job of the settings file. */
  update(job: string, changes: JobChanges): Promise<JobShape>;
  /** History stays until retention unless it is purged. Throws CONFLICT for a job of the settings file. */
  delete(job: string, options?: { purge?: boolean; cancelRunning?: boolean }): Promise<{ deleted: string }>;
  get(job: string): Promise<JobShape>;
  /** By id; all, or those in one state. */
  list(query?: { state?: JobState }): Promise<JobShape[]>;
  /** Throws ALREADY_PAUSED. */
  pause(job: string, options?: PauseOptions): Promise<{ paused: true; job: string | null }>;
  /** Throws NOT_PAUSED. */
  resume(job: string, options?: ResumeOptions): Promise<ResumeShape>;
  /** Queues a run now; `runs.wait` follows it. Throws ALREADY_RUNNING, PRECONDITION_FAILED for a job that is off. */
  run(job: string, options?: RunOptions): Promise<RunShape>;
}

export interface RunsApi {
  /** Newest first; 50 unless told otherwise. */
  list(query?: { job?: string; states?: readonly RunState[]; limit?: number }): Promise<RunShape[]>;
  get(run: string): Promise<RunShape>;
  /** Queues one run of a handler that needs no job. */
  start(handler: string, options?: { input?: JsonObject; dryRun?: boolean }): Promise<RunShape>;
  /** Resolves with the run as it ended, or as it is when `signal` aborts, the time is over, or nobody is up who could end it. */
  wait(run: string, options?: { signal?: AbortSignal; for?: DurationInput }): Promise<RunShape>;
  /** A queued run ends at once, a running one is asked to. */
  cancel(run: string): Promise<RunShape>;
  /** Queues the same again, with its own input and policy. */
  rerun(run: string, options?: { force?: boolean; retry?: boolean }): Promise<RunShape>;
  /** Queues the slots of a stretch that were missed or skipped, oldest first; both ends belong to it. */
  backfill(
    job: string,
    stretch: { from: InstantInput; to: InstantInput; force?: boolean; dryRun?: boolean },
  ): Promise<BackfillShape>;
}

/** Of all jobs; those of single jobs are lifted by `jobs.resume`. */
export interface PausesApi {
  /** Who holds now, jobs and all: variables and files too. */
  list(): Promise<PauseNow[]>;
  pause(options?: PauseOptions): Promise<{ paused: true; job: string | null }>;
  resume(options?: ResumeOptions): Promise<ResumeShape>;
}

export interface PauseNow {
  /** Null = all jobs. */
  job: string | null;
  source: string;
  who: string;
  why: string | null;
  since: string;
  until: string | null;
}

export interface CleanupFields {
  directory?: string;
  pattern?: string;
  retention_days?: number | null;
  max_files?: number | null;
  max_size_mb?: number | null;
  min_keep?: number;
  priority?: number;
  recursive?: boolean;
  dry_run?: boolean;
  description?: string | null;
  max_delete_share?: number | null;
  module_id?: string | null;
}

/** Retention rules of directories. Throws CONFIG_NOT_FOUND with the nearest id. */
export interface CleanupsApi {
  list(query?: { module?: string }): Promise<CleanupShape[]>;
  get(id: string): Promise<CleanupShape>;
  register(rule: CleanupFields & { directory: string; id?: string }): Promise<{ registration_id: string }>;
  update(id: string, changes: CleanupFields): Promise<CleanupShape>;
  remove(id: string): Promise<{ removed: string }>;
  /** One or all; with a plan of a dry run only what that has shown. */
  run(options?: {
    id?: string;
    dryRun?: boolean;
    planId?: string;
    signal?: AbortSignal;
  }): Promise<JsonObject & { total_files_deleted: number; total_space_freed: number; dry_run: boolean }>;
}

/** `a..b` as two instants. */
export type StretchInput = readonly [from: InstantInput, to: InstantInput];

export interface SimulationWish {
  from?: InstantInput;
  to?: InstantInput;
  /** No service is up. */
  down?: readonly StretchInput[];
  /** All jobs are paused. */
  pause?: readonly StretchInput[];
  /** How long runs take, by job. */
  durations?: Readonly<Record<string, DurationInput>>;
}

export type SchedulerListener<T extends EventType> = (event: EventOf<T>) => unknown;

export type { DurationInput, InstantInput, Json };
