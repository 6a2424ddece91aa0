// The closed list of a job's keys: what they take, what they default to. Every other key of a job is input.

import { z } from 'zod';
import {
  type Alias,
  alias,
  choice,
  duration,
  type Field,
  field,
  flag,
  grants,
  handlerName,
  interval,
  mapping,
  nullable,
  optional,
  slug,
  text,
  timezone,
  type ValuesOf,
  whole,
} from './field.ts';

const SECOND = 1000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const TIMEOUT = duration(SECOND, 7 * DAY);
const RETRY_DELAY = duration(SECOND, HOUR);
const RETRIES = whole(0, 10);

/** Who and whether. */
const IDENTITY = {
  enabled: optional(flag, 'false: not scheduled, a run by hand needs --force'),
  manual_only: field(flag, 'true: never scheduled, started by hand only', { fallback: false }),
  run_on_start: field(flag, 'true: one run more, after each start of the service', { fallback: false }),
  handler: optional(handlerName, 'the job class, if its name is not that of the job'),
  description: optional(nullable(text), 'a sentence for people'),
  input: optional(nullable(mapping), 'parameters of the job class, taken literally'),
};

/** When. Exactly one of the first three, or none. */
const SCHEDULE = {
  cron: optional(text, 'five fields or a nickname, in quotes: "*/30 * * * *", "@daily"'),
  every: optional(interval, 'elapsed time between two slots'),
  at: optional(text, 'one instant, ISO 8601; without offset in the zone of the job'),
  anchor: optional(text, 'instant that `every` counts from, ISO 8601; else when the job was first seen'),
};

const POLICY = {
  timezone: optional(timezone, 'the zone of the schedule; else that of the scheduler'),
  day_match: field(choice(['or', 'and']), 'cron with day of month and day of week: either or both', {
    fallback: 'or',
  }),
  jitter: field(duration(0), 'largest delay added to a slot, the same for every try', { fallback: 0 }),
  priority: field(whole(0, 1000), 'lower starts first when places are short', { fallback: 100 }),
  group: field(nullable(text), 'jobs of one group never run at the same time', { fallback: null }),
  max_instances: field(whole(1, 1000), 'runs of this job at the same time', { fallback: 1 }),
  overlap: field(
    choice(['skip', 'queue_one', 'queue_all', 'cancel_previous', 'allow']),
    'what a slot does when all places of the job are taken',
    { fallback: 'skip' },
  ),
  coalesce: field(flag, 'true: slots that are late together become one run', { fallback: true }),
  misfire_grace_time: field(nullable(duration(0)), 'lateness at which a slot still runs; null = any', {
    fallback: '5m',
  }),
  misfire_policy: optional(
    choice(['skip', 'latest', 'all']),
    'slots beyond the grace: none runs, the newest, each; else skip, and latest for `at`',
  ),
  catchup_window: field(duration(0), 'nothing older is caught up', { fallback: '1d' }),
  catchup_max: field(whole(1, 1000), 'at most so many slots are caught up', { fallback: 10 }),
  queue_timeout: field(
    nullable(duration(0)),
    'longest wait for a place; null = until the next slot, at least 1h',
    {
      fallback: null,
    },
  ),
  max_executions: field(nullable(whole(1)), 'completed after so many runs; null = never', { fallback: null }),
  timeout: field(TIMEOUT, 'longest an attempt may take', { fallback: '1h' }),
  retries: field(RETRIES, 'extra attempts of a failed run', { fallback: 3 }),
  retry_delay: field(RETRY_DELAY, 'wait before the first extra attempt; doubles each time', {
    fallback: '5s',
  }),
  retryable: field(flag, 'false: a failed run is never tried again', { fallback: true }),
  rerun_on_interrupt: field(flag, 'true: a run cut short by a crash is tried again', { fallback: true }),
  circuit_after: field(whole(0), 'failed runs in a row that open the circuit; 0 = off', { fallback: 10 }),
  circuit_probe: field(duration(0), 'an open circuit lets a slot try after this', { fallback: '15m' }),
  circuit_action: field(choice(['skip', 'pause']), 'an open circuit skips slots, or pauses the job', {
    fallback: 'skip',
  }),
  isolation: optional(
    choice(['inline', 'thread', 'process']),
    'where the code of the job runs; else thread for a job file, inline for a registered function',
  ),
  max_memory_mb: field(nullable(whole(1)), 'most memory of a thread or process; null = half of the machine', {
    fallback: null,
  }),
  run_log: field(choice(['all', 'changes', 'failures']), 'which runs keep their log', { fallback: 'all' }),
  trace: field(flag, 'true: one trace file a run', { fallback: false }),
};

const LATER = {
  permissions: field(nullable(grants), 'what a job with isolation: process may touch; null = nothing', {
    fallback: null,
  }),
  result_queue: field(nullable(slug), 'queue that gets the result of each success', { fallback: null }),
  error_queue: field(nullable(slug), 'queue that gets each final failure', { fallback: null }),
};

/** Every key that a job may have; all else in its entry is input. */
export const JOB = { ...IDENTITY, ...SCHEDULE, ...POLICY, ...LATER };
export type JobKey = keyof typeof JOB;
export type JobValues = ValuesOf<typeof JOB>;
export const JOB_KEYS = Object.keys(JOB) as readonly JobKey[];

/** Keys that a later version gives a meaning: refused, so that no file relies on them as input. */
export const RESERVED_KEYS: readonly string[] = [
  'after',
  'notify',
  'ping_url',
  'expect_success_within',
  'run_if',
];

/** `retry_failed_events: false` means no retries; `true` leaves the number to the other keys. */
const RETRY_FAILED_EVENTS: Alias<number> = {
  path: 'scheduler.retry_failed_events',
  zod: z.boolean().transform((on) => (on ? null : 0)),
  beats: ['scheduler.max_retry_attempts', 'scheduler.defaultRetries'],
};

/** `scheduler.defaults`: nothing unless written, the job's own entry and its class go first. */
export const DEFAULTS = {
  ...withoutFallbacks(POLICY),
  timeout: optional(TIMEOUT, POLICY.timeout.about, {
    aliases: [
      alias('scheduler.execution_timeout', TIMEOUT),
      alias('scheduler.taskTimeout', duration(SECOND, 7 * DAY, 1)),
    ],
  }),
  retries: optional(RETRIES, POLICY.retries.about, {
    aliases: [
      RETRY_FAILED_EVENTS,
      alias('scheduler.max_retry_attempts', RETRIES),
      alias('scheduler.defaultRetries', RETRIES),
    ],
  }),
  retry_delay: optional(RETRY_DELAY, POLICY.retry_delay.about, {
    aliases: [
      alias('scheduler.retry_delay', RETRY_DELAY),
      alias('scheduler.retryDelay', duration(SECOND, HOUR, 1)),
    ],
  }),
};

type Without<S> = { [K in keyof S]: S[K] extends Field<infer Out> ? Field<Out | undefined> : never };

function withoutFallbacks<S extends Record<string, Field>>(section: S): Without<S> {
  const bare = Object.entries(section).map(([key, { fallback: _, ...rest }]) => [
    key,
    { ...rest, fallback: undefined },
  ]);
  return Object.fromEntries(bare) as Without<S>;
}
