// Operations that ask and change nothing: what comes, what became of a slot, what a schedule means, how the service is.

import { z } from 'zod';
import { validateExpression } from '#service/validate';
import { operation } from './operation.ts';
import { pauseShape, runShape } from './shapes.ts';

const job = z.string().min(1).describe('id of a job, or a name that only one job has');
const times = z.array(z.string()).max(100).optional();
const finding = z.strictObject({
  file: z.string().nullable(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  path: z.string(),
  code: z.string(),
  message: z.string(),
  fix: z.string().nullable(),
});

export const forecastOperations = [
  operation({
    name: 'next',
    summary: 'The next planned slots of one job, or of all, ascending.',
    effect: 'read',
    input: z.strictObject({ job: job.optional(), count: z.int().min(1).max(1_000).default(10) }),
    output: z.array(
      z.strictObject({ job: z.string(), job_name: z.string(), slot: z.string(), timezone: z.string() }),
    ),
    handle: ({ installation }, { job, count }) =>
      installation.service.next({ count, ...(job !== undefined && { job }) }),
  }),
  operation({
    name: 'why',
    summary: 'What became of a job at an instant, and what was before and after.',
    effect: 'read',
    input: z.strictObject({
      job,
      at: z.string().describe('a time without an offset is one of the job’s zone'),
    }),
    output: z.strictObject({
      job: z.string(),
      job_name: z.string(),
      at: z.string(),
      answer: z.string(),
      reason: z.string().nullable(),
      slot: z.string().nullable(),
      run: runShape.nullable(),
      because: z.looseObject({}).nullable(),
      before: runShape.nullable(),
      after: runShape.nullable(),
      text: z.string(),
    }),
    handle: async ({ installation }, { job, at }) => {
      const { because, ...answer } = await installation.service.why(job, at);
      return { ...answer, because: because === null ? null : { ...because } };
    },
  }),
  operation({
    name: 'simulate',
    summary: 'What would run, be skipped and missed in a stretch of time.',
    effect: 'read',
    input: z.strictObject({
      from: z.string().optional(),
      to: z.string().optional(),
      down: times.describe('`a..b`: no service is up'),
      pause: times.describe('`a..b`: all jobs are paused'),
      duration: times.describe('`job=30s`: how long its runs take'),
    }),
    output: z.looseObject({
      from: z.string(),
      to: z.string(),
      runs: z.array(z.looseObject({})),
      totals: z.looseObject({}),
    }),
    handle: async ({ installation }, texts) => {
      const { runs, totals, ...span } = await installation.service.simulate(texts);
      return { ...span, runs: runs.map((run) => ({ ...run })), totals: { ...totals } };
    },
  }),
  operation({
    name: 'validate_schedule',
    summary: 'What a schedule means and when it fires, or what is wrong with it.',
    effect: 'read',
    input: z.strictObject({ expression: z.string().min(1).max(1_000), timezone: z.string().optional() }),
    output: z.strictObject({
      ok: z.boolean(),
      errors: z.array(finding),
      warnings: z.array(finding),
      jobs: z.array(z.looseObject({ sentence: z.string(), next: z.array(z.string()) })),
    }),
    handle: async ({ installation, clock }, { expression, timezone }) => {
      const zone = timezone ?? installation.settings.scheduler.timezone;
      const { jobs, ...found } = validateExpression(expression, zone, clock.now());
      return { ...found, jobs: jobs.map((each) => ({ ...each })) };
    },
  }),
  operation({
    name: 'status',
    summary: 'Is the service up, what is paused and by whom, what runs, what is wrong.',
    effect: 'read',
    input: z.strictObject({}),
    output: z.looseObject({
      state: z.string().describe('stopped, paused or running'),
      boot: z.string().nullable(),
      paused: z.array(pauseShape),
      jobs: z.record(z.string(), z.int()),
      running: z.int(),
      queued: z.int(),
      config_error: z.array(z.string()).nullable(),
      warnings: z.array(z.string()),
      timezone: z.string(),
      version: z.string(),
    }),
    handle: ({ installation }) => installation.status(),
  }),
  operation({
    name: 'stats',
    summary: 'How many jobs there are, how often they ran, how well and how long.',
    effect: 'read',
    input: z.strictObject({}),
    output: z.strictObject({
      total: z.int(),
      active: z.int(),
      paused: z.int(),
      executions_today: z.int(),
      executions_this_week: z.int(),
      executions_this_month: z.int(),
      success_rate: z.number().nullable().describe('0 to 1, of this month'),
      average_duration: z.number().nullable().describe('seconds'),
    }),
    handle: ({ installation }) => installation.service.stats(),
  }),
  operation({
    name: 'show_config',
    summary: 'Every effective value and where it was set; secrets are masked.',
    effect: 'admin',
    input: z.strictObject({}),
    output: z.array(z.strictObject({ path: z.string(), value: z.unknown(), origin: z.string() })),
    handle: async ({ installation }) =>
      installation.settings.values.map(({ path, value, origin }) => ({ path, value, origin })),
  }),
];
