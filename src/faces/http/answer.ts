// Answers of the HTTP face: always one envelope, a status for every code, never a stack. Pure.

import {
  type ErrorRecord,
  type FieldFault,
  InvalidFields,
  SchedulerError,
  toErrorRecord,
} from '#core/errors';
import { ChangedMeanwhile } from '#service/definitions';
import { eventCode } from '../compat/event-words.ts';

export interface Refusal {
  status: number;
  body: { success: false; error: ErrorRecord & { details: readonly FieldFault[] } };
}

const STATUS: Partial<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  JOB_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  CONFIG_NOT_FOUND: 404,
  QUEUE_NOT_FOUND: 404,
  ALREADY_RUNNING: 409,
  ALREADY_PAUSED: 409,
  NOT_PAUSED: 409,
  CONFLICT: 409,
  PRECONDITION_FAILED: 409,
  CLEANUP_ERROR: 409,
  TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  QUOTA_EXCEEDED: 429,
  NOT_INITIALIZED: 503,
  ENGINE_UNAVAILABLE: 503,
  DATABASE_ERROR: 503,
};

/** 400 where the code has none of its own. */
export function statusOf(code: string | undefined): number {
  return STATUS[code ?? ''] ?? 400;
}

/** The refusal with the codes that those who ask for events know. */
export function inEventCodes({ status, body }: Refusal): Refusal {
  return { status, body: { ...body, error: { ...body.error, code: eventCode(body.error.code) } } };
}

/** What is thrown by the service on purpose is told as it is; of anything else only that it happened. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof SchedulerError)
    return refusal(
      // What `If-Match` names is no more: not one of the other things that cannot be done now.
      thrown instanceof ChangedMeanwhile ? 412 : statusOf(thrown.code),
      toErrorRecord(thrown),
      thrown instanceof InvalidFields ? thrown.details : [],
    );
  const { statusCode, message } = (thrown ?? {}) as { statusCode?: unknown; message?: unknown };
  if (statusCode === 413)
    return refusal(413, { code: 'TOO_LARGE', message: 'the body is too large', fix: 'send at most 1 MiB' });
  // Of the HTTP server itself: a body that is no JSON, a content type it does not know.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return refusal(400, {
      code: 'INVALID_PARAMETERS',
      message: String(message),
      fix: 'send a JSON object with content-type: application/json',
    });
  return refusal(500, {
    code: 'EXECUTION_ERROR',
    message: 'the service could not answer',
    fix: 'its log says why',
  });
}

export function refusal(status: number, error: ErrorRecord, details: readonly FieldFault[] = []): Refusal {
  return { status, body: { success: false, error: { ...error, details } } };
}
