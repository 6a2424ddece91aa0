// The task scheduler in TypeScript: what programs import as `aclarai-scheduler/tasks`.

import { TaskFace } from './faces/compat/task-scheduler.ts';
import type { HandlerCode, SchedulerOptions } from './faces/library/api.ts';
import { SchedulerService } from './index.ts';

export type {
  NewTask,
  TaskEvent,
  TaskEvents,
  TaskFields,
  TaskResult,
  TaskStats,
} from './faces/compat/task-scheduler.ts';
export type { TaskExecutionShape, TaskShape, TaskStatus, TaskType } from './faces/compat/task-words.ts';

export interface TaskSchedulerOptions extends SchedulerOptions {
  /** Functions by the names that tasks call them by. More: `service.registerHandler`. */
  commands?: Readonly<Record<string, HandlerCode>>;
}

/** Tasks over a scheduler of its own, or over one that is there; see `TaskFace`. */
export class TaskScheduler extends TaskFace {
  constructor(options: TaskSchedulerOptions | SchedulerService = {}) {
    super(options instanceof SchedulerService ? options : new SchedulerService(options));
    if (options instanceof SchedulerService) return;
    for (const [name, code] of Object.entries(options.commands ?? {}))
      this.service.registerHandler(name, code);
  }
}
