// Errors as plain data and back: code, message, fix and the handler's own endings survive the border. Pure.

import { type ErrorCode, SchedulerError, stackOf, toErrorRecord } from '#core/errors';
import { RetryRequest, SkipRequest } from '../context.ts';
import { explainDenied } from './permissions.ts';

export type ErrorData =
  | { kind: 'skip'; reason: string }
  | { kind: 'retry'; afterMs: number }
  | {
      kind: 'error';
      name: string;
      code: string;
      message: string;
      fix: string | null;
      /** For the log only. */
      stack: string | null;
      retryable: boolean;
      /** A fault in the scheduler's own words. */
      isOurs: boolean;
    };

/** A longer message says nothing more; whoever throws a whole file must not fill the ledger with it. */
const LONGEST_TEXT = 16_384;

/** Never fails, whatever was thrown. */
export function toErrorData(raw: unknown): ErrorData {
  const thrown = explainDenied(raw) ?? raw;
  if (thrown instanceof SkipRequest) return { kind: 'skip', reason: cut(thrown.message) };
  if (thrown instanceof RetryRequest) return { kind: 'retry', afterMs: thrown.afterMs };
  const { code, message, fix } = toErrorRecord(thrown);
  const own = (key: string) => propertyOf(thrown, key);
  const name = own('name');
  const stack = stackOf(thrown);
  return {
    kind: 'error',
    name: typeof name === 'string' ? cut(name) : 'Error',
    code: cut(code),
    message: cut(message),
    fix: fix === null ? null : cut(fix),
    stack: stack === null ? null : cut(stack),
    retryable: own('retryable') !== false,
    isOurs: thrown instanceof SchedulerError,
  };
}

/** An error that reads like the one that was thrown on the other side. */
export function fromErrorData(data: ErrorData): Error {
  if (data.kind === 'skip') return new SkipRequest(data.reason);
  if (data.kind === 'retry') return new RetryRequest(data.afterMs);
  const { name, code, message, fix, stack, retryable } = data;
  const error = data.isOurs
    ? new SchedulerError(code as ErrorCode, message, fix)
    : Object.assign(new Error(message), { name, code, fix });
  Object.defineProperty(error, 'stack', { value: stack ?? undefined, configurable: true, writable: true });
  return retryable ? error : Object.assign(error, { retryable });
}

function propertyOf(thrown: unknown, key: string): unknown {
  try {
    return (thrown as Record<string, unknown> | null | undefined)?.[key];
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}… (${text.length} characters)`;
}
