// Ledger rows as the outside sees them: snake_case, ISO 8601 with offset, durations in seconds, absent = null. Pure.

import { createHash } from 'node:crypto';
import type { EpochMs } from '#core/clock';
import type { JsonObject } from '#core/handler';
import type { JobPolicy, JobState, StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import { type Run, traceSessionId } from '#core/run';
import type { ScheduleSpec } from '#core/schedule';
import { zoneOf } from '#schedule/zone';

/** `2026-03-29T03:00:00+02:00`: an instant as the wall clock of `zone` shows it. */
export function iso(at: EpochMs, zone: string): string {
  const { offset } = zoneOf(zone).at(Math.floor(at / 1000));
  const wall = new Date(at + offset * 1000).toISOString();
  const text = at % 1000 === 0 ? wall.replace('.000Z', '') : wall.slice(0, -1);
  return text + (offset === 0 ? 'Z' : offsetText(offset));
}

/** Offsets of long ago have seconds, and are written rounded to minutes (RFC 9557). */
function offsetText(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

export function isoOrNull(at: EpochMs | null, zone: string): string | null {
  return at === null ? null : iso(at, zone);
}

const seconds = (ms: number | null) => (ms === null ? null : ms / 1000);

/** The word that faces show: a job's own pause stands before its stored state, the global one does not. */
export function jobState(job: StoredJob, pauses: readonly Pause[]): JobState {
  const paused = pauses.some((pause) => pause.jobUid === job.uid && pause.endedAt === null);
  return paused && job.state === 'active' ? 'paused' : job.state;
}

export function jobShape(job: StoredJob, pauses: readonly Pause[]) {
  const zone = job.schedule.timezone;
  const own = pauses.filter((p) => p.endedAt === null && (p.jobUid === null || p.jobUid === job.uid));
  const state = jobState(job, pauses);
  return {
    id: job.id,
    name: job.name,
    description: job.description,
    handler: job.handler,
    input: job.input,
    source: job.source,
    owner: job.owner,
    module_id: job.moduleId,
    state,
    enabled: job.enabled,
    paused_by: own.map((pause) => pauseShape(pause, zone)),
    circuit: {
      state: job.circuit ? 'open' : 'closed',
      since: isoOrNull(job.circuit?.openedAt ?? null, zone),
    },
    warnings: job.warnings,
    schedule: scheduleShape(job.schedule),
    policy: policyShape(job.policy),
    next_run: state === 'active' ? isoOrNull(job.nextSlot, zone) : null,
    last_run: isoOrNull(job.lastRunAt, zone),
    last_error: job.lastError,
    run_count: job.runCount,
    success_count: job.successCount,
    failure_count: job.failureCount,
    max_executions: job.policy.maxExecutions,
    created_at: iso(job.createdAt, zone),
    updated_at: iso(job.updatedAt, zone),
  };
}
export type JobShape = ReturnType<typeof jobShape>;

export function pauseShape(pause: Pause, zone: string) {
  return {
    source: pause.source,
    who: pause.who,
    why: pause.why,
    since: iso(pause.since, zone),
    until: isoOrNull(pause.until, zone),
  };
}

export function scheduleShape(spec: ScheduleSpec) {
  return {
    kind: spec.kind,
    expression: expressionOf(spec),
    timezone: spec.timezone,
    anchor: spec.kind === 'every' ? iso(spec.anchor, spec.timezone) : null,
  };
}

/** The schedule as text: what a person would write in the YAML. */
export function expressionOf(spec: ScheduleSpec): string {
  if (spec.kind === 'cron') return spec.expression;
  if (spec.kind === 'every') return spec.every;
  return spec.kind === 'at' ? iso(spec.at, spec.timezone) : 'manual';
}

export function policyShape(policy: JobPolicy): JsonObject {
  return {
    priority: policy.priority,
    group: policy.group,
    max_instances: policy.maxInstances,
    overlap: policy.overlap,
    coalesce: policy.coalesce,
    misfire_grace_time: seconds(policy.misfireGraceMs),
    misfire_policy: policy.misfirePolicy,
    catchup_window: seconds(policy.catchupWindowMs),
    catchup_max: policy.catchupMax,
    queue_timeout: seconds(policy.queueTimeoutMs),
    timeout: seconds(policy.timeoutMs),
    retries: policy.retries,
    retry_delay: seconds(policy.retryDelayMs),
    retryable: policy.retryable,
    rerun_on_interrupt: policy.rerunOnInterrupt,
    circuit_after: policy.circuitAfter,
    circuit_probe: seconds(policy.circuitProbeMs),
    circuit_action: policy.circuitAction,
    jitter: seconds(policy.jitterMs),
    isolation: policy.isolation,
    permissions: policy.permissions && { ...policy.permissions },
    max_memory_mb: policy.maxMemoryMb,
    run_log: policy.runLog,
    trace: policy.trace,
    result_queue: policy.resultQueue,
    error_queue: policy.errorQueue,
  };
}

/** The job in the keys of the settings file, every one written: what a change is put on. */
export function definitionOf(job: StoredJob): JsonObject {
  const { name, description, handler, input, owner, moduleId, enabled, runOnStart, schedule } = job;
  return {
    ...{ id: job.id, name, description, handler, input, owner, module_id: moduleId, enabled },
    ...{ manual_only: job.manualOnly, run_on_start: runOnStart, timezone: schedule.timezone },
    ...policyShape(job.policy),
    ...scheduleKeys(schedule),
  };
}

/** Changes with the definition of the job, not with its runs. */
export function revisionOf(job: StoredJob): string {
  const defined = JSON.stringify([job.uid, definitionOf(job)]);
  return createHash('sha256').update(defined).digest('base64url').slice(0, 16);
}

function scheduleKeys(spec: ScheduleSpec): JsonObject {
  const instant = (at: EpochMs) => new Date(at).toISOString();
  if (spec.kind === 'cron') return { cron: spec.expression, day_match: spec.dayMatch };
  if (spec.kind === 'at') return { at: instant(spec.at) };
  if (spec.kind === 'manual') return {};
  return { every: spec.every, [spec.includeAnchor ? 'starts_at' : 'anchor']: instant(spec.anchor) };
}

export function runShape(run: Run, zone: string) {
  return {
    run_id: run.runId,
    trace_session_id: traceSessionId(run),
    name: run.name,
    job: run.jobId,
    job_name: run.jobName,
    kind: run.kind,
    state: run.state,
    reason: run.reason,
    slot: isoOrNull(run.slot, zone),
    due_at: iso(run.dueAt, zone),
    not_before: isoOrNull(run.notBefore, zone),
    covers: run.covers && {
      from: iso(run.covers.from, zone),
      to: iso(run.covers.to, zone),
      count: run.covers.count,
    },
    attempt: run.attempt,
    attempts: run.attempts.map((attempt) => ({
      n: attempt.n,
      started_at: iso(attempt.startedAt, zone),
      ended_at: iso(attempt.endedAt, zone),
      outcome: attempt.outcome,
      error: attempt.error,
    })),
    queued_at: iso(run.queuedAt, zone),
    started_at: isoOrNull(run.startedAt, zone),
    ended_at: isoOrNull(run.endedAt, zone),
    duration: seconds(run.durationMs === null ? null : Math.round(run.durationMs)),
    late_by: seconds(run.lateByMs),
    input: run.input,
    config_hash: run.configHash,
    code_hash: run.codeHash,
    success: run.success,
    statistics: run.statistics ?? {},
    error: run.error,
    warnings: run.warnings,
    by: run.by,
    boot: run.bootId,
  };
}
export type RunShape = ReturnType<typeof runShape>;

export interface BackfillShape {
  job: string;
  job_name: string;
  dry_run: boolean;
  slots: string[];
  /** Queued, in the order of their slots; none in a dry run. */
  runs: RunShape[];
}
