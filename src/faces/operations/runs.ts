// Operations on runs: the history, one run, its end by hand, and what makes up for what did not run.

import { z } from 'zod';
import { RUN_STATES } from '#core/run';
import { readStretch } from '#service/stretch';
import { operation } from './operation.ts';
import { runLineShape, runShape } from './shapes.ts';

const run = z.string().min(1).describe('id of a run');
const job = z.string().min(1).describe('id of a job, or a name that only one job has');
const flag = z.boolean().default(false);

export const runOperations = [
  operation({
    name: 'list_runs',
    summary: 'What ran, was skipped or missed, newest first.',
    effect: 'read',
    input: z.strictObject({
      job: job.optional(),
      states: z.array(z.enum(RUN_STATES)).nonempty().optional(),
      after: run.optional().describe('only what comes after this run'),
      limit: z.int().min(1).max(10_000).default(50),
    }),
    output: z.array(runShape),
    handle: ({ installation }, { job, states, after, limit }) =>
      installation.service.history({
        limit,
        ...(after !== undefined && { after }),
        ...(job !== undefined && { job }),
        ...(states !== undefined && { states }),
      }),
  }),
  operation({
    name: 'get_run',
    summary: 'One run with its attempts, statistics or error.',
    effect: 'read',
    input: z.strictObject({ run }),
    output: runShape,
    handle: ({ installation }, { run }) => installation.service.run(run),
  }),
  operation({
    name: 'get_run_log',
    summary: 'What a run has put out, line by line; more is asked for with the number of the last line.',
    effect: 'read',
    input: z.strictObject({
      run,
      after: z.int().min(0).default(0).describe('only lines behind this one'),
      limit: z.int().min(1).max(10_000).default(1_000),
    }),
    output: z.array(runLineShape),
    handle: ({ installation }, { run, after, limit }) => installation.service.runLog(run, { after, limit }),
  }),
  operation({
    name: 'cancel_run',
    summary: 'Stops a queued or running run; its job stays as it is.',
    effect: 'run',
    input: z.strictObject({ run }),
    output: runShape,
    handle: ({ installation, by }, { run }) => installation.service.cancelRun(run, by),
  }),
  operation({
    name: 'rerun',
    summary: 'Queues a run again with its own input and settings.',
    effect: 'run',
    input: z.strictObject({ run, force: flag, retry: flag }),
    output: runShape,
    handle: ({ installation, by }, { run, force, retry }) =>
      installation.service.rerun(run, { by, force, retry }),
  }),
  operation({
    name: 'backfill',
    summary: 'Queues the slots of a stretch of time that were missed or skipped, oldest first.',
    effect: 'run',
    input: z.strictObject({
      job,
      from: z.string().describe('a time without an offset is one of the job’s zone'),
      to: z.string().optional().describe('else now'),
      force: flag,
      dry_run: flag,
    }),
    output: z.strictObject({
      job: z.string(),
      job_name: z.string(),
      dry_run: z.boolean(),
      slots: z.array(z.string()),
      runs: z.array(runShape),
    }),
    async handle({ installation, clock, by }, { job, force, dry_run, ...stretch }) {
      const { service } = installation;
      const { id, schedule } = await service.find(job);
      const span = readStretch(stretch, schedule.timezone, clock.now());
      return await service.backfill(id, { ...span, by, force, dryRun: dry_run });
    },
  }),
];
