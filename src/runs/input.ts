// Input of a run against the schema of its handler, before it is queued and again when it runs. Pure.

import type { ZodType } from 'zod';
import { SchedulerError } from '#core/errors';
import { type HandlerInfo, type JsonObject, withoutTracing } from '#core/handler';
import { holdsReference } from '#core/reference';

/**
 * What is wrong, all of it in one line; null = nothing. A handler without a schema takes any input, and what a reference
 * names is judged when the run has it.
 */
export function inputFault(schema: ZodType | null, input: JsonObject): string | null {
  const parsed = schema && parsedBy(schema, input);
  if (!parsed || parsed.success) return null;
  const faults = parsed.error.issues.filter((issue) => !isOfReference(input, issue.path));
  if (faults.length === 0) return null;
  return faults.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`).join('; ');
}

/** A wish for a trace is no parameter of the handler, unless it says so. */
function parsedBy(schema: ZodType, input: JsonObject) {
  const parsed = schema.safeParse(input);
  return parsed.success || !('enable_tracing' in input) ? parsed : schema.safeParse(withoutTracing(input));
}

function isOfReference(input: JsonObject, path: readonly PropertyKey[]): boolean {
  if (path.length === 0) return false;
  let value: unknown = input;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return holdsReference(value);
}

/**
 * Input is checked again at run time: an override by hand was not in the settings. Throws INVALID_PARAMETERS, which is
 * never retried; answers what the schema made of it.
 */
export function checkedInput(info: HandlerInfo, input: JsonObject): JsonObject {
  if (!info.input) return input;
  const parsed = parsedBy(info.input, input);
  if (parsed.success) return parsed.data as JsonObject;
  const fault = inputFault(info.input, input) ?? 'a reference was not resolved';
  const error = new SchedulerError(
    'INVALID_PARAMETERS',
    `invalid input for ${info.name}: ${fault}`,
    'correct the input of the job',
  );
  throw Object.assign(error, { retryable: false });
}
