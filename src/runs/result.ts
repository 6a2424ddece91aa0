// What a handler answered, read as plain data: on the side of the border where it answered. Pure.

import { type ErrorRecord, SchedulerError, toErrorRecord } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import { explainDenied } from './isolation/permissions.ts';

export interface Result {
  statistics: JsonObject;
  /** The answer said `success: false`. Not retryable: trying again cannot help (rule 7). */
  failure: { error: ErrorRecord; retryable: boolean } | null;
  /** Said in the run's log. */
  warnings: string[];
}

/** A result larger than this is cut, a state refused (contract: "Result", "small JSON"). */
const LARGEST_BYTES = 1_048_576;

/**
 * Nothing, a boolean or an odd value is a success without statistics; what JSON cannot hold is left out and named.
 * Throws what a getter or `toJSON` of the answer throws.
 */
export function readResult(value: unknown): Result {
  if (value === undefined || value === null) return { statistics: {}, failure: null, warnings: [] };
  if (typeof value === 'object' && !Array.isArray(value))
    return readObject(value as Record<string, unknown>, []);
  const warning = `the handler answered ${Array.isArray(value) ? 'an array' : typeof value}, expected statistics; kept as "result"`;
  return readObject({ result: value }, [warning]);
}

/** `ctx.state` after the call. Throws for what the ledger cannot keep: better a failed attempt than an ending never written. */
export function readState(state: unknown): Json {
  const text = JSON.stringify(state ?? null) ?? 'null';
  if (Buffer.byteLength(text) <= LARGEST_BYTES) return JSON.parse(text) as Json;
  throw new SchedulerError(
    'TOO_LARGE',
    `ctx.state is ${text.length} characters, over 1 MB`,
    'keep large things as files in ctx.stateDir',
  );
}

function readObject(value: Record<string, unknown>, warnings: string[]): Result {
  const { statistics, warning } = statisticsOf(value);
  const failure =
    statistics.success === false
      ? { error: errorOf(value.error), retryable: value.retryable !== false }
      : null;
  return { statistics, failure, warnings: warning === null ? warnings : [...warnings, warning] };
}

function statisticsOf(value: Record<string, unknown>): { statistics: JsonObject; warning: string | null } {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_key, each) => (typeof each === 'bigint' ? each.toString() : each));
  } catch (error) {
    const { message } = toErrorRecord(error);
    return {
      statistics: { success: value.success !== false },
      warning: `the statistics are not JSON: ${message}`,
    };
  }
  const statistics: unknown = text === undefined ? null : JSON.parse(text);
  if (text === undefined || !isObject(statistics))
    return { statistics: {}, warning: 'the statistics are no JSON object: left out' };
  if (Buffer.byteLength(text) <= LARGEST_BYTES) return { statistics, warning: null };
  const numbers = Object.entries(value).filter(
    ([, each]) => typeof each === 'number' || typeof each === 'boolean',
  );
  const cut = { ...Object.fromEntries(numbers), truncated: true } as JsonObject;
  const isSmall = Buffer.byteLength(JSON.stringify(cut)) <= LARGEST_BYTES;
  return {
    statistics: isSmall ? cut : { success: value.success !== false, truncated: true },
    warning: `the statistics are ${text.length} characters, over 1 MB: cut to their numbers`,
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
  return toErrorRecord(
    explainDenied(error) ?? error ?? 'the handler answered success: false without an error',
  );
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
