// Runs that a person or a call starts or ends: run now, cancel (rules 9, 18).

import type { Clock, EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import type { StoredJob } from '#core/job';
import { isFinal, type Run } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { eraAt, erasOf } from '#engine/eras';
import type { Store } from '#store/store';
import { planBackfill } from './backfill.ts';
import type { Lookup } from './lookup.ts';
import { alreadyRunning, type Rehearsal, refuseToRun, requestRerun, requestRun } from './run-request.ts';

export interface RunNowOptions extends Rehearsal {
  by: string;
  input?: JsonObject;
  force?: boolean;
  dryRun?: boolean;
  retry?: boolean;
}

export interface BackfillWish {
  /** Both ends belong to it. */
  from: EpochMs;
  to: EpochMs;
  by: string;
  force?: boolean;
  dryRun?: boolean;
}

export interface HandRunsParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  handlerKnown(name: string): boolean;
  /** What is wrong with an input for a handler; null = nothing. */
  inputFault(handler: string, input: JsonObject): string | null;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  onWrite(): void;
}

export class HandRuns {
  readonly #parts: HandRunsParts;

  constructor(parts: HandRunsParts) {
    this.#parts = parts;
  }

  /**
   * Queues a run by hand (rule 18). Refused: ALREADY_RUNNING without `force`, HANDLER_NOT_FOUND, PRECONDITION_FAILED
   * for a disabled job without `force`.
   */
  async runNow(idOrName: string, options: RunNowOptions): Promise<Run> {
    const { store, clock, lookup, handlerKnown, newRunId, onWrite } = this.#parts;
    const job = await lookup.job(idOrName);
    const fault = this.#parts.inputFault(job.handler, { ...job.input, ...options.input });
    if (fault !== null)
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `invalid input for ${job.id}: ${fault}`,
        'correct the input',
      );
    const result = await store.enqueue(job.id, (due) =>
      requestRun(due, {
        ...options,
        kind: 'manual',
        at: clock.now(),
        runId: newRunId(),
        handlerKnown: handlerKnown(due.job.handler),
      }),
    );
    if (result.kind === 'no_job') throw await lookup.unknownJob(idOrName);
    if (result.kind === 'refuse')
      throw alreadyRunning(job.id, result.inTheWay, await store.run(result.inTheWay));
    onWrite();
    return result.run;
  }

  /** Asks for the stop sequence (rule 9). A queued run ends at once. */
  async cancelRun(runId: string, by: string): Promise<Run> {
    const run = await this.#parts.lookup.run(runId);
    if (isFinal(run.state)) {
      throw new SchedulerError(
        'PRECONDITION_FAILED',
        `run ${runId} has already ended: ${run.state}`,
        'only queued and running runs can be cancelled',
      );
    }
    const cancelled = await this.#parts.store.requestCancel(runId, this.#parts.clock.now(), by);
    this.#parts.onWrite();
    return cancelled ?? run;
  }

  /**
   * Repeats a run with its own input and config, under its key (rule 18). Refused as `runNow` is; PRECONDITION_FAILED for
   * a run that has not ended, or that never was one (a skip, a miss).
   */
  async rerun(runId: string, options: { by: string; force?: boolean; retry?: boolean }): Promise<Run> {
    const { store, clock, lookup, handlerKnown, newRunId, onWrite } = this.#parts;
    const run = await lookup.run(runId);
    const fields = { at: clock.now(), runId: newRunId(), handlerKnown: handlerKnown(run.snapshot.handler) };
    const result = await store.enqueue(run.jobId, (due) => requestRerun(due, run, { ...options, ...fields }));
    if (result.kind === 'no_job') throw await lookup.unknownJob(run.jobId);
    if (result.kind === 'refuse')
      throw alreadyRunning(run.jobId, result.inTheWay, await store.run(result.inTheWay));
    onWrite();
    return result.run;
  }

  /**
   * Runs the slots of [from, to] that were missed or skipped (rule 18), oldest first. With `dryRun` only answers which.
   * Throws what `planBackfill` does, ALREADY_RUNNING, HANDLER_NOT_FOUND, PRECONDITION_FAILED for a job that is off.
   */
  async backfill(
    idOrName: string,
    wish: BackfillWish,
  ): Promise<{ job: StoredJob; slots: EpochMs[]; runs: Run[] }> {
    const { store, clock, lookup, scheduleOf, handlerKnown, newRunId, onWrite } = this.#parts;
    const job = await lookup.job(idOrName);
    const { force = false, by } = wish;
    refuseToRun(job, { force, handlerKnown: handlerKnown(job.handler) });
    const eras = erasOf(await store.changes({ jobUid: job.uid, andClock: true, limit: 10_000 }));
    const scheduleAt = (instant: EpochMs) => {
      // What a job lost while it was away has rows by the schedule that it would have had.
      const { schedule, dormant } = eraAt(eras, instant);
      const spec = schedule ?? dormant;
      return spec && scheduleOf(spec);
    };
    const request = { ...wish, force, by, at: clock.now(), newRunId, scheduleAt };
    let slots: EpochMs[] = [];
    const result = await store.backfill(job.id, { from: wish.from, to: wish.to }, (view) => {
      const decision = planBackfill(view, request);
      if (decision.kind === 'enqueue') slots = decision.rows.flatMap((row) => row.slot ?? []);
      return wish.dryRun && decision.kind === 'enqueue'
        ? { kind: 'refuse', because: 'dry_run', inTheWay: null }
        : decision;
    });
    if (result.kind === 'no_job') throw await lookup.unknownJob(idOrName);
    if (result.kind === 'queued') onWrite();
    else if (result.because !== 'dry_run')
      throw alreadyRunning(job.id, result.inTheWay ?? '', await store.run(result.inTheWay ?? ''));
    return { job, slots, runs: result.kind === 'queued' ? result.runs : [] };
  }
}
