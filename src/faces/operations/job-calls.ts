// What job code asks the service for by `ctx.call`: the operations of every face, in the name of the job.

import type { Clock } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { Run } from '#core/run';
import type { Installation } from '#service/host';
import { type Operation, perform } from './operation.ts';

/** The signal is that of the attempt: what works for a run stops with it. */
export type JobCall = (operation: string, input: JsonObject, run: Run, signal: AbortSignal) => Promise<Json>;

export interface JobCallsParts {
  installation(): Installation;
  clock: Clock;
  /** Operations that only job code has. */
  own: Readonly<Record<string, JobCall>>;
}

/**
 * Ledger and audit name the job as `job:<id>`. Code in a process of its own has only what it was granted: it may look,
 * and ask for what its own operations do. Throws INVALID_PARAMETERS for an unknown name, with the nearest.
 */
export function jobCalls({ installation, clock, own }: JobCallsParts): JobCall {
  return async (name, input, run, signal) => {
    if (Object.hasOwn(own, name)) return await own[name]!(name, input, run, signal);
    // Few jobs ask, and a start should not wait for what they ask with.
    const { OPERATIONS } = await import('./table.ts');
    const operation = OPERATIONS.get(name);
    if (!operation) throw unknown(name, [...Object.keys(own), ...OPERATIONS.keys()]);
    if (run.snapshot.policy.isolation === 'process' && operation.effect !== 'read') throw shut(operation);
    const context = { installation: installation(), clock, by: `job:${run.jobId}`, signal };
    return (await perform(operation, context, input)) as Json;
  };
}

function unknown(name: string, names: readonly string[]): SchedulerError {
  const near = closest(name, names);
  const known = `ctx.call knows: ${names.join(', ')}`;
  return new SchedulerError(
    'INVALID_PARAMETERS',
    `there is no operation ${name}`,
    near ? `did you mean ${near}? ${known}` : known,
  );
}

function shut({ name, effect }: Operation): SchedulerError {
  return new SchedulerError(
    'PRECONDITION_FAILED',
    `${name} needs the right to ${effect}, which a job in a process of its own does not have`,
    'isolation: thread, for code that may change the scheduler',
  );
}
