// How an attempt ended, read from what the handler returned or threw and why it was aborted. Pure.

import { formatDuration } from '#core/duration';
import { SchedulerError, toErrorRecord } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { RetryRequest, SkipRequest } from './context.ts';
import type { AttemptEnd } from './decide.ts';
import type { Result } from './result.ts';

/** Why the signal was aborted; null = it was not. `start` = the worker did not come up. */
export type AbortCause = 'timeout' | 'start' | 'cancel' | 'shutdown' | null;

/** From the claim of a run to the call of its handler in a thread or process: the code is loaded, on a machine that may be busy. */
export const START_LIMIT_MS = 60_000;

export type Returned = { kind: 'returned'; result: Result } | { kind: 'threw'; error: unknown };

export interface Classified extends AttemptEnd {
  statistics: JsonObject | null;
  /** Said in the run's log. */
  warnings: string[];
}

/**
 * A time limit and a cancel count whatever the handler still answered. At a shutdown a success counts, and what did not
 * end well was cut: it is given back (rule 23).
 */
export function classify(returned: Returned, cause: AbortCause, timeoutMs: number): Classified {
  const result = returned.kind === 'returned' ? returned.result : null;
  const base = {
    statistics: result?.statistics ?? null,
    warnings: result?.warnings ?? [],
    retryable: true,
    retryAfterMs: null,
  };
  if (cause === 'timeout') {
    const error = new SchedulerError(
      'EXECUTION_ERROR',
      `ran longer than its time limit of ${formatDuration(timeoutMs)}`,
      'raise `timeout`, or stop when ctx.signal aborts',
    );
    return { ...base, outcome: 'timed_out', error: toErrorRecord(error) };
  }
  if (cause === 'start') {
    const error = new SchedulerError(
      'EXECUTION_ERROR',
      `the job's thread or process did not call its code within ${formatDuration(START_LIMIT_MS)}`,
      'look at what the job file does before `run` is called, and at the load of the machine',
    );
    return { ...base, outcome: 'failed', error: toErrorRecord(error) };
  }
  if (cause === 'cancel') return { ...base, outcome: 'cancelled', error: null };
  if (returned.kind === 'returned') {
    const ended = ofResult(result!);
    // What says it failed after the service began to stop was cut by it (rule 23).
    const cut = cause === 'shutdown' && ended.outcome === 'failed';
    return cut ? { ...base, outcome: 'given_back', error: null } : { ...base, ...ended };
  }
  if (returned.error instanceof SkipRequest) {
    return {
      ...base,
      outcome: 'skipped',
      error: { code: 'SKIPPED', message: returned.error.message, fix: null },
    };
  }
  if (cause === 'shutdown') return { ...base, outcome: 'given_back', error: null };
  if (returned.error instanceof RetryRequest) {
    return {
      ...base,
      outcome: 'failed',
      error: toErrorRecord(returned.error),
      retryAfterMs: returned.error.afterMs,
    };
  }
  return {
    ...base,
    outcome: 'failed',
    error: toErrorRecord(returned.error),
    retryable: !isFinal(returned.error),
  };
}

function ofResult({ failure }: Result): Pick<Classified, 'outcome' | 'error' | 'retryable'> {
  return failure ? { outcome: 'failed', ...failure } : { outcome: 'succeeded', error: null, retryable: true };
}

/** `retryable: false` on the error, or a fault of the input: trying again cannot help (rule 7). */
function isFinal(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && (error as { retryable?: unknown }).retryable === false
  );
}
