// What went wrong, in the words of the agents' documents: three types of error, with our code beside them. Pure.

import { SchedulerError, toErrorRecord } from '#core/errors';
import type { ToolOutput } from './schema.ts';

const TYPES: Partial<Record<string, NonNullable<ToolOutput['error_type']>>> = {
  INVALID_PARAMETERS: 'ValueError',
  INVALID_SCHEDULE: 'ValueError',
  VALIDATION_ERROR: 'ValueError',
  MISSING_CRON_EXPRESSION: 'ValueError',
  PAST_EVENT: 'ValueError',
  JOB_NOT_FOUND: 'KeyError',
};

/** What is refused on purpose is told with its fix; of anything else only that it happened. */
export function toolFailure(operation: string, thrown: unknown): ToolOutput {
  if (!(thrown instanceof SchedulerError))
    return failed(operation, 'EXECUTION_ERROR', 'the scheduler could not do it: its log says why');
  const { code, message, fix } = toErrorRecord(thrown);
  return failed(operation, code, fix === null ? message : `${message}; ${fix}`);
}

function failed(operation: string, code: string, message: string): ToolOutput {
  const error_type = TYPES[code] ?? 'RuntimeError';
  return { success: false, operation, message, data: null, error_type, code };
}
