// The words of the event scheduler (face A): what it calls a job, a run and their states, and back into our own. Pure.

import type { EpochMs } from '#core/clock';
import { type ErrorCode, InvalidFields } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import type { JobShape, RunShape } from '#service/shapes';

export const EVENT_STATUSES = ['pending', 'running', 'completed', 'failed', 'paused'] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

export const INTERVAL_TYPES = ['minutes', 'hours', 'days', 'weeks', 'months', 'cron'] as const;
export type IntervalType = (typeof INTERVAL_TYPES)[number];

export const UNITS: Record<Exclude<IntervalType, 'cron'>, string> = {
  minutes: 'm',
  hours: 'h',
  days: 'd',
  weeks: 'w',
  months: 'mo',
};
/** Where the documents write the text of a cron. */
export const CRON = '_cron_expression';

export interface EventShape {
  id: string;
  name: string;
  description: string | null;
  module_id: string;
  function_name: string;
  parameters: JsonObject;
  recurring: boolean;
  /** Null where its interval is none that the documents know, e.g. 90 s. */
  interval_type: IntervalType | null;
  interval_value: number | null;
  next_execution: string | null;
  status: EventStatus;
  execution_count: number;
  max_executions: number | null;
  last_execution: string | null;
  last_error: string | null;
  created_at: string;
  updated_at: string;
}

export type ExecutionShape = RunShape & {
  id: string;
  event_id: string;
  start_time: string | null;
  end_time: string | null;
  result: Json;
  trace_session_id: string | null;
};

/** What the shape of a job does not say: does a run of it live, how did its last one end. */
export interface JobFacts {
  isRunning: boolean;
  lastSucceeded: boolean | null;
}

export function eventOf(job: JobShape, facts: JobFacts): EventShape {
  const { kind, expression } = job.schedule;
  const isCron = kind === 'cron';
  const [type, value] = isCron ? (['cron', 1] as const) : intervalOf(kind === 'every' ? expression : '');
  return {
    id: job.id,
    name: job.name,
    description: job.description,
    module_id: job.module_id ?? job.owner ?? 'unknown',
    function_name: job.handler,
    parameters: isCron ? { ...job.input, [CRON]: expression } : job.input,
    recurring: kind === 'cron' || kind === 'every',
    interval_type: type,
    interval_value: value,
    next_execution: job.next_run ?? (kind === 'at' ? expression : null),
    status: eventStatus(job, facts),
    execution_count: job.run_count,
    max_executions: job.max_executions,
    last_execution: job.last_run,
    last_error: job.last_error?.message ?? null,
    created_at: job.created_at,
    updated_at: job.updated_at,
  };
}

/** A recurring job that failed stays pending. */
export function eventStatus({ state }: Pick<JobShape, 'state'>, facts: JobFacts): EventStatus {
  if (facts.isRunning) return 'running';
  if (state === 'active') return 'pending';
  if (state === 'completed') return facts.lastSucceeded ? 'completed' : 'failed';
  return 'paused';
}

function intervalOf(text: string): [IntervalType, number] | [null, null] {
  const match = /^(\d+)\s*([a-z]+)$/i.exec(text.trim());
  const unit = match?.[2]?.toLowerCase();
  const found = Object.entries(UNITS).find(
    ([type, short]) => unit === short || unit === type || `${unit}s` === type,
  );
  return match && found ? [found[0] as IntervalType, Number(match[1])] : [null, null];
}

export function executionOf(run: RunShape): ExecutionShape {
  const trace = (run as { trace_session_id?: string | null }).trace_session_id ?? null;
  return {
    ...run,
    ...{ id: run.run_id, event_id: run.job, start_time: run.started_at, end_time: run.ended_at },
    ...{ result: run.ended_at === null ? null : (run.statistics as Json), trace_session_id: trace },
  };
}

const EVENT_CODES: Partial<Record<ErrorCode, string>> = {
  JOB_NOT_FOUND: 'EVENT_NOT_FOUND',
  PAST_EVENT: 'PAST_SCHEDULING_NOT_ALLOWED',
};

/** A code as this face says it. */
export function eventCode(code: string): string {
  return EVENT_CODES[code as ErrorCode] ?? code;
}

const FIELDS: Readonly<Record<string, string>> = {
  handler: 'function_name',
  input: 'parameters',
  at: 'next_execution',
  starts_at: 'next_execution',
  every: 'interval_value',
  schedule: 'interval_type',
};

/** A field of a definition as this face calls it. */
export function eventField(field: string): string {
  const [first = '', ...rest] = field.split('.');
  return [FIELDS[first] ?? first, ...rest].join('.');
}

/** The states of jobs that a word may mean, ours too; the rest is decided by `eventStatus`. Throws InvalidFields. */
export function statusFilter(word: string): (job: JobShape, status: EventStatus) => boolean {
  if ((EVENT_STATUSES as readonly string[]).includes(word)) return (_, status) => status === word;
  const states = ['active', 'disabled', 'orphaned'];
  if (states.includes(word)) return ({ state }) => state === word;
  const all = [...EVENT_STATUSES, ...states];
  throw new InvalidFields('the filter', [
    { field: 'status', message: `found ${word}, expected one of ${all.join(', ')}` },
  ]);
}

type Placed = Pick<EventShape, 'next_execution' | 'id'>;

/** Ascending by the next execution; what has none comes last. */
export function byNextExecution(a: Placed, b: Placed): number {
  const at = ({ next_execution }: Placed): EpochMs =>
    next_execution === null ? Number.MAX_SAFE_INTEGER : Date.parse(next_execution);
  return at(a) - at(b) || (a.id < b.id ? -1 : 1);
}
