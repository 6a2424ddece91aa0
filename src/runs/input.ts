// Input of a run against the schema of its handler, before it is queued and again when it runs. Pure.

import type { ZodType } from 'zod';
import type { JsonObject } from '#core/handler';

/** What is wrong, all of it in one line; null = nothing. A handler without a schema takes any input. */
export function inputFault(schema: ZodType | null, input: JsonObject): string | null {
  const parsed = schema?.safeParse(input);
  if (!parsed || parsed.success) return null;
  return parsed.error.issues
    .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
    .join('; ');
}
