// Face B in TypeScript: tasks, executions and their events in the document's words, over a scheduler.

import { EventEmitter } from 'node:events';
import { InvalidFields, SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { RunEvent, SchedulerEvent } from '#service/events';
import type { DurationInput } from '../library/api.ts';
import type { LibraryFace } from '../library/face.ts';
import type { TaskExecutionShape, TaskShape, TaskStatus, TaskType } from './task-words.ts';

export interface TaskFields {
  name?: string;
  /** The handler. */
  command?: string;
  /** Cron or a nickname, `5m`, an instant, `now`, `manual`. */
  schedule?: string;
  data?: JsonObject;
  retries?: number;
  /** Milliseconds. */
  retryDelay?: number;
  /** Milliseconds. */
  timeout?: number;
  description?: string | null;
  /** Follows from the schedule; one that is given has to fit. */
  type?: TaskType;
  enabled?: boolean;
  /** Of an interval or cron: one execution. */
  once?: boolean;
  timezone?: string;
  jitter?: DurationInput;
  /** Every other key of a policy, as in the settings file. */
  [policy: string]: unknown;
}
export type NewTask = TaskFields & { name: string; command: string; schedule: string };

export interface TaskResult {
  success: boolean;
  output?: Json;
  error?: string;
  /** Seconds. */
  duration: number;
}

export interface TaskStats {
  total: number;
  active: number;
  paused: number;
  executions: { today: number; week: number; month: number };
  /** 0 to 1; null where nothing ran this month. */
  successRate: number | null;
  /** Seconds. */
  averageDuration: number | null;
}

/** `executed` and `started` are the same moment; `timed_out` is followed by `failed`. */
export interface TaskEvent {
  type: 'executed' | 'started' | 'completed' | 'failed' | 'timed_out' | 'retrying' | 'skipped' | 'missed';
  task_id: string;
  execution_id: string;
  timestamp: string;
  data?: Json;
}

export interface TaskEvents {
  'task-created': [{ task: TaskShape }];
  'task-updated': [{ task: TaskShape }];
  'task-deleted': [{ taskId: string }];
  'task-paused': [{ taskId: string }];
  'task-resumed': [{ taskId: string }];
  'task-event': [TaskEvent];
}

const TYPES: Partial<Record<SchedulerEvent['type'], readonly TaskEvent['type'][]>> = {
  'run:started': ['executed', 'started'],
  'run:succeeded': ['completed'],
  'run:failed': ['failed'],
  'run:cancelled': ['failed'],
  'run:interrupted': ['failed'],
  'run:timed_out': ['timed_out', 'failed'],
  'run:retrying': ['retrying'],
  'slot:skipped': ['skipped'],
  'slot:missed': ['missed'],
};
const LIMIT = 20;

/** Throws SchedulerError with the face's codes: TASK_NOT_FOUND for a task that there is not. */
export class TaskFace extends EventEmitter<TaskEvents> {
  /** The scheduler below: start and stop it, register its handlers there. */
  readonly service: LibraryFace;

  constructor(service: LibraryFace) {
    super();
    this.service = service;
    service.on('*', (event: SchedulerEvent) => this.#tell(event));
  }

  async createTask(task: NewTask): Promise<TaskShape> {
    return await asked(async () => await (await this.service.asTasks()).create(task));
  }

  /** By id, or by a name that only one task has. */
  async getTask(task: string): Promise<TaskShape> {
    return await asked(async () => await (await this.service.asTasks()).get(task));
  }

  async listTasks({ status }: { status?: TaskStatus | (string & {}) } = {}): Promise<TaskShape[]> {
    return await asked(async () => await (await this.service.asTasks()).list(status));
  }

  async updateTask(task: string, changes: TaskFields): Promise<TaskShape> {
    return await asked(async () => await (await this.service.asTasks()).update(task, changes));
  }

  async deleteTask(
    task: string,
    { purge, cancelRunning }: { purge?: boolean; cancelRunning?: boolean } = {},
  ): Promise<{ deleted: string }> {
    const options = {
      ...(purge !== undefined && { purge }),
      ...(cancelRunning !== undefined && { cancelRunning }),
    };
    return await asked(async () => await this.service.jobs.delete(task, options));
  }

  async pauseTask(task: string): Promise<TaskShape> {
    await asked(async () => await this.service.jobs.pause(task));
    return await this.getTask(task);
  }

  async resumeTask(task: string): Promise<TaskShape> {
    await asked(async () => await this.service.jobs.resume(task));
    return await this.getTask(task);
  }

  async pauseAll(): Promise<void> {
    await asked(async () => await this.service.pauses.pause());
  }

  /** Tasks that were paused by themselves stay so. */
  async resumeAll(): Promise<void> {
    await asked(async () => await this.service.pauses.resume());
  }

  /** Waits for its end; a run that fails is an answer, no error. Never moves the schedule. */
  async runTaskNow(task: string): Promise<TaskResult> {
    return await asked(async () => {
      const { run_id } = await this.service.jobs.run(task);
      const run = await this.service.runs.wait(run_id);
      const success = run.state === 'succeeded';
      const error = run.error?.message ?? run.reason ?? run.state;
      return {
        success,
        ...(success ? { output: run.statistics as Json } : { error }),
        duration: run.duration ?? 0,
      };
    });
  }

  /** Newest first. */
  async listExecutions(
    query: { taskId?: string; status?: TaskExecutionShape['status'] | (string & {}); limit?: number } = {},
  ): Promise<TaskExecutionShape[]> {
    return await asked(
      async () => await (await this.service.asTasks()).executions({ limit: LIMIT, ...query }),
    );
  }

  /** Ascending. */
  async getNextRuns({ taskId, count = 10 }: { taskId?: string; count?: number } = {}) {
    const slots = await asked(
      async () => await this.service.next({ count, ...(taskId !== undefined && { job: taskId }) }),
    );
    return slots.map(({ job, job_name, slot, timezone }) => ({
      ...{ task_id: job, task_name: job_name, next_run: slot, timezone },
    }));
  }

  async getTaskStats(): Promise<TaskStats> {
    const stats = await this.service.stats();
    return {
      ...{ total: stats.total, active: stats.active, paused: stats.paused },
      executions: {
        today: stats.executions_today,
        week: stats.executions_this_week,
        month: stats.executions_this_month,
      },
      ...{ successRate: stats.success_rate, averageDuration: stats.average_duration },
    };
  }

  async validateSchedule(
    text: string,
  ): Promise<{ valid: boolean; type: TaskType | null; next: string[]; error?: string }> {
    const { ok, jobs, errors } = await this.service.validate(text);
    const [job] = jobs;
    if (ok && job) return { valid: true, type: job.type, next: job.next };
    return { valid: false, type: null, next: [], error: errors[0]?.message ?? 'is no schedule' };
  }

  async #tell(event: SchedulerEvent): Promise<void> {
    if (!('job' in event)) return;
    const taskId = event.job;
    switch (event.type) {
      case 'job:created':
      case 'job:updated': {
        const task = await (await this.service.asTasks()).find(taskId);
        const name = event.type === 'job:created' ? 'task-created' : 'task-updated';
        // Deleted meanwhile.
        if (task) this.emit(name, { task });
        return;
      }
      case 'job:deleted':
        this.emit('task-deleted', { taskId });
        return;
      case 'job:paused':
        this.emit('task-paused', { taskId });
        return;
      case 'job:resumed':
        this.emit('task-resumed', { taskId });
        return;
      default:
        for (const type of TYPES[event.type] ?? [])
          this.emit('task-event', taskEvent(event as RunEvent, type));
    }
  }
}

function taskEvent({ run, at }: RunEvent, type: TaskEvent['type']): TaskEvent {
  const data =
    type === 'completed'
      ? (run.statistics as Json)
      : run.error
        ? { error: run.error.message }
        : run.reason
          ? { reason: run.reason }
          : undefined;
  return {
    ...{ type, task_id: run.job, execution_id: run.run_id, timestamp: at },
    ...(data !== undefined && { data }),
  };
}

/** What is refused, in the words of this face. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SchedulerError)) throw error;
    const { taskCode, taskField } = await import('./task-words.ts');
    const code = taskCode(error.code) as SchedulerError['code'];
    if (!(error instanceof InvalidFields))
      throw new SchedulerError(code, error.message, error.fix, { cause: error });
    const details = error.details.map(({ field, message }) => ({ field: taskField(field), message }));
    throw new InvalidFields('the task', details, code);
  }
}
