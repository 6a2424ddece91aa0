// Runs of a handler that needs no job: its code and an input, once, with history (rule 18).

import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { adHocId, type JobSpec, labelledId } from '#core/job';
import type { Run } from '#core/run';
import type { Store } from '#store/store';
import { type Rehearsal, requestRun } from './run-request.ts';

export interface AdHocWish extends Rehearsal {
  handler: string;
  by: string;
  /** Merged key by key over the input that the class's defaults name. */
  input?: JsonObject;
  dryRun?: boolean;
  retry?: boolean;
  /** By which the caller finds its runs again, whatever their handler; else they are found by the handler. */
  label?: string;
  resultQueue?: string | null;
  errorQueue?: string | null;
}

export interface AdHocParts {
  store: Store;
  clock: Clock;
  /** Throws HANDLER_NOT_FOUND with the nearest. */
  adHocJob(handler: string): JobSpec;
  inputFault(handler: string, input: JsonObject): string | null;
  /** Brings the job into the ledger, unless one of its id is there. */
  define(spec: JobSpec, by: string): Promise<void>;
  newRunId(): string;
  onWrite(): void;
}

/** Retention may take the job away between the two transactions. */
const TRIES = 3;

export class AdHocRuns {
  readonly #parts: AdHocParts;

  constructor(parts: AdHocParts) {
    this.#parts = parts;
  }

  /** Waits for a place of the global cap and for nothing else. Throws HANDLER_NOT_FOUND, INVALID_PARAMETERS. */
  async start(wish: AdHocWish): Promise<Run> {
    const { store, clock, newRunId, define, onWrite } = this.#parts;
    const spec = this.#specOf(wish);
    const fault = this.#parts.inputFault(wish.handler, { ...spec.input, ...wish.input });
    if (fault !== null)
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `invalid input for ${wish.handler}: ${fault}`,
        'correct the input',
      );
    for (let left = TRIES; left > 0; left--) {
      const result = await store.enqueue(spec.id, (due) => {
        // As the settings are now, whatever they were when the handler first ran.
        const { handler, input, policy } = spec;
        const job = { ...due.job, handler, input, policy };
        const request = { ...wish, kind: 'adhoc', at: clock.now(), runId: newRunId() } as const;
        const decision = requestRun({ ...due, job }, { ...request, handlerKnown: true });
        if (decision.kind === 'enqueue') decision.row.configHash = spec.configHash;
        return decision;
      });
      if (result.kind === 'queued') {
        onWrite();
        return result.run;
      }
      await define(spec, wish.by);
    }
    throw new SchedulerError(
      'CONFLICT',
      `${adHocId(wish.handler)} is taken away again and again`,
      'try again',
    );
  }

  #specOf({ handler, label, resultQueue, errorQueue }: AdHocWish): JobSpec {
    const spec = this.#parts.adHocJob(handler);
    const policy = {
      ...spec.policy,
      ...(resultQueue !== undefined && { resultQueue }),
      ...(errorQueue !== undefined && { errorQueue }),
    };
    if (label === undefined) return { ...spec, policy };
    const id = labelledId(label);
    return { ...spec, policy, id, name: id };
  }
}
