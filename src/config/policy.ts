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

/** What our own defaults depend on, beside the table. */
export interface PolicyFacts {
  readonly kind: ScheduleSpec['kind'];
  /** Where the code is; null for a registered function. */
  readonly file: string | null | undefined;
  /** What the face that made the job wants where nobody says anything. */
  readonly misfirePolicy?: JobPolicy['misfirePolicy'];
}

export function policyOf(layers: readonly JobLayer[], facts: PolicyFacts): JobPolicy {
  const of = <K extends JobKey>(key: K): JobValues[K] => effective(layers, key).value;
  return {
    priority: of('priority'),
    group: of('group'),
    maxInstances: of('max_instances'),
    overlap: of('overlap'),
    coalesce: of('coalesce'),
    misfireGraceMs: of('misfire_grace_time'),
    misfirePolicy: of('misfire_policy') ?? facts.misfirePolicy ?? defaultMisfirePolicy(facts.kind),
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
    isolation: of('isolation') ?? defaultIsolation(facts.file),
    permissions: of('permissions'),
    maxMemoryMb: of('max_memory_mb'),
    runLog: of('run_log'),
    trace: of('trace'),
    resultQueue: of('result_queue'),
    errorQueue: of('error_queue'),
  };
}

/** A job that runs once is caught up after downtime unless a policy is written (rule 17). */
export function defaultMisfirePolicy(kind: ScheduleSpec['kind']): 'latest' | 'skip' {
  return kind === 'at' ? 'latest' : 'skip';
}

/** Only code that a thread can load may run in one; a handler that is not there yet will be a file. */
export function defaultIsolation(file: string | null | undefined): 'thread' | 'inline' {
  return file === null ? 'inline' : 'thread';
}
