// One attempt of a run, as a pipeline: load → check input → call under a time limit → classify → decide → ending.

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { AppConfig, Handler, HandlerInfo, Json, JsonObject } from '#core/handler';
import type { StoredJob } from '#core/job';
import type { Log } from '#core/log';
import { type Run, runName } from '#core/run';
import type { Ending } from '#store/store';
import { type AbortCause, type Classified, classify, type Returned } from './classify.ts';
import { createContext, type Progress } from './context.ts';
import { decide } from './decide.ts';
import { inputFault } from './input.ts';

export interface ExecuteParts {
  clock: Clock;
  log: Log;
  /** `<state>/jobs`. */
  jobStateRoot: string;
  loadHandler(name: string): Promise<Handler>;
  config(): AppConfig;
  paused(): boolean;
  call(operation: string, input: JsonObject, run: Run): Promise<Json>;
  onProgress(run: Run, progress: Progress): void;
  /** In [0, 1): spreads retries. */
  random(): number;
}

/** The handle by which the worker ends an attempt early. */
export interface Stopper {
  readonly controller: AbortController;
  cause: AbortCause;
}

/** Never throws: whatever a handler does becomes an ending. */
export async function execute(
  run: Run,
  job: StoredJob,
  stopper: Stopper,
  parts: ExecuteParts,
): Promise<Ending> {
  const { clock } = parts;
  const startedAt = clock.now();
  const begun = clock.monotonic();
  const attempt = new Attempt(run, job, stopper, parts);
  const returned = await attempt.call();
  const ended = classified(returned, stopper, run.snapshot.policy.timeoutMs);
  for (const warning of ended.warnings) attempt.log.warn(warning);
  const at = clock.now();
  const verdict = decide(run, ended, at, parts.random());
  const durationMs = clock.monotonic() - begun;
  const ending: Ending = {
    runId: run.runId,
    leaseToken: run.leaseToken ?? '',
    attempt: { n: run.attempt, startedAt, endedAt: at, outcome: ended.outcome, error: ended.error },
    verdict,
    durationMs,
    statistics: ended.statistics,
    codeHash: attempt.codeHash,
  };
  if (ended.outcome === 'succeeded' && !run.snapshot.dryRun && attempt.state !== undefined)
    ending.handlerState = attempt.state;
  logEnding(run, ended, ending, parts.log);
  return ending;
}

/** An answer that cannot even be read (a getter or `toJSON` that throws) is a failure like any other. */
function classified(returned: Returned, stopper: Stopper, timeoutMs: number): Classified {
  try {
    return classify(returned, stopper.cause, timeoutMs);
  } catch (error) {
    return classify({ kind: 'threw', error }, stopper.cause, timeoutMs);
  }
}

class Attempt {
  readonly #run: Run;
  readonly #job: StoredJob;
  readonly #stopper: Stopper;
  readonly #parts: ExecuteParts;
  readonly log: Log;
  codeHash: string | null = null;
  /** `ctx.state` after the call. */
  state: Json | undefined;

  constructor(run: Run, job: StoredJob, stopper: Stopper, parts: ExecuteParts) {
    this.#run = run;
    this.#job = job;
    this.#stopper = stopper;
    this.#parts = parts;
    this.log = parts.log.at(`job.${run.jobId}`).with({ job_name: run.jobId, run_id: run.runId });
  }

  async call(): Promise<Returned> {
    const cancelLimit = this.#parts.clock.timer(this.#run.snapshot.policy.timeoutMs, () =>
      stop(this.#stopper, 'timeout'),
    );
    try {
      const handler = await this.#parts.loadHandler(this.#run.snapshot.handler);
      this.codeHash = handler.codeHash;
      return { kind: 'returned', value: await this.#callHandler(handler) };
    } catch (error) {
      return { kind: 'threw', error };
    } finally {
      cancelLimit();
    }
  }

  async #callHandler(handler: Handler): Promise<unknown> {
    const input = checkedInput(handler.info, this.#run.input);
    const stateDir = path.join(this.#parts.jobStateRoot, this.#run.jobId);
    await mkdir(stateDir, { recursive: true });
    const ctx = createContext({
      run: this.#run,
      job: this.#job,
      input,
      signal: this.#stopper.controller.signal,
      log: this.log,
      clock: this.#parts.clock,
      stateDir,
      config: this.#parts.config(),
      paused: this.#parts.paused,
      onProgress: (progress) => this.#parts.onProgress(this.#run, progress),
      call: (operation, args) => this.#parts.call(operation, args, this.#run),
    });
    const value = await handler.call(ctx);
    // Checked here: what the ledger cannot keep is a failed attempt, not an ending that can never be written.
    this.state = JSON.parse(JSON.stringify(ctx.state ?? null)) as Json;
    return value;
  }
}

/** Aborts once; the first cause stands. */
export function stop(stopper: Stopper, cause: Exclude<AbortCause, null>): void {
  if (stopper.cause !== null) return;
  stopper.cause = cause;
  stopper.controller.abort(new SchedulerError('EXECUTION_ERROR', ABORT_MESSAGES[cause]));
}

const ABORT_MESSAGES = {
  timeout: 'the time limit of the run is over',
  cancel: 'the run was cancelled',
  shutdown: 'the service is stopping',
};

/** Input is checked again at run time: an override by hand was not in the settings. Wrong input is never retried. */
function checkedInput(info: HandlerInfo, input: JsonObject): JsonObject {
  if (!info.input) return input;
  const fault = inputFault(info.input, input);
  if (fault === null) return info.input.parse(input) as JsonObject;
  const error = new SchedulerError(
    'INVALID_PARAMETERS',
    `invalid input for ${info.name}: ${fault}`,
    'correct the input of the job',
  );
  throw Object.assign(error, { retryable: false });
}

/** The one line of a run after its last attempt, in the words other aclarai services read; attempts before it at debug. */
function logEnding(run: Run, ended: Classified, ending: Ending, log: Log): void {
  const where = log.at('execute.runJob');
  const duration = Math.round(ending.durationMs) / 1000;
  const ours = {
    job_id: run.name ?? runName(run.jobId, ending.attempt.startedAt),
    job_name: run.jobId,
    run_id: run.runId,
    duration,
    success: ended.outcome === 'succeeded',
  };
  if (ending.verdict.kind !== 'done') {
    const next = ending.verdict.kind === 'retry' ? new Date(ending.verdict.notBefore).toISOString() : null;
    where.debug(`attempt ${run.attempt} ${ended.outcome}`, {
      ...ours,
      attempt: run.attempt,
      error: ended.error?.message,
      next_attempt: next,
    });
    return;
  }
  const fields = { ...ours, ...ended.statistics, ...ours };
  if (ended.outcome === 'succeeded') where.info('', fields);
  else if (ended.outcome === 'failed' || ended.outcome === 'timed_out')
    where.error('', { ...fields, ...errorFields(run, ended) });
  else
    where.warn('', {
      ...fields,
      outcome: ended.outcome,
      ...(ended.error ? { error: ended.error.message } : {}),
    });
}

function errorFields(run: Run, ended: Classified): object {
  const { code, message, fix } = ended.error ?? {
    code: 'EXECUTION_ERROR',
    message: ended.outcome,
    fix: null,
  };
  return {
    error: message,
    error_type: code,
    module_id: run.snapshot.handler,
    details: { fix, attempts: run.attempt, outcome: ended.outcome },
  };
}
