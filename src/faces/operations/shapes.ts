// The shapes of answers as schemas: what is documented to callers, and what tests hold the service to.

import { z } from 'zod';
import { RUN_STATES } from '#core/run';

const instant = z.string().describe('ISO 8601 with offset');
const seconds = z.number().describe('seconds');
const object = z.record(z.string(), z.unknown());
const count = z.int().nonnegative();

export const errorShape = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().nullable(),
});

export const pauseShape = z.strictObject({
  source: z.string(),
  who: z.string(),
  why: z.string().nullable(),
  since: instant,
  until: instant.nullable(),
});

export const jobShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  handler: z.string(),
  input: object,
  source: z.enum(['config', 'api', 'agent']),
  owner: z.string().nullable(),
  module_id: z.string().nullable(),
  state: z.enum(['active', 'paused', 'disabled', 'completed', 'orphaned']),
  enabled: z.boolean(),
  paused_by: z.array(pauseShape),
  circuit: z.strictObject({ state: z.string(), since: instant.nullable() }),
  warnings: z.array(z.string()),
  schedule: z.strictObject({
    kind: z.string(),
    expression: z.string(),
    timezone: z.string(),
    anchor: instant.nullable(),
  }),
  policy: object,
  next_run: instant.nullable(),
  last_run: instant.nullable(),
  last_error: errorShape.nullable(),
  run_count: count,
  success_count: count,
  failure_count: count,
  max_executions: count.nullable(),
  created_at: instant,
  updated_at: instant,
});

export const runShape = z.strictObject({
  run_id: z.string(),
  trace_session_id: z.string().nullable().describe('of its trace file, where it has one'),
  name: z.string().nullable(),
  job: z.string(),
  job_name: z.string(),
  kind: z.enum(['scheduled', 'catchup', 'startup', 'manual', 'adhoc', 'backfill', 'watch']),
  state: z.enum(RUN_STATES),
  reason: z.string().nullable(),
  slot: instant.nullable(),
  due_at: instant,
  not_before: instant.nullable(),
  covers: z.strictObject({ from: instant, to: instant, count }).nullable(),
  attempt: count,
  attempts: z.array(
    z.strictObject({
      n: count,
      started_at: instant,
      ended_at: instant,
      outcome: z.string(),
      error: errorShape.nullable(),
    }),
  ),
  queued_at: instant,
  started_at: instant.nullable(),
  ended_at: instant.nullable(),
  duration: seconds.nullable(),
  late_by: seconds.nullable(),
  input: object,
  config_hash: z.string().nullable(),
  code_hash: z.string().nullable(),
  success: z.boolean().nullable(),
  statistics: z.unknown(),
  error: errorShape.nullable(),
  warnings: z.array(z.string()),
  by: z.string().nullable(),
  boot: z.string().nullable(),
});

export const runLineShape = z.strictObject({
  n: count.describe('number of the line in its run'),
  time: instant,
  attempt: count,
  stream: z.enum(['log', 'stdout', 'stderr', 'cut']).describe('cut = here lines are not kept'),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: object.nullable(),
});

export const cleanupShape = z.strictObject({
  id: z.string(),
  directory: z.string(),
  pattern: z.string(),
  retention_days: z.number().nullable(),
  max_files: z.number().nullable(),
  max_size_mb: z.number().nullable(),
  min_keep: z.number(),
  priority: z.number(),
  recursive: z.boolean(),
  dry_run: z.boolean(),
  description: z.string().nullable(),
  max_delete_share: z.number().nullable(),
  source: z.enum(['config', 'api']),
  module_id: z.string().nullable(),
  last_run: instant.nullable(),
  created_at: instant.nullable(),
  updated_at: instant.nullable(),
});
