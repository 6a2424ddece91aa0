// The mixed load: which jobs there are, how each is written into the settings, and how it is edited on the way.

import { ANCHOR, isoOf, type LoadSchedule } from './slots.ts';

/** Keys of the policy as the YAML names them, with the words of the audit. */
export interface LoadPolicy {
  /** Seconds; null = any lateness. */
  grace: number | null;
  misfire: 'skip' | 'latest' | 'all';
  catchupMax: number;
  retries: number;
  maxInstances: number;
  overlap: 'skip' | 'queue_one' | 'queue_all' | 'cancel_previous' | 'allow';
  coalesce: boolean;
  group: string | null;
  /** Seconds. */
  timeout: number;
  /** Seconds; null = until the next slot, at least an hour. */
  queueTimeout: number | null;
  /** Seconds at most, of which rule 20 leaves a tenth of the period. */
  jitter: number;
  /** 0 = off. */
  circuitAfter: number;
}

export interface LoadJob {
  id: string;
  enabled: boolean;
  schedule: LoadSchedule;
  policy: LoadPolicy;
  /** Milliseconds of work, and whether some attempts fail. */
  work: number;
  fails: 'never' | 'sometimes' | 'always';
  runOnStart: boolean;
  isolation: 'inline' | 'thread';
}

const PLAIN: LoadPolicy = {
  grace: 300,
  misfire: 'skip',
  catchupMax: 10,
  retries: 0,
  maxInstances: 1,
  overlap: 'skip',
  coalesce: true,
  group: null,
  timeout: 3600,
  queueTimeout: null,
  jitter: 0,
  circuitAfter: 0,
};

const every = (seconds: number): LoadSchedule => ({ kind: 'every', seconds });
const cron = (expression: string): LoadSchedule => ({ kind: 'cron', expression });
const NEVER = cron('0 0 1 1 *');
const LINE = { work: 150, fails: 'sometimes' } as const;

function job(
  id: string,
  schedule: LoadSchedule,
  policy: Partial<LoadPolicy> = {},
  more: Partial<LoadJob> = {},
): LoadJob {
  return {
    ...{ id, schedule, enabled: true, work: 0, fails: 'never', runOnStart: false, isolation: 'inline' },
    ...more,
    policy: { ...PLAIN, ...policy },
  };
}

export const LOAD: readonly LoadJob[] = [
  job('tick', every(1)),
  job('by_cron', cron('*/2 * * * * *')),
  job('flaky', every(2), { retries: 2 }, { fails: 'sometimes' }),
  job('slow', every(1), { retries: 1 }, { work: 1_300 }),
  job('overrun', every(2), { timeout: 1, retries: 1 }, { work: 1_500 }),
  job('late_skip', every(1), { grace: 1 }),
  job('late_latest', every(1), { grace: 1, misfire: 'latest' }),
  job('late_all', every(1), { grace: 1, misfire: 'all', catchupMax: 3 }),
  job('any_lateness', every(2), { grace: null, catchupMax: 5 }),
  job('parallel', every(1), { maxInstances: 3 }, { work: 2_600 }),
  job('line', every(1), { grace: 1, misfire: 'all', coalesce: false, catchupMax: 4, retries: 1 }, LINE),
  job('one_waits', every(2), { overlap: 'queue_one' }, { work: 2_300 }),
  job('all_wait', every(3), { overlap: 'queue_all' }, { work: 800 }),
  job('newest_only', every(3), { overlap: 'cancel_previous' }, { work: 3_500 }),
  job('side_by_side', every(2), { overlap: 'allow' }, { work: 2_300 }),
  job('impatient', every(2), { overlap: 'queue_one', queueTimeout: 1 }, { work: 3_500 }),
  job('pair_a', every(2), { group: 'pair' }, { work: 500 }),
  job('pair_b', every(3), { group: 'pair', overlap: 'queue_one' }, { work: 500 }),
  job('threaded', every(2), { retries: 1 }, { work: 400, fails: 'sometimes', isolation: 'thread' }),
  job('spread', every(2), { jitter: 1 }),
  job('broken', every(2), { circuitAfter: 3 }, { fails: 'always' }),
  job('startup', NEVER, { retries: 1 }, { runOnStart: true, work: 50 }),
  job('once', NEVER, { misfire: 'latest' }),
  job('edited', every(2)),
  job('toggled', every(2)),
];

/** Nothing becomes due any more: what is admitted can come to its end. */
export function drained(load: readonly LoadJob[]): LoadJob[] {
  return load.map((each) => ({ ...each, schedule: NEVER, runOnStart: false }));
}

/** Replaces the one job of that id. */
export function edit(load: readonly LoadJob[], id: string, change: Partial<LoadJob>): LoadJob[] {
  return load.map((each) => (each.id === id ? { ...each, ...change } : each));
}

/** The settings file. Each job is one line that is no YAML when it is cut. */
export function settingsText(load: readonly LoadJob[], dir: string, jobDirectory: string): string {
  return [
    'paths: { vault: vault }',
    'scheduler:',
    '  timezone: UTC',
    '  check_interval: 0.2',
    '  max_concurrent_executions: 14',
    '  shutdown: { drain: 200ms, abort: 300ms }',
    `  job_directories: [${JSON.stringify(jobDirectory)}]`,
    '  jobs:',
    '    vault_sync: { "enabled": false }',
    '    housekeeping: { "enabled": false }',
    ...load.map((each) => `    ${each.id}: ${JSON.stringify(entryOf(each, dir))}`),
    '',
  ].join('\n');
}

function entryOf({ enabled, schedule, policy, work, fails, ...job }: LoadJob, dir: string): object {
  return {
    handler: 'effect',
    enabled,
    ...scheduleKeys(schedule),
    misfire_grace_time: policy.grace,
    misfire_policy: policy.misfire,
    catchup_max: policy.catchupMax,
    retries: policy.retries,
    retry_delay: 1,
    max_instances: policy.maxInstances,
    timeout: policy.timeout,
    circuit_after: policy.circuitAfter,
    circuit_probe: 3,
    ...(job.runOnStart && { run_on_start: true }),
    // Keys that say no more than their default are left out, as in a file that a person writes.
    ...(policy.overlap !== PLAIN.overlap && { overlap: policy.overlap }),
    ...(policy.coalesce !== PLAIN.coalesce && { coalesce: policy.coalesce }),
    ...(policy.queueTimeout !== PLAIN.queueTimeout && { queue_timeout: policy.queueTimeout }),
    ...(policy.jitter !== PLAIN.jitter && { jitter: policy.jitter }),
    ...(policy.group !== PLAIN.group && { group: policy.group }),
    ...(job.isolation !== 'inline' && { isolation: job.isolation }),
    input: { dir, work, fails },
  };
}

function scheduleKeys(schedule: LoadSchedule): object {
  switch (schedule.kind) {
    case 'every':
      return { every: `${schedule.seconds}s`, anchor: isoOf(ANCHOR) };
    case 'cron':
      return { cron: schedule.expression };
    case 'at':
      return { at: isoOf(schedule.at) };
  }
}
