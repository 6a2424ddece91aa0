// Builds the `ctx` a handler is called with (contract: docs/writing-jobs.md).

import type { Clock } from '#core/clock';
import { sleep } from '#core/clock';
import { parseDurationMs } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { AppConfig, JobContext, JobLog, Json, JsonObject } from '#core/handler';
import type { StoredJob } from '#core/job';
import { idempotencyKey, type Run } from '#core/run';

/** Thrown by `ctx.skip`: the run ends `skipped: by_handler`. */
export class SkipRequest extends Error {
  override readonly name = 'SkipRequest';
}

/** Thrown by `ctx.retryAfter`. */
export class RetryRequest extends Error {
  override readonly name = 'RetryRequest';
  readonly afterMs: number;

  constructor(afterMs: number) {
    super(`the handler asked to be tried again after ${afterMs} ms`);
    this.afterMs = afterMs;
  }
}

const LONGEST_WAIT_MS = 30 * 86_400_000;

export interface ContextParts {
  run: Run;
  job: StoredJob;
  input: JsonObject;
  signal: AbortSignal;
  log: JobLog;
  clock: Clock;
  stateDir: string;
  config: AppConfig;
  paused(): boolean;
  onProgress(progress: Progress): void;
  call(operation: string, input: JsonObject): Promise<Json>;
}

export interface Progress {
  done: number;
  total: number | null;
  note: string | null;
}

export function createContext(parts: ContextParts): JobContext {
  const { run, job, clock, signal } = parts;
  return {
    job: job.id,
    runId: run.runId,
    signal,
    log: parts.log,
    attempt: run.attempt,
    slot: run.slot,
    dueAt: run.dueAt,
    idempotencyKey: idempotencyKey(run),
    input: parts.input,
    dryRun: run.snapshot.dryRun,
    state: structuredClone(job.handlerState),
    lastSuccess: job.lastSuccess,
    window: { from: job.lastSuccess?.slot ?? null, to: run.slot ?? run.dueAt },
    stateDir: parts.stateDir,
    config: parts.config,
    progress: (done, total, note) => parts.onProgress({ done, total: total ?? null, note: note ?? null }),
    paused: parts.paused,
    async sleep(duration) {
      if (!(await sleep(clock, toMs(duration), signal))) throw signal.reason;
    },
    skip(reason) {
      throw new SkipRequest(reason);
    },
    retryAfter(duration) {
      throw new RetryRequest(toMs(duration));
    },
    call: (operation, input = {}) => parts.call(operation, input),
  };
}

/** Whole milliseconds, at least 0 and at most 30 days: the ledger keeps them. INVALID_PARAMETERS for what is no number. */
function toMs(duration: string | number): number {
  const ms = typeof duration === 'number' ? duration : parseDurationMs(duration);
  if (Number.isFinite(ms)) return Math.round(Math.min(Math.max(0, ms), LONGEST_WAIT_MS));
  throw new SchedulerError(
    'INVALID_PARAMETERS',
    `${duration} is no duration`,
    'write milliseconds, or text such as 30s',
  );
}
