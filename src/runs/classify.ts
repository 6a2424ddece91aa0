// How an attempt ended, read from what the handler returned or threw and why it was aborted. Pure.

import { formatDuration } from '#core/duration';
import { type ErrorRecord, SchedulerError, toErrorRecord } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { RetryRequest, SkipRequest } from './context.ts';
import type { AttemptEnd } from './decide.ts';

/** Why the signal was aborted; null = it was not. */
export type AbortCause = 'timeout' | 'cancel' | 'shutdown' | null;

export type Returned = { kind: 'returned'; value: unknown } | { kind: 'threw'; error: unknown };

export interface Classified extends AttemptEnd {
  statistics: JsonObject | null;
  /** Said in the run's log. */
  warnings: string[];
}

/** A result larger than this is cut (contract: "Result"). */
const LARGEST_RESULT_BYTES = 1_048_576;

/**
 * A time limit and a cancel count whatever the handler still answered. At a shutdown a success counts, and what did not
 * end well was cut: it is given back (rule 23).
 */
export function classify(returned: Returned, cause: AbortCause, timeoutMs: number): Classified {
  const result = returned.kind === 'returned' ? readResult(returned.value) : null;
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

function ofResult(result: ReadResult): Pick<Classified, 'outcome' | 'error' | 'retryable'> {
  if (result.statistics.success !== false) return { outcome: 'succeeded', error: null, retryable: true };
  return {
    outcome: 'failed',
    error: errorOf(result.value.error),
    retryable: result.value.retryable !== false,
  };
}

function errorOf(error: unknown): ErrorRecord {
  if (typeof error === 'object' && error !== null && !(error instanceof Error) && 'message' in error) {
    const { code, message, fix } = error as { code?: unknown; message: unknown; fix?: unknown };
    return {
      code: typeof code === 'string' ? code : 'EXECUTION_ERROR',
      message: String(message),
      fix: typeof fix === 'string' ? fix : null,
    };
  }
  return toErrorRecord(error ?? 'the handler answered success: false without an error');
}

/** `retryable: false` on the error, or a fault of the input: trying again cannot help (rule 7). */
function isFinal(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && (error as { retryable?: unknown }).retryable === false
  );
}

interface ReadResult {
  value: Record<string, unknown>;
  statistics: JsonObject;
  warnings: string[];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nothing, a boolean or an odd value is a success without statistics; what JSON cannot hold is left out and named. */
function readResult(value: unknown): ReadResult {
  if (value === undefined || value === null) return { value: {}, statistics: {}, warnings: [] };
  if (typeof value !== 'object' || Array.isArray(value)) {
    const warning = `the handler answered ${Array.isArray(value) ? 'an array' : typeof value}, expected statistics; kept as "result"`;
    return readResultObject({ result: value }, [warning]);
  }
  return readResultObject(value as Record<string, unknown>, []);
}

function readResultObject(value: Record<string, unknown>, warnings: string[]): ReadResult {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? each.toString() : each));
  } catch (error) {
    const kept = { success: value.success !== false };
    return {
      value,
      statistics: kept,
      warnings: [...warnings, `the statistics are not JSON: ${(error as Error).message}`],
    };
  }
  const statistics: unknown = text === undefined ? null : JSON.parse(text);
  if (text === undefined || !isObject(statistics))
    return { value, statistics: {}, warnings: [...warnings, 'the statistics are no JSON object: left out'] };
  if (Buffer.byteLength(text) <= LARGEST_RESULT_BYTES) return { value, statistics, warnings };
  const numbers = Object.entries(value).filter(
    ([, each]) => typeof each === 'number' || typeof each === 'boolean',
  );
  const cut = { ...Object.fromEntries(numbers), truncated: true } as JsonObject;
  return {
    value,
    statistics: cut,
    warnings: [...warnings, `the statistics are ${text.length} characters, over 1 MB: cut to their numbers`],
  };
}
