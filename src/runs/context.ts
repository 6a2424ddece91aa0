// Builds the `ctx` a handler is called with (contract: docs/writing-jobs.md).

import { mkdirSync } from 'node:fs';
import type { Clock } from '#core/clock';
import { sleep } from '#core/clock';
import { parseDurationMs } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { AppConfig, JobContext, JobLog, Json, JsonObject } from '#core/handler';
import type { StoredJob } from '#core/job';
import { idempotencyKey, type Run } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';

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

/** The part of `ctx` that is plain data: it crosses a border as it is. */
export type ContextData = Pick<
  JobContext,
  | 'job'
  | 'runId'
  | 'attempt'
  | 'slot'
  | 'dueAt'
  | 'idempotencyKey'
  | 'dryRun'
  | 'state'
  | 'lastSuccess'
  | 'window'
  | 'stateDir'
  | 'config'
>;

/** What `ctx` does. */
export interface ContextActs {
  signal: AbortSignal;
  log: JobLog;
  clock: Clock;
  paused(): boolean;
  onProgress(progress: Progress): void;
  call(operation: string, input: JsonObject): Promise<Json>;
}

export interface Progress {
  done: number;
  total: number | null;
  note: string | null;
}

export function contextData(
  run: Run,
  job: StoredJob,
  window: JobContext['window'],
  stateDir: string,
  config: AppConfig,
): ContextData {
  const { as } = run.snapshot;
  return {
    job: job.id,
    runId: run.runId,
    attempt: run.attempt + (as?.attempt ?? 1) - 1,
    slot: as?.slot ?? run.slot,
    dueAt: as?.slot ?? run.dueAt,
    idempotencyKey: idempotencyKey(run),
    dryRun: run.snapshot.dryRun,
    state: structuredClone(job.handlerState),
    lastSuccess: job.lastSuccess,
    window,
    stateDir,
    config,
  };
}

/**
 * From the slot of the last success to this one. A slot that is made up for after a later one has succeeded gets its
 * own stretch again, from the slot before it: a window never runs backwards.
 */
export function windowOf(
  run: Pick<Run, 'slot' | 'dueAt' | 'snapshot'>,
  job: Pick<StoredJob, 'lastSuccess' | 'schedule'>,
  scheduleOf: (spec: ScheduleSpec) => Schedule,
): JobContext['window'] {
  const to = run.snapshot.as?.slot ?? run.slot ?? run.dueAt;
  const from = job.lastSuccess?.slot ?? null;
  if (from === null || from < to) return { from, to };
  return { from: scheduleOf(job.schedule).prev(to - 1), to };
}

export function createContext(data: ContextData, input: JsonObject, acts: ContextActs): JobContext {
  const { clock, signal } = acts;
  return {
    ...data,
    // Made when it is asked for: most handlers keep nothing, and a directory costs more than all else of a short run.
    get stateDir() {
      mkdirSync(data.stateDir, { recursive: true });
      return data.stateDir;
    },
    input,
    signal,
    log: acts.log,
    progress: (done, total, note) => acts.onProgress({ done, total: total ?? null, note: note ?? null }),
    paused: acts.paused,
    async sleep(duration) {
      if (!(await sleep(clock, toMs(duration), signal))) throw signal.reason;
    },
    skip(reason) {
      throw new SkipRequest(reason);
    },
    retryAfter(duration) {
      throw new RetryRequest(toMs(duration));
    },
    call: (operation, input = {}) => acts.call(operation, input),
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
