// Input of a run against the schema of its handler, before it is queued and again when it runs. Pure.

import type { ZodType } from 'zod';
import { SchedulerError } from '#core/errors';
import type { HandlerInfo, JsonObject } from '#core/handler';

/** What is wrong, all of it in one line; null = nothing. A handler without a schema takes any input. */
export function inputFault(schema: ZodType | null, input: JsonObject): string | null {
  const parsed = schema?.safeParse(input);
  if (!parsed || parsed.success) return null;
  return parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
    .join('; ');
}

/**
 * Input is checked again at run time: an override by hand was not in the settings. Throws INVALID_PARAMETERS, which is
 * never retried; answers what the schema made of it.
 */
export function checkedInput(info: HandlerInfo, input: JsonObject): JsonObject {
  if (!info.input) return input;
  const fault = inputFault(info.input, input);
  if (fault === null) return info.input.parse(input) as JsonObject;
  const error = new SchedulerError(
    'INVALID_PARAMETERS',
    `invalid input for ${info.name}: ${fault}`,
    'correct the input of the job',
  );
  throw Object.assign(error, { retryable: false });
}
