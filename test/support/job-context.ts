// A job's context for tests: real settings shapes, a log that is kept, no engine.

import type { AppConfig, JobContext } from '#core/handler';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: object;
}

export interface FakeJobContext<Input> extends JobContext<Input> {
  /** What the job logged, in order. */
  readonly lines: LogLine[];
  /** Calls of `progress`, in order. */
  readonly progressed: [done: number, total: number | undefined, note: string | undefined][];
  /** Durations that the job slept, in order; each returned at once. */
  readonly slept: (string | number)[];
}

export interface FakeOptions<Input> {
  input: Input;
  config: AppConfig;
  stateDir: string;
  dryRun?: boolean;
  signal?: AbortSignal;
}

/** Settings of an installation with the embedded graph and the usual three tiers under `vault`. */
export function appConfig(vault: string, changes: Partial<AppConfig> = {}): AppConfig {
  return {
    settingsFile: null,
    paths: {
      vault,
      tier1: `${vault}/conversations`,
      tier2: `${vault}/summaries`,
      tier3: `${vault}/concepts`,
    },
    databases: { neo4j: null, rabbitmq: null },
    vault: {
      graph: 'embedded',
      exclude: ['Templates/**', '*.excalidraw.md'],
      publish: false,
      watch: { enabled: false, batchIntervalMs: 2000, maxBatchSize: 50 },
    },
    ...changes,
  };
}

/** A context that does what the contract says, as far as one call of a handler can see. */
export function jobContext<Input>(options: FakeOptions<Input>): FakeJobContext<Input> {
  const lines: LogLine[] = [];
  const progressed: FakeJobContext<Input>['progressed'] = [];
  const slept: (string | number)[] = [];
  const signal = options.signal ?? new AbortController().signal;
  const write =
    (level: LogLine['level']) =>
    (message: string, fields: object = {}): void => {
      lines.push({ level, message, fields });
    };
  return {
    job: 'test',
    runId: 'run-1',
    signal,
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    attempt: 1,
    slot: null,
    dueAt: 0,
    idempotencyKey: 'test@0',
    input: options.input,
    dryRun: options.dryRun ?? false,
    state: null,
    lastSuccess: null,
    window: { from: null, to: 0 },
    stateDir: options.stateDir,
    config: options.config,
    progress: (done, total, note) => void progressed.push([done, total, note]),
    paused: () => false,
    sleep: async (duration) => {
      slept.push(duration);
      signal.throwIfAborted();
    },
    skip: (reason) => {
      throw new Error(`skipped: ${reason}`);
    },
    retryAfter: (duration) => {
      throw new Error(`retry after ${duration}`);
    },
    call: async () => null,
    lines,
    progressed,
    slept,
  };
}
