// The contract between the scheduler and the code of a job: what a handler gets, may do and answers.

import type { ZodType, z } from 'zod';
import type { EpochMs } from './clock.ts';
import type { BegunWork, HandlerHost } from './programs.ts';

/** Plain JSON data: everything in `ctx` and in a result crosses a thread or process border. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** The parameters in an input: `enable_tracing` asks for a trace, of any handler. */
export function withoutTracing({ enable_tracing: _, ...parameters }: JsonObject): JsonObject {
  return parameters;
}

/** Statistics of a run. No `success` counts as success; `{success: false, error}` as failure. */
export interface RunResult {
  success?: boolean;
  error?: unknown;
  items_processed?: number;
  items_updated?: number;
  errors?: number;
  [statistic: string]: unknown;
}

/** Lines go to the run's log with job and run id; secrets are redacted. */
export interface JobLog {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

export interface LastSuccess {
  slot: EpochMs | null;
  endedAt: EpochMs;
  result: JsonObject;
}

/** What a handler is called with. Durations are text such as `30s`, or milliseconds. */
export interface JobContext<Input = JsonObject> {
  readonly job: string;
  readonly runId: string;
  /** Aborts at the time limit, on cancel and at shutdown: stop soon, the run is ended anyway. */
  readonly signal: AbortSignal;
  readonly log: JobLog;
  /** 1 for the first try of this run. */
  readonly attempt: number;
  /** Planned instant, null for runs started by hand. */
  readonly slot: EpochMs | null;
  readonly dueAt: EpochMs;
  /** `job@slot`: the same for every attempt of one slot. */
  readonly idempotencyKey: string;
  readonly input: Input;
  readonly dryRun: boolean;
  /** Small JSON of the job's last successful run; assign to replace, saved when this run succeeds. */
  state: Json;
  readonly lastSuccess: LastSuccess | null;
  /** From the last success's slot to this one's. */
  readonly window: { from: EpochMs | null; to: EpochMs };
  /** `<state>/jobs/<job>/`, made before the call; nobody else writes there. */
  readonly stateDir: string;
  /** The whole frozen settings, database passwords included, service tokens not. */
  readonly config: AppConfig;
  progress(done: number, total?: number, note?: string): void;
  paused(): boolean;
  /** Rejects with `signal.reason` when the signal cuts it short. */
  sleep(duration: string | number): Promise<void>;
  /** Ends the run as `skipped: by_handler`. Never returns. */
  skip(reason: string): never;
  /** Ends this attempt as failed and asks for the next one after `duration`. Never returns. */
  retryAfter(duration: string | number): never;
  /** An operation of the service, e.g. `cleanup.run`. */
  call(operation: string, input?: JsonObject): Promise<Json>;
}

/** The part of the settings file that job code reads. Paths are absolute, secrets resolved. */
export interface AppConfig {
  readonly settingsFile: string | null;
  readonly paths: {
    readonly vault: string;
    readonly tier1: string;
    readonly tier2: string;
    readonly tier3: string;
    readonly [other: string]: unknown;
  };
  readonly databases: {
    readonly neo4j: Neo4jConfig | null;
    readonly rabbitmq: RabbitConfig | null;
    readonly [other: string]: unknown;
  };
  readonly vault: VaultConfig;
  readonly [section: string]: unknown;
}

export interface Neo4jConfig {
  readonly uri: string;
  readonly user: string;
  /** Null when none was given: `start` and `run vault_sync` refuse, naming NEO4J_PASSWORD. */
  readonly password: string | null;
  /** Null = the server's default database. */
  readonly database: string | null;
}

export interface RabbitConfig {
  readonly url: string;
}

export interface VaultConfig {
  /** Resolved choice: what is configured, or what `vault.graph` says. */
  readonly graph: 'neo4j' | 'embedded';
  /** Globs relative to the vault. */
  readonly exclude: readonly string[];
  readonly publish: boolean;
  readonly watch: {
    readonly enabled: boolean;
    readonly batchIntervalMs: number;
    readonly maxBatchSize: number;
  };
}

/** A job as `defineJob` takes it. `defaults` are keys of a job's YAML entry. */
export interface JobDefinition<Schema extends ZodType = ZodType> {
  /** Name the YAML refers to; else the file name in snake_case. */
  handler?: string;
  description?: string;
  /** Checked when the settings are loaded; types `ctx.input`. */
  input?: Schema;
  defaults?: JsonObject;
  run(ctx: JobContext<z.output<Schema>>): Promise<RunResult | undefined> | RunResult | undefined;
}

const DEFINED = Symbol.for('aclarai-scheduler.job');

/** Marks an object as a job; the default export of a file in a job directory. */
export function defineJob<Schema extends ZodType = ZodType<JsonObject>>(
  definition: JobDefinition<Schema>,
): JobDefinition<Schema> {
  return Object.assign(definition, { [DEFINED]: true });
}

export function isDefinedJob(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[DEFINED] === true;
}

const HANDLER_NAME = /^[A-Za-z0-9_.:-]{1,100}$/;

export function isHandlerName(name: unknown): name is string {
  return typeof name === 'string' && HANDLER_NAME.test(name);
}

/** What is known of a handler without running it; settings check a job's entry against it. */
export interface HandlerInfo {
  readonly name: string;
  readonly description: string | null;
  readonly defaults: JsonObject;
  /** Null = any input. */
  readonly input: ZodType | null;
  /** Where its code is, for messages; null for a registered function. */
  readonly file: string | null;
  /** Its work goes on outside of the service's thread, and can be ended for certain. */
  readonly canBeEnded?: boolean;
}

/** The code of a job file as it was loaded: what a thread of its own runs, whatever the disk holds by then. */
export interface JobCode {
  readonly file: string;
  readonly hash: string;
  /** By URL, local imports included. What is not here (packages, data files) is read from the disk. */
  readonly sources: ReadonlyMap<string, { readonly format: string; readonly text: string }>;
}

/** A handler that can be called; what a registry answers. */
export interface Handler {
  readonly info: HandlerInfo;
  /** Version of the code, from its content; null for a registered function. */
  readonly codeHash: string | null;
  /** Absent for a registered function, which can only run in the service's own thread. */
  readonly code?: JobCode;
  call(ctx: JobContext): Promise<unknown>;
  /**
   * Called in place of `call` where it is there: handlers of the scheduler's own, which work outside of this thread. They
   * check the input themselves: their schema is of what is written, in which secrets are references.
   */
  begin?(ctx: JobContext, host: HandlerHost): BegunWork;
}
