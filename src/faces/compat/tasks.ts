// Jobs and runs as tasks and executions, for whoever speaks those words.

import { InvalidFields, SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import type { SchedulerService } from '#service/service';
import type { JobShape } from '#service/shapes';
import { lastSucceeded } from './events.ts';
import {
  changesOfTask,
  checkedTaskStatus,
  definitionOfTask,
  executionStates,
  type TaskExecutionShape,
  type TaskShape,
  taskExecutionOf,
  taskOf,
} from './task-words.ts';

/** Who asks for what; `plain` = given values without Dates and durations. */
export interface TasksParts {
  service: SchedulerService;
  by: string;
  plain(given: object): JsonObject;
  /** The ledger's jobs as the settings say. */
  prepare(): Promise<void>;
}

export class Tasks {
  readonly #parts: TasksParts;

  constructor(parts: TasksParts) {
    this.#parts = parts;
  }

  /** Throws InvalidFields, HANDLER_NOT_FOUND, PAST_EVENT. */
  async create(given: object): Promise<TaskShape> {
    const { service, by, plain, prepare } = this.#parts;
    const task = plain(given);
    const definition = definitionOfTask(task);
    refuseOtherType(service, task);
    await prepare();
    return await this.#task(await service.create(definition, { by, source: 'api' }));
  }

  async get(task: string): Promise<TaskShape> {
    return await this.#task(await this.#parts.service.find(task));
  }

  /** Null = there is none. */
  async find(task: string): Promise<TaskShape | null> {
    try {
      return await this.get(task);
    } catch (error) {
      if (error instanceof SchedulerError && error.code === 'JOB_NOT_FOUND') return null;
      throw error;
    }
  }

  async list(status?: string): Promise<TaskShape[]> {
    const isMeant = status === undefined ? () => true : checkedTaskStatus(status);
    const found: TaskShape[] = [];
    for (const job of await this.#parts.service.list()) {
      const task = await this.#task(job);
      if (isMeant(job, task)) found.push(task);
    }
    return found;
  }

  async update(task: string, given: object): Promise<TaskShape> {
    const { service, by, plain, prepare } = this.#parts;
    const changes = plain(given);
    refuseOtherType(service, changes);
    await prepare();
    return await this.#task(await service.update(task, changesOfTask(changes), { by }));
  }

  async executions(query: {
    taskId?: string;
    status?: string;
    limit: number;
  }): Promise<TaskExecutionShape[]> {
    const { taskId, status, limit } = query;
    const runs = await this.#parts.service.history({
      limit,
      ...(taskId !== undefined && { job: taskId }),
      ...(status !== undefined && { states: executionStates(status) }),
    });
    return runs.map(taskExecutionOf);
  }

  async #task(job: JobShape): Promise<TaskShape> {
    return taskOf(job, await lastSucceeded(this.#parts.service, job));
  }
}

/** The type follows from the schedule. */
function refuseOtherType(service: SchedulerService, { type, schedule, timezone }: JsonObject): void {
  if (type === undefined || typeof schedule !== 'string') return;
  const [meant] = service.describe(schedule, typeof timezone === 'string' ? timezone : undefined).jobs;
  if (!meant || meant.type === type) return;
  throw new InvalidFields('the task', [
    { field: 'type', message: `found ${String(type)}, and the schedule is of type ${meant.type}` },
  ]);
}
