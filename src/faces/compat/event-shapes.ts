// The shapes of events and executions as schemas, and the words for what is asked of them. Pure.

import { z } from 'zod';
import { type FieldFault, InvalidFields } from '#core/errors';
import type { RunState } from '#core/run';
import { runShape } from '../operations/shapes.ts';
import { EVENT_STATUSES, eventField } from './event-words.ts';

const instant = z.string().describe('ISO 8601 with offset');
const record = z.record(z.string(), z.unknown());

export const eventShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  module_id: z.string(),
  function_name: z.string(),
  parameters: record,
  recurring: z.boolean(),
  interval_type: z.string().nullable(),
  interval_value: z.int().nullable(),
  next_execution: instant.nullable(),
  status: z.enum(EVENT_STATUSES),
  execution_count: z.int(),
  max_executions: z.int().nullable(),
  last_execution: instant.nullable(),
  last_error: z.string().nullable(),
  created_at: instant,
  updated_at: instant,
});

export const executionShape = runShape.extend({
  id: z.string(),
  event_id: z.string(),
  start_time: instant.nullable(),
  end_time: instant.nullable(),
  result: z.unknown(),
  trace_session_id: z.string().nullable(),
});

/** Words of the event scheduler, and what they are in the ledger; the ledger's own are accepted too. */
const RUN_WORDS: Readonly<Record<string, readonly RunState[]>> = {
  pending: ['queued'],
  running: ['running', 'stopping'],
  completed: ['succeeded'],
  failed: ['failed', 'timed_out', 'interrupted', 'cancelled'],
  queued: ['queued'],
  stopping: ['stopping'],
  succeeded: ['succeeded'],
  timed_out: ['timed_out'],
  interrupted: ['interrupted'],
  cancelled: ['cancelled'],
  skipped: ['skipped'],
  missed: ['missed'],
};
export const EXECUTION_STATUSES = Object.keys(RUN_WORDS);

export function runStatesOf(words: readonly string[]): RunState[] {
  return [...new Set(words.flatMap((word) => RUN_WORDS[word] ?? []))];
}

/** Faults of a job, or of a list of them, with the names that its fields have in an event. */
export function inEventWords(thrown: unknown): unknown {
  if (!(thrown instanceof InvalidFields)) return thrown;
  return new InvalidFields('the event', thrown.details.map(renamed), thrown.code);
}

function renamed({ field, message }: FieldFault): FieldFault {
  const [, place = '', first = '', rest = ''] = /^(\d+(?:\.|$))?([^.]*)(.*)$/s.exec(field) ?? [];
  return { field: `${place}${eventField(`${first}${rest}`)}`, message };
}
