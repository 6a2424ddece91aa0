// The `scheduler` tool of agents: one input, eleven operations, always an answer. Holds no rule; asks the service.

import { randomBytes } from 'node:crypto';
import { SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { JobSource } from '#core/job';
import type { Installation, Progress } from '#service/host';
import type { JobShape } from '#service/shapes';
import { EFFECTS, type Effect } from '../operations/operation.ts';
import { toolFailure } from './failure.ts';
import { readToolInput, type ToolInput, type ToolOperation, type ToolOutput } from './schema.ts';
import { historyOf, jobInfo, listedJob } from './shapes.ts';

export interface ToolContext {
  installation: Installation;
  /** Who asks, as ledger and audit name it. */
  by: string;
  /** What the caller may. */
  scope: Effect;
  /** Jobs that are made are the agent's, or a program's. */
  source: Extract<JobSource, 'api' | 'agent'>;
  /** Of an agent's jobs. */
  owner?: string;
  /** Of the run that `run_now` waits for. */
  onProgress?: (progress: Progress) => void;
  /** Ends the wait of `run_now`; the run goes on. */
  signal: AbortSignal;
  /** `start`, `schedule` and `run_now` start what was never started; left out = that is nobody's here. */
  ensureStarted?: () => Promise<void>;
}

type Answer = Pick<ToolOutput, 'message'> & { data: JsonObject };
type Handle = (context: ToolContext, input: ToolInput) => Promise<Answer>;

const RECENT = 10;
const HISTORY = 100;

const NEEDS: Record<ToolOperation, Effect> = {
  schedule: 'write',
  cancel: 'write',
  pause: 'write',
  resume: 'write',
  run_now: 'run',
  list: 'read',
  get_job: 'read',
  get_history: 'read',
  status: 'read',
  start: 'admin',
  stop: 'admin',
};

/** Never throws: what is refused or fails is an answer too. */
export async function runTool(context: ToolContext, given: unknown): Promise<ToolOutput> {
  let operation = nameOf(given);
  try {
    const input = readToolInput(given);
    operation = input.operation;
    const needed = NEEDS[input.operation];
    if (EFFECTS.indexOf(context.scope) < EFFECTS.indexOf(needed))
      throw new SchedulerError(
        'FORBIDDEN',
        `${operation} needs the scope ${needed}, the caller has ${context.scope}`,
        'use a token that may',
      );
    if (needed !== 'read') await context.installation.prepareWrite();
    const { message, data } = await HANDLERS[input.operation](context, input);
    return { success: true, operation, message, data };
  } catch (error) {
    return toolFailure(operation, error);
  }
}

/** For a failure: what was asked for, where that can be told. */
function nameOf(given: unknown): string {
  const { operation } = (given ?? {}) as { operation?: unknown };
  return typeof operation === 'string' ? operation : '';
}

const HANDLERS: Record<ToolOperation, Handle> = {
  async schedule(context, input) {
    await context.ensureStarted?.();
    const job = await makeJob(context, input);
    const next = job.next_run === null ? 'it has no next run' : `next run ${job.next_run}`;
    return {
      message: `Job ${job.id} is scheduled: ${next}`,
      data: { job_id: job.id, next_run: job.next_run },
    };
  },

  async cancel({ installation, by }, input) {
    const { deleted } = await installation.service.deleteJob(jobOf(input), {
      ...{ purge: false, cancelRunning: false, by },
    });
    return { message: `Job ${deleted} is cancelled`, data: { job_id: deleted } };
  },

  async pause({ installation, by }, input) {
    const { job } = await installation.service.pause({ job: jobOf(input), reason: null, until: null, by });
    return { message: `Job ${job} is paused`, data: { job_id: job } };
  },

  async resume({ installation, by }, input) {
    const { job } = await installation.service.resume({ job: jobOf(input), by });
    return { message: `Job ${job} is resumed`, data: { job_id: job } };
  },

  async run_now(context, input) {
    await context.ensureStarted?.();
    const label = input.job_id ?? `immediate_${randomHex()}`;
    const { run } = await context.installation.runAdHoc(input.agentool_name!, {
      label,
      by: context.by,
      input: input.input_data!,
      resultQueue: input.result_queue ?? null,
      errorQueue: input.error_queue ?? null,
      wait: true,
      signal: context.signal,
      onProgress: context.onProgress ?? (() => {}),
    });
    if (run.state === 'succeeded')
      return {
        message: `${input.agentool_name} ran in ${run.duration} s`,
        data: { job_id: label, result: run.statistics as Json },
      };
    const why = run.error?.message ?? run.state;
    const fix = `see: get_history of ${label}`;
    throw new SchedulerError('EXECUTION_ERROR', `${input.agentool_name} ${run.state}: ${why}`, fix);
  },

  async list({ installation }) {
    const jobs = (await installation.service.list()).filter((job) => job.state !== 'completed');
    return { message: `${jobs.length} jobs`, data: { jobs: jobs.map(listedJob), count: jobs.length } };
  },

  async get_job({ installation }, input) {
    const job = await installation.service.find(jobOf(input));
    const recent = historyOf(await installation.service.historyOfId(job.id, RECENT));
    const { job_id, job_name, next_run } = listedJob(job);
    return {
      message: `Job ${job.id} is ${job.state}`,
      data: {
        ...{ job_id: job_id!, job_name: job_name!, next_run: next_run! },
        pending: !installation.isServed,
        info: jobInfo(job),
        recent_history: recent,
      },
    };
  },

  async get_history({ installation }, input) {
    const { service } = installation;
    const asked = jobOf(input);
    const byId = await service.historyOfId(asked, HISTORY);
    // What was run now has no job to be found; neither has one that was cancelled.
    const id = byId.length > 0 && input.job_id != null ? asked : (await service.find(asked)).id;
    const history = historyOf(id === asked ? byId : await service.historyOfId(id, HISTORY));
    return {
      message: `${history.length} records of ${id}`,
      data: { job_id: id, history, count: history.length },
    };
  },

  async start(context) {
    await context.ensureStarted?.();
    await context.installation.service.holdByTool(false, context.by);
    const isRunning = context.installation.isServed;
    const message = isRunning ? 'The scheduler is running' : 'Nothing is stopped, but no service is up';
    return { message, data: { running: isRunning } };
  },

  async stop({ installation, by }) {
    await installation.service.holdByTool(true, by);
    return { message: 'The scheduler is stopped: planned runs are skipped', data: { running: false } };
  },

  async status({ installation }) {
    const { service } = installation;
    const held = (await service.pauses()).filter((pause) => pause.jobUid === null);
    const isStopped = !installation.isServed || held.some((pause) => pause.source === 'tool');
    const state = isStopped ? 0 : held.length > 0 ? 2 : 1;
    const count = (await service.list()).filter((job) => job.state !== 'completed').length;
    return {
      message: `The scheduler is ${['stopped', 'running', 'paused'][state]}, ${count} jobs`,
      data: {
        running: !isStopped,
        jobs_count: count,
        apscheduler_available: true,
        scheduler_state: state,
        jobs: count,
      },
    };
  },
};

/** The same id again replaces what the job is; its history stays its own. */
async function makeJob(
  { installation, by, source, owner }: ToolContext,
  input: ToolInput,
): Promise<JobShape> {
  const { service } = installation;
  const id = input.job_id ?? `job_${randomHex()}`;
  const definition: JsonObject = {
    name: input.job_name ?? id,
    handler: input.agentool_name!,
    input: input.input_data!,
    ...scheduleOf(input),
    max_instances: input.max_instances ?? 1,
    misfire_grace_time: input.misfire_grace_time ?? 30,
    misfire_policy: 'skip',
    coalesce: input.coalesce ?? true,
    retries: input.retries ?? 0,
    result_queue: input.result_queue ?? null,
    error_queue: input.error_queue ?? null,
  };
  const isThere = input.job_id != null && (await service.list()).some((job) => job.id === id);
  if (isThere) return await service.update(id, definition, { by });
  const made = { id, ...definition, ...(owner !== undefined && { owner }) };
  return await service.create(made, { by, source });
}

function scheduleOf({ schedule_type, schedule }: ToolInput): JsonObject {
  if (schedule_type === 'cron') return { cron: schedule! };
  if (schedule_type === 'interval') return { every: schedule! };
  return schedule === 'now' ? { schedule } : { at: schedule! };
}

/** The id, else the name: either is looked up as both. */
function jobOf(input: ToolInput): string {
  return input.job_id ?? input.job_name!;
}

function randomHex(): string {
  return randomBytes(4).toString('hex');
}
