// One attempt of a run, as a pipeline: load → check input → call under a time limit → classify → decide → ending.

import path from 'node:path';
import type { Clock } from '#core/clock';
import { SchedulerError, stackOf } from '#core/errors';
import type { AppConfig, Handler, Json, JsonObject } from '#core/handler';
import type { StoredJob } from '#core/job';
import type { Log } from '#core/log';
import type { HandlerHost } from '#core/programs';
import { type Run, runName } from '#core/run';
import type { OutputLog, RunLogs, RunOutput } from '#core/run-log';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Ending } from '#store/store';
import { attemptLog } from './attempt-log.ts';
import { type Call, callInline, type StartIsolated } from './call.ts';
import { type AbortCause, type Classified, classify, type Returned, START_LIMIT_MS } from './classify.ts';
import { contextData, createContext, type Progress, windowOf } from './context.ts';
import { decide } from './decide.ts';
import { checkedInput } from './input.ts';
import { keepsLog } from './keep-log.ts';
import { NO_MASK, type ReferenceSources, resolveReferences } from './references.ts';

export interface ExecuteParts {
  clock: Clock;
  log: Log;
  /** Keeps what runs put out. */
  runLogs: RunLogs;
  /** `<state>/jobs`. */
  jobStateRoot: string;
  loadHandler(name: string): Promise<Handler>;
  startIsolated: StartIsolated;
  /** What references in input name. */
  references: ReferenceSources;
  config(): AppConfig;
  /** What handlers of the scheduler's own work with. */
  handlerHost(): Omit<HandlerHost, 'log' | 'clock'>;
  scheduleOf(spec: ScheduleSpec): Schedule;
  paused(): boolean;
  /** The signal is that of the attempt: what works for a run stops with it. */
  call(operation: string, input: JsonObject, run: Run, signal: AbortSignal): Promise<Json>;
  onProgress(run: Run, progress: Progress): void;
  /** In [0, 1): spreads retries. */
  random(): number;
}

/** The handle by which the worker ends an attempt early. */
export interface Stopper {
  readonly controller: AbortController;
  cause: AbortCause;
  /** Once the handler is called. */
  call: Call | null;
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
  const output = parts.runLogs.open(run);
  const log = attemptLog(parts.log.at(`job.${run.jobId}`), output, run);
  const attempt = new Attempt(run, job, stopper, parts, log, output);
  const { input, slot, snapshot } = run;
  output.event('attempt_started', { slot, input, handler: snapshot.handler, dry_run: snapshot.dryRun });
  const returned = await attempt.call();
  const ended = attempt.mask.json(classify(returned, stopper.cause, run.snapshot.policy.timeoutMs));
  for (const warning of ended.warnings) log.warn(warning);
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
    ending.handlerState = attempt.mask.json(attempt.state);
  const warnings = [...attempt.warnings, ...ended.warnings];
  if (warnings.length > 0) ending.warnings = warnings;
  if (ended.error) output.line('error', `attempt ${run.attempt} ${ended.outcome}: ${ended.error.message}`);
  const { outcome, error, statistics } = ended;
  output.event('attempt_ended', {
    outcome,
    error,
    statistics,
    verdict: verdict.kind,
    duration_ms: durationMs,
  });
  output.end(keepsLog(run, ended, verdict));
  logEnding(run, ended, ending, parts.log);
  return ending;
}

class Attempt {
  readonly #run: Run;
  readonly #job: StoredJob;
  readonly #stopper: Stopper;
  readonly #parts: ExecuteParts;
  readonly #output: RunOutput;
  /** Nothing secret of what the input names is written to it. */
  #log: OutputLog;
  mask = NO_MASK;
  warnings: readonly string[] = [];
  codeHash: string | null = null;
  /** `ctx.state` after the call. */
  state: Json | undefined;
  #cancelLimit: () => void = () => {};
  #isOver = false;

  constructor(
    run: Run,
    job: StoredJob,
    stopper: Stopper,
    parts: ExecuteParts,
    log: OutputLog,
    output: RunOutput,
  ) {
    this.#output = output;
    this.#run = run;
    this.#job = job;
    this.#stopper = stopper;
    this.#parts = parts;
    this.#log = log;
  }

  async call(): Promise<Returned> {
    const { policy, handler: name } = this.#run.snapshot;
    // Code in this thread is called at once; a thread or process has to come up first, and its limit counts from the call.
    if (policy.isolation === 'inline') this.#limit(policy.timeoutMs, 'timeout');
    else this.#limit(START_LIMIT_MS, 'start');
    try {
      const handler = await this.#parts.loadHandler(name);
      this.codeHash = handler.codeHash;
      const input = await this.#resolvedInput();
      const { result, state } = await (await this.#start(handler, input)).answer;
      this.state = state;
      return { kind: 'returned', result };
    } catch (error) {
      const stack = stackOf(error);
      if (stack !== null && this.#stopper.cause === null) this.#log.debug('the handler threw', { stack });
      return { kind: 'threw', error };
    } finally {
      this.#isOver = true;
      this.#cancelLimit();
    }
  }

  /** Takes the place of the limit before. */
  #limit(ms: number, cause: 'timeout' | 'start'): void {
    this.#cancelLimit();
    // A loop that was held up hears of the limit before it reads what the handler has answered in time.
    const afterAnswers = () => setImmediate(() => !this.#isOver && stop(this.#stopper, cause));
    this.#cancelLimit = this.#parts.clock.timer(ms, afterAnswers);
  }

  /** What is stored and shown is the reference; what it names is for the handler only. */
  async #resolvedInput(): Promise<JsonObject> {
    const { input, warnings, mask } = await resolveReferences(this.#run.input, this.#parts.references);
    this.warnings = warnings;
    this.mask = mask;
    this.#log = mask.log(this.#log);
    for (const warning of warnings) this.#log.warn(`a reference in the input stands for nothing: ${warning}`);
    return input;
  }

  async #start(handler: Handler, input: JsonObject): Promise<Call> {
    const stateDir = path.join(this.#parts.jobStateRoot, this.#run.jobId);
    const window = windowOf(this.#run, this.#job, this.#parts.scheduleOf);
    const data = contextData(this.#run, this.#job, window, stateDir, this.#parts.config());
    const { policy } = this.#run.snapshot;
    const { signal } = this.#stopper.controller;
    const acts = {
      signal,
      log: this.#log,
      paused: this.#parts.paused,
      onProgress: (progress: Progress) => this.#progressed(this.mask.json(progress)),
      call: (operation: string, args: JsonObject) => this.#ask(operation, args, signal),
    };
    const { code } = handler;
    if (code && policy.isolation !== 'inline') {
      // Told to stop before it began: a worker would only have to be ended again.
      acts.signal.throwIfAborted();
      const { isolation, permissions, maxMemoryMb } = policy;
      this.#stopper.call = this.#parts.startIsolated({
        ...{ ...acts, code, data, input, isolation, permissions, maxMemoryMb },
        onCalled: () => this.#limit(policy.timeoutMs, 'timeout'),
      });
    } else {
      if (policy.isolation !== 'inline') this.#limit(policy.timeoutMs, 'timeout');
      const ctx = createContext(data, handler.begin ? input : checkedInput(handler.info, input), {
        ...acts,
        clock: this.#parts.clock,
      });
      const host = { ...this.#parts.handlerHost(), log: this.#log, clock: this.#parts.clock };
      this.#stopper.call = callInline(handler, ctx, host);
    }
    return this.#stopper.call;
  }

  #progressed(progress: Progress): void {
    this.#output.event('progress', progress);
    this.#parts.onProgress(this.#run, progress);
  }

  async #ask(operation: string, input: JsonObject, signal: AbortSignal): Promise<Json> {
    this.#output.event('call', { operation, input: this.mask.json(input) });
    return await this.#parts.call(operation, input, this.#run, signal);
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
  start: 'the thread or process of the run did not come up in time',
  cancel: 'the run was cancelled',
  shutdown: 'the service is stopping',
};

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
