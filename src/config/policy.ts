// How a job runs, from layers of written keys: the first layer that says something about a key has the word.

import type { JobPolicy } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import type { Field } from './field.ts';
import { type DEFAULTS, JOB, type JobKey, type JobValues } from './job-keys.ts';
import { fallbackOf, type Given, type Layer } from './read.ts';
import type { Origin } from './settings.ts';

/** Keys of one job entry, of the class of a job, of `scheduler.defaults`, or of a face. */
export type JobLayer = Layer<typeof JOB>;
export type DefaultsLayer = Layer<typeof DEFAULTS>;

/** The first that says something, else undefined. */
export function pick<K extends JobKey>(
  layers: readonly JobLayer[],
  key: K,
): Given<Exclude<JobValues[K], undefined>> | undefined {
  return layers.map((layer) => layer[key]).find((given) => given !== undefined) as
    | Given<Exclude<JobValues[K], undefined>>
    | undefined;
}

export interface Effective<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** As `pick`, with our own default behind the last layer. */
export function effective<K extends JobKey>(layers: readonly JobLayer[], key: K): Effective<JobValues[K]> {
  const given = pick(layers, key);
  if (given) return given as Effective<JobValues[K]>;
  const entry = JOB[key] as Field;
  const value = entry.fallback === undefined ? undefined : fallbackOf(entry);
  return { value: value as JobValues[K], origin: 'default' };
}

/**
 * The policy of a job. `kind` matters for one default: a job that runs once is caught up after downtime
 * unless a policy is written (rule 17).
 */
export function policyOf(layers: readonly JobLayer[], kind: ScheduleSpec['kind']): JobPolicy {
  const of = <K extends JobKey>(key: K): JobValues[K] => effective(layers, key).value;
  return {
    priority: of('priority'),
    group: of('group'),
    maxInstances: of('max_instances'),
    overlap: of('overlap'),
    coalesce: of('coalesce'),
    misfireGraceMs: of('misfire_grace_time'),
    misfirePolicy: of('misfire_policy') ?? defaultMisfirePolicy(kind),
    catchupWindowMs: of('catchup_window'),
    catchupMax: of('catchup_max'),
    queueTimeoutMs: of('queue_timeout'),
    maxExecutions: of('max_executions'),
    timeoutMs: of('timeout'),
    retries: of('retries'),
    retryDelayMs: of('retry_delay'),
    retryable: of('retryable'),
    rerunOnInterrupt: of('rerun_on_interrupt'),
    circuitAfter: of('circuit_after'),
    circuitProbeMs: of('circuit_probe'),
    circuitAction: of('circuit_action'),
    jitterMs: of('jitter'),
    isolation: of('isolation'),
    permissions: of('permissions') as JobPolicy['permissions'],
    maxMemoryMb: of('max_memory_mb'),
    runLog: of('run_log'),
    trace: of('trace'),
    resultQueue: of('result_queue'),
    errorQueue: of('error_queue'),
  };
}

/** Our own default of `misfire_policy` depends on the schedule; all others stand in the table. */
export function defaultMisfirePolicy(kind: ScheduleSpec['kind']): 'latest' | 'skip' {
  return kind === 'at' ? 'latest' : 'skip';
}
