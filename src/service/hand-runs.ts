// Runs that a person or a call starts or ends: run now, cancel (rules 9, 18).

import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { isFinal, type Run } from '#core/run';
import type { Store } from '#store/store';
import type { Lookup } from './lookup.ts';
import { alreadyRunning, requestRun } from './run-request.ts';

export interface RunNowOptions {
  by: string;
  input?: JsonObject;
  force?: boolean;
  dryRun?: boolean;
  retry?: boolean;
}

export interface HandRunsParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  handlerKnown(name: string): boolean;
  /** What is wrong with an input for a handler; null = nothing. */
  inputFault(handler: string, input: JsonObject): string | null;
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
}
