// The words of the task scheduler (face B): what it calls a job, a run and their states, and back into our own. Pure.

import { closest } from '#core/did-you-mean';
import { type ErrorCode, type FieldFault, InvalidFields } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import { JOB_KEYS } from '#service/definitions';
import type { JobShape, RunShape } from '#service/shapes';

export const TASK_STATUSES = ['active', 'paused', 'completed', 'failed'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];
export type TaskType = 'cron' | 'interval' | 'once' | 'manual';

export interface TaskShape {
  id: string;
  name: string;
  description: string | null;
  command: string;
  type: TaskType;
  schedule: string;
  data: JsonObject;
  enabled: boolean;
  retries: number;
  /** Milliseconds, as everything that is given here. */
  retryDelay: number;
  timeout: number;
  status: TaskStatus;
  last_run: string | null;
  next_run: string | null;
  run_count: number;
  success_count: number;
  failure_count: number;
  created_at: string;
  updated_at: string;
}

export const TASK_EXECUTION_STATUSES = ['pending', 'running', 'completed', 'failed', 'skipped'] as const;

export interface TaskExecutionShape {
  id: string;
  task_id: string;
  status: (typeof TASK_EXECUTION_STATUSES)[number];
  started_at: string | null;
  completed_at: string | null;
  /** Seconds. */
  duration: number | null;
  result: Json;
  error: string | null;
  retry_count: number;
}

const TYPES: Readonly<Record<string, TaskType>> = {
  cron: 'cron',
  every: 'interval',
  at: 'once',
  manual: 'manual',
};

export function taskOf(job: JobShape, lastSucceeded: boolean | null): TaskShape {
  const { retries, retry_delay, timeout } = job.policy;
  return {
    ...{ id: job.id, name: job.name, description: job.description, command: job.handler },
    type: TYPES[job.schedule.kind] ?? 'manual',
    schedule: job.schedule.expression,
    data: job.input,
    enabled: job.enabled,
    retries: Number(retries),
    retryDelay: Number(retry_delay) * 1000,
    timeout: Number(timeout) * 1000,
    status: taskStatus(job, lastSucceeded),
    ...{ last_run: job.last_run, next_run: job.next_run },
    ...{ run_count: job.run_count, success_count: job.success_count, failure_count: job.failure_count },
    ...{ created_at: job.created_at, updated_at: job.updated_at },
  };
}

function taskStatus({ state }: Pick<JobShape, 'state'>, lastSucceeded: boolean | null): TaskStatus {
  if (state === 'active') return 'active';
  if (state === 'completed') return lastSucceeded ? 'completed' : 'failed';
  return 'paused';
}

const RUN_WORDS: Record<RunShape['state'], TaskExecutionShape['status']> = {
  queued: 'pending',
  running: 'running',
  stopping: 'running',
  succeeded: 'completed',
  failed: 'failed',
  timed_out: 'failed',
  cancelled: 'failed',
  interrupted: 'failed',
  skipped: 'skipped',
  missed: 'skipped',
};

export function taskExecutionOf(run: RunShape): TaskExecutionShape {
  return {
    ...{ id: run.run_id, task_id: run.job, status: RUN_WORDS[run.state] },
    ...{ started_at: run.started_at, completed_at: run.ended_at, duration: run.duration },
    result: run.state === 'succeeded' ? (run.statistics as Json) : null,
    error: run.error?.message ?? null,
    retry_count: Math.max(0, run.attempt - 1),
  };
}

/** The states of runs that a word means; ours are understood, too. Throws InvalidFields. */
export function executionStates(word: string): RunShape['state'][] {
  const states = Object.keys(RUN_WORDS) as RunShape['state'][];
  const meant = states.filter((state) => state === word || RUN_WORDS[state] === word);
  if (meant.length > 0) return meant;
  throw unknownWord(word, [...new Set([...TASK_EXECUTION_STATUSES, ...states])]);
}

/** Throws InvalidFields for a status that there is not. */
export function checkedTaskStatus(word: string): (job: JobShape, task: TaskShape) => boolean {
  if ((TASK_STATUSES as readonly string[]).includes(word)) return (_, task) => task.status === word;
  const states = ['disabled', 'orphaned'];
  if (states.includes(word)) return ({ state }) => state === word;
  throw unknownWord(word, [...TASK_STATUSES, ...states]);
}

function unknownWord(word: string, known: readonly string[]): InvalidFields {
  const message = `found ${word}, expected one of ${known.join(', ')}`;
  return new InvalidFields('the filter', [{ field: 'status', message }]);
}

/** Our keys of what is called otherwise here, and back. */
const KEYS: Readonly<Record<string, string>> = {
  command: 'handler',
  data: 'input',
  retryDelay: 'retry_delay',
};
const OWN = [
  'name',
  'command',
  'schedule',
  'data',
  'retries',
  'retryDelay',
  'timeout',
  'description',
  'type',
  'enabled',
];
const OTHERWISE = [
  'handler',
  'input',
  'retry_delay',
  'cron',
  'every',
  'at',
  'anchor',
  'manual_only',
  'run_on_start',
];
const MILLISECONDS = ['retryDelay', 'timeout'];
/** What face B has where nothing is written. */
const DEFAULTS = { retries: 3, retryDelay: 5000, enabled: true };

/** A new task as the definition of a job. Throws InvalidFields with every field. */
export function definitionOfTask(given: JsonObject): JsonObject {
  const faults = missing(given, ['name', 'command', 'schedule']);
  return definitionOf({ ...DEFAULTS, ...given }, faults);
}

/** Changes of a task as changes of its job. Throws InvalidFields. */
export function changesOfTask(given: JsonObject): JsonObject {
  return definitionOf(given, []);
}

function definitionOf(given: JsonObject, faults: FieldFault[]): JsonObject {
  const known = [
    ...OWN,
    'once',
    ...(JOB_KEYS as readonly string[]).filter((key) => !OTHERWISE.includes(key)),
  ];
  for (const field of Object.keys(given)) {
    if (known.includes(field)) continue;
    const near = closest(field, known);
    faults.push({ field, message: near ? `is not known, did you mean ${near}?` : 'is not known' });
  }
  for (const field of MILLISECONDS) {
    const value = given[field];
    if (value !== undefined && (typeof value !== 'number' || !(value >= 0)))
      faults.push({ field, message: 'expected milliseconds' });
  }
  if (faults.length > 0) throw new InvalidFields('the task', faults);
  const { type: _, once, ...fields } = given;
  const entries = Object.entries(fields).map(([key, value]) => [
    KEYS[key] ?? key,
    MILLISECONDS.includes(key) ? `${Number(value)}ms` : value,
  ]);
  // `once` with an interval or a cron = one execution (rule 17).
  return { ...Object.fromEntries(entries), ...(once === true && { max_executions: 1 }) };
}

function missing(given: JsonObject, fields: readonly string[]): FieldFault[] {
  return fields.flatMap((field) => {
    const value = given[field];
    if (typeof value === 'string' && value.trim() !== '') return [];
    return { field, message: value === undefined ? 'is missing' : 'expected a text' };
  });
}

/** A code as this face says it. */
export function taskCode(code: ErrorCode): string {
  return code === 'JOB_NOT_FOUND' ? 'TASK_NOT_FOUND' : code;
}

/** A field of a definition as this face calls it. */
export function taskField(field: string): string {
  const [first = '', ...rest] = field.split('.');
  const own = Object.entries(KEYS).find(([, key]) => key === first)?.[0] ?? first;
  return [own, ...rest].join('.');
}
