// Operations on jobs: looked at, run, paused, resumed, taken away.

import { z } from 'zod';
import { instantOf, operation } from './operation.ts';
import { jobShape, pauseShape, runShape } from './shapes.ts';

const job = z.string().min(1).describe('id of a job, or a name that only one job has');
const input = z.record(z.string(), z.json());
const flag = z.boolean().default(false);

export const jobOperations = [
  operation({
    name: 'list_jobs',
    summary: 'All jobs by id, or those in one state.',
    effect: 'read',
    input: z.strictObject({ state: jobShape.shape.state.optional() }),
    output: z.array(jobShape),
    handle: ({ installation }, { state }) =>
      installation.service.list({ ...(state !== undefined && { state }) }),
  }),
  operation({
    name: 'get_job',
    summary: 'One job: its schedule, policy, pauses and counters.',
    effect: 'read',
    input: z.strictObject({ job }),
    output: jobShape,
    handle: ({ installation }, { job }) => installation.service.find(job),
  }),
  operation({
    name: 'create_job',
    summary:
      'Makes a job, in the keys of a job in the settings file; `schedule` is one text for cron, every, at and manual.',
    effect: 'write',
    input: z.strictObject({ definition: input }),
    output: jobShape,
    handle: ({ installation, by }, { definition }) =>
      installation.service.create(definition, { by, source: 'api' }),
  }),
  operation({
    name: 'update_job',
    summary: 'Changes the given keys of a job that is not in the settings file.',
    effect: 'write',
    input: z.strictObject({ job, changes: input }),
    output: jobShape,
    handle: ({ installation, by }, { job, changes }) => installation.service.update(job, changes, { by }),
  }),
  operation({
    name: 'delete_job',
    summary:
      'Takes away a job that is not in the settings file; its history stays until retention or is purged.',
    effect: 'write',
    input: z.strictObject({ job, purge: flag, cancel_running: flag }),
    output: z.strictObject({ deleted: z.string() }),
    handle: ({ installation, by }, { job, purge, cancel_running }) =>
      installation.service.deleteJob(job, { purge, cancelRunning: cancel_running, by }),
  }),
  operation({
    name: 'run_job',
    summary: 'Queues a run of a job now.',
    effect: 'run',
    input: z.strictObject({ job, input: input.optional(), force: flag, retry: flag, dry_run: flag }),
    output: runShape,
    handle: ({ installation, by }, { job, input, force, retry, dry_run }) =>
      installation.service.runNow(job, { by, force, retry, dryRun: dry_run, ...(input && { input }) }),
  }),
  operation({
    name: 'run_handler',
    summary: 'Queues one run of code that needs no job.',
    effect: 'run',
    input: z.strictObject({ handler: z.string().min(1), input: input.default({}), dry_run: flag }),
    output: runShape,
    handle: ({ installation, by }, { handler, input, dry_run }) =>
      installation.service.runAdHoc({ handler, input, dryRun: dry_run, by }),
  }),
  operation({
    name: 'pause',
    summary: 'Starts no more planned runs of one job, or of all; runs by hand stay allowed.',
    effect: 'write',
    input: z.strictObject({
      job: job.optional(),
      reason: z.string().max(1_000).nullable().default(null),
      until: z.string().optional().describe('when it ends by itself'),
    }),
    output: z.strictObject({ paused: z.literal(true), job: z.string().nullable() }),
    handle: (context, { job, reason, until }) =>
      context.installation.service.pause({
        ...(job !== undefined && { job }),
        reason,
        until: until === undefined ? null : instantOf(context, until),
        by: context.by,
      }),
  }),
  operation({
    name: 'resume',
    summary: 'Lifts a pause, and says which sources still hold.',
    effect: 'write',
    input: z.strictObject({
      job: job.optional(),
      catch_up: z.literal('latest').optional().describe('run the newest slot that passed meanwhile'),
    }),
    output: z.strictObject({
      resumed: z.int(),
      job: z.string().nullable(),
      caught_up: z.array(z.string()),
      still_paused_by: z.array(pauseShape.pick({ source: true, who: true, since: true })),
    }),
    handle: ({ installation, by }, { job, catch_up }) =>
      installation.service.resume({ ...(job !== undefined && { job }), by, catchUp: catch_up === 'latest' }),
  }),
];
