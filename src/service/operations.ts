// What job code may ask the service for by `ctx.call`, by name.

import { SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { Run } from '#core/run';
import type { LoopsParts } from './loops.ts';

/** Operations that job code may ask for by `ctx.call`; anything else is refused with their names. */
export function operations(
  table: Record<string, (input: JsonObject, run: Run, signal: AbortSignal) => Promise<Json>>,
): LoopsParts['call'] {
  return async (operation, input, run, signal) => {
    const handler = table[operation];
    if (handler) return await handler(input, run, signal);
    const known = Object.keys(table).join(', ');
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `there is no operation ${operation}`,
      `ctx.call knows: ${known}`,
    );
  };
}
