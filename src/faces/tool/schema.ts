// What the `scheduler` tool takes and answers: one strict input for eleven operations, in the words of the agents' documents.

import { z } from 'zod';
import { closest } from '#core/did-you-mean';
import { type FieldFault, InvalidFields } from '#core/errors';

export const TOOL_OPERATIONS = [
  'schedule',
  'cancel',
  'pause',
  'resume',
  'run_now',
  'list',
  'get_job',
  'get_history',
  'start',
  'stop',
  'status',
] as const;
export type ToolOperation = (typeof TOOL_OPERATIONS)[number];

const name = z.string().min(1).max(128).nullish();

export const toolInput = z.strictObject({
  operation: z.enum(TOOL_OPERATIONS).describe('what to do'),
  job_id: name.describe('id of a job; made up when a job is scheduled without one'),
  job_name: name.describe('a name for people; takes the place of job_id where only one job has it'),
  schedule_type: z.enum(['cron', 'interval', 'once']).nullish(),
  schedule: z
    .string()
    .min(1)
    .max(200)
    .nullish()
    .describe('cron: "0 9 * * 1-5"; interval: "30 seconds"; once: ISO 8601 or "now"'),
  agentool_name: name.describe('the handler that runs'),
  input_data: z.record(z.string(), z.json()).nullish().describe('what the handler is given'),
  max_instances: z.int().min(1).max(1_000).nullish().describe('runs at the same time; 1'),
  misfire_grace_time: z.number().min(0).nullish().describe('seconds that a run may be late; 30'),
  coalesce: z.boolean().nullish().describe('late slots become one run; true'),
  result_queue: name.describe('queue that gets each result'),
  error_queue: name.describe('queue that gets each final failure'),
  retries: z.int().min(0).max(10).nullish().describe('extra attempts of a failed run; 0'),
});
export type ToolInput = z.output<typeof toolInput>;

export const toolOutput = z.strictObject({
  success: z.boolean(),
  operation: z.string(),
  message: z.string(),
  data: z.record(z.string(), z.json()).nullable(),
  error_type: z.enum(['ValueError', 'KeyError', 'RuntimeError']).optional(),
  code: z.string().optional(),
});
export type ToolOutput = z.output<typeof toolOutput>;

const REQUIRED: Partial<Record<ToolOperation, readonly (keyof ToolInput)[]>> = {
  schedule: ['schedule_type', 'schedule', 'agentool_name', 'input_data'],
  run_now: ['agentool_name', 'input_data'],
};
const OF_ONE_JOB: readonly ToolOperation[] = ['cancel', 'pause', 'resume', 'get_job', 'get_history'];

/** Throws InvalidFields with every field that is missing, unknown or wrong. */
export function readToolInput(given: unknown): ToolInput {
  const read = toolInput.safeParse(given);
  if (!read.success) throw new InvalidFields('scheduler', read.error.issues.flatMap(faultsOf));
  const input = read.data;
  const { operation } = input;
  const missing = (REQUIRED[operation] ?? []).filter((field) => input[field] == null);
  const message = `is missing: ${operation} needs it`;
  const faults: FieldFault[] = missing.map((field) => ({ field, message }));
  if (OF_ONE_JOB.includes(operation) && input.job_id == null && input.job_name == null)
    faults.push({ field: 'job_id', message });
  if (faults.length > 0) throw new InvalidFields('scheduler', faults);
  return input;
}

function faultsOf(issue: z.core.$ZodIssue): FieldFault[] {
  const field = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return [{ field, message: issue.message }];
  return issue.keys.map((key) => {
    const near = closest(key, Object.keys(toolInput.shape));
    const fix = near ? `did you mean ${near}?` : `known are ${Object.keys(toolInput.shape).join(', ')}`;
    return { field: key, message: `is not known: ${fix}` };
  });
}
