// What may be said of an event over HTTP, field by field: read before it becomes the definition of a job, and described.

import { z } from 'zod';
import { DEFINITION_KEYS } from '#service/definitions';
import { CRON, INTERVAL_TYPES } from './event-words.ts';

/** Words of the ledger that have another name in an event. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  handler: 'function_name',
  input: 'parameters',
  every: 'interval_type and interval_value',
  at: 'next_execution',
  starts_at: 'next_execution',
  anchor: 'next_execution',
  schedule: 'recurring, interval_type, interval_value, cron and next_execution',
  owner: 'module_id',
};

const word = z.string().trim().min(1).max(100);
const own = {
  id: z.string().optional().describe('else one is made'),
  name: word,
  description: z.string().max(10_000).nullish(),
  module_id: word.nullish().describe('else the name of the token, else unknown'),
  function_name: word.describe('the handler that runs'),
  parameters: z.record(z.string(), z.json()).nullish().describe('its input'),
  recurring: z.boolean().nullish().describe('else: whether an interval or a cron is given'),
  interval_type: z.enum(INTERVAL_TYPES).nullish(),
  interval_value: z.int().min(1).max(1_000_000).nullish().describe('not for cron'),
  cron: z.string().min(1).max(1_000).nullish().describe(`or in parameters.${CRON}`),
  next_execution: z
    .string()
    .min(1)
    .max(100)
    .nullish()
    .describe('ISO 8601; without offset in the zone of the event; the first slot, also of a recurring one'),
};

const policy = Object.fromEntries(
  DEFINITION_KEYS.filter((key) => !(key in own) && !(key in OTHER_NAMES)).map((key) => [
    key,
    z.json().optional().describe('as in the settings file'),
  ]),
);

export const eventCreate = z.strictObject({ ...policy, ...own });
export const eventUpdate = eventCreate.omit({ id: true, module_id: true }).partial();

export type EventCreate = z.output<typeof eventCreate>;
export type EventUpdate = z.output<typeof eventUpdate>;

/** What a word that is not known here is called instead; null = it is not known at all. */
export function otherName(field: string): string | null {
  return Object.hasOwn(OTHER_NAMES, field) ? OTHER_NAMES[field]! : null;
}
