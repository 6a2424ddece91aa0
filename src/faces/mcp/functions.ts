// The agents' functions of the event scheduler: tasks and cleanups in its words, each answering success, message and details.

import { z } from 'zod';
import type { Json, JsonObject } from '#core/handler';
import { definitionOfEvent } from '../compat/event-definition.ts';
import { EVENT_STATUSES, INTERVAL_TYPES } from '../compat/event-words.ts';
import { eventPage, oneEvent } from '../compat/events.ts';
import type { Effect } from '../operations/operation.ts';
import type { AgentContext } from './tools.ts';

const event_id = z.string().min(1).max(128).describe('id of a task, or a name that only one has');
const text = z.string().min(1).max(100);

export const functionOutput = z.strictObject({
  success: z.boolean(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()),
});
type FunctionOutput = z.output<typeof functionOutput>;

export interface AgentFunction {
  name: string;
  description: string;
  effect: Effect;
  input: z.ZodObject;
  output: typeof functionOutput;
  handle(context: AgentContext, input: never): Promise<FunctionOutput>;
}

/** A function whose handler is held to its input by the compiler. */
function agentFunction<I extends z.ZodObject>(described: {
  name: string;
  description: string;
  effect: Effect;
  input: I;
  handle(context: AgentContext, input: z.output<I>): Promise<FunctionOutput>;
}): AgentFunction {
  return { ...described, output: functionOutput };
}

const done = (message: string, details: object): FunctionOutput => ({
  ...{ success: true, message, details: { ...details } },
});

export const agentFunctions: readonly AgentFunction[] = [
  agentFunction({
    name: 'schedule_task',
    description: 'Schedules a function once or again and again.',
    effect: 'write',
    input: z.strictObject({
      name: text,
      function_name: text.describe('the handler that runs'),
      execution_time: z.string().min(1).max(100).describe('ISO 8601: when it runs, or first runs'),
      recurring: z.boolean().nullish(),
      interval_type: z.enum(INTERVAL_TYPES).nullish(),
      interval_value: z.int().min(1).nullish(),
      parameters: z.record(z.string(), z.json()).nullish(),
      description: z.string().max(1_000).nullish(),
    }),
    async handle({ installation, by, owner }, { execution_time, ...given }) {
      const written = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
      const event = { ...Object.fromEntries(written), next_execution: execution_time } as JsonObject;
      const definition = { ...definitionOfEvent(event), owner };
      const job = await installation.service.create(definition, { by, source: 'agent' });
      const next = job.next_run ?? 'never';
      return done(`${job.name} is scheduled, next run ${next}`, {
        event_id: job.id,
        next_execution: job.next_run,
      });
    },
  }),
  agentFunction({
    name: 'list_tasks',
    description: 'Tasks by their next execution.',
    effect: 'read',
    input: z.strictObject({
      status: z.enum(EVENT_STATUSES).nullish(),
      module_id: text.nullish(),
      function_name: text.nullish(),
      recurring: z.boolean().nullish(),
      limit: z.int().min(1).max(500).default(50),
    }),
    async handle({ installation }, { limit, ...filters }) {
      const asked = Object.entries(filters).filter(([, value]) => value !== null && value !== undefined);
      const page = await eventPage(installation.service, Object.fromEntries(asked), limit);
      const { events, total_count, filtered_count } = page;
      return done(`${events.length} of ${filtered_count} tasks`, {
        tasks: events,
        total_count,
        filtered_count,
      });
    },
  }),
  agentFunction({
    name: 'cancel_task',
    description: 'Takes a task away; its history stays.',
    effect: 'write',
    input: z.strictObject({ event_id }),
    async handle({ installation, by }, { event_id }) {
      const wish = { purge: false, cancelRunning: false, by };
      const { deleted } = await installation.service.deleteJob(event_id, wish);
      return done(`${deleted} is cancelled`, { event_id: deleted });
    },
  }),
  agentFunction({
    name: 'pause_resume_task',
    description: 'Pauses a task, or lifts that pause.',
    effect: 'write',
    input: z.strictObject({ event_id, action: z.enum(['pause', 'resume']) }),
    async handle({ installation, by }, { event_id, action }) {
      const { service } = installation;
      if (action === 'pause') await service.pause({ job: event_id, reason: null, until: null, by });
      else await service.resume({ job: event_id, by });
      const event = await oneEvent(service, event_id);
      return done(`${event.name} is ${event.status}`, { event_id: event.id, status: event.status });
    },
  }),
  agentFunction({
    name: 'execute_task_now',
    description: 'Runs a task now and waits for its end; progress is told meanwhile.',
    effect: 'run',
    input: z.strictObject({ event_id }),
    async handle({ installation, by, signal, onProgress }, { event_id }) {
      const { run } = await installation.run(event_id, {
        ...{ by, wait: true, signal },
        onProgress: ({ done, total, note }) => onProgress(done, total, note),
      });
      const success = run.state === 'succeeded';
      const message = success
        ? `${run.job_name} ran`
        : `${run.job_name} ${run.state}: ${run.error?.message ?? ''}`;
      const details = {
        execution_id: run.run_id,
        event_id: run.job,
        state: run.state,
        result: run.statistics,
      };
      return { success, message, details: { ...details, error: run.error } };
    },
  }),
  agentFunction({
    name: 'register_cleanup',
    description: 'Registers a retention rule for a directory below an allowed root.',
    effect: 'write',
    input: z.strictObject({
      directory: z.string().min(1).max(512),
      pattern: z.string().min(1).max(128).nullish(),
      retention_days: z.number().min(0).nullish(),
      max_files: z.int().min(0).nullish(),
      max_size_mb: z.number().min(0).nullish(),
      min_keep: z.int().min(0).nullish(),
      priority: z.int().min(0).nullish(),
      recursive: z.boolean().nullish(),
      dry_run: z.boolean().nullish(),
      description: z.string().max(1_000).nullish(),
      module_id: text.nullish(),
    }),
    async handle({ installation, by, owner }, given) {
      const written = Object.entries({ module_id: owner, ...given }).filter(([, value]) => value != null);
      const rule = Object.fromEntries(written) as Record<string, Json>;
      const made = await installation.service.cleanups.register(rule, by);
      return done(`cleanup ${made.registration_id} is registered`, made);
    },
  }),
  agentFunction({
    name: 'run_cleanup',
    description: 'Runs one cleanup or all of them, or only says what would go.',
    effect: 'run',
    input: z.strictObject({
      registration_id: z.string().min(1).nullish(),
      dry_run: z.boolean().default(false),
    }),
    async handle({ installation, signal, onProgress }, { registration_id, dry_run }) {
      const ruleId = registration_id == null ? {} : { ruleId: registration_id };
      const answer = await installation.service.cleanups.run({
        ...ruleId,
        dryRun: dry_run,
        signal,
        onProgress,
      });
      const { total_files_deleted, total_space_freed } = answer as {
        total_files_deleted: number;
        total_space_freed: number;
      };
      const isFine = 'report' in answer ? answer.report.failed === 0 : answer.result.success;
      const message = `${dry_run ? '[DRY RUN] ' : ''}${total_files_deleted} files, ${total_space_freed} bytes`;
      return { success: isFine, message, details: { ...answer } };
    },
  }),
];
