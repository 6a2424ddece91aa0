// Jobs and runs as the tool shows them. Pure.

import type { JsonObject } from '#core/handler';
import { isFinal } from '#core/run';
import type { JobShape, RunShape } from '#service/shapes';

const TYPES: Record<string, string> = { cron: 'cron', every: 'interval', at: 'once' };

/** Paused, switched off and orphaned jobs have no next run. */
export function listedJob(job: JobShape): JsonObject {
  return {
    job_id: job.id,
    job_name: job.name,
    next_run: job.state === 'active' ? job.next_run : null,
    agentool_name: job.handler,
    schedule_type: TYPES[job.schedule.kind] ?? job.schedule.kind,
    schedule: job.schedule.expression,
  };
}

export function jobInfo(job: JobShape): JsonObject {
  const policy = job.policy as JsonObject;
  return {
    ...listedJob(job),
    input_data: job.input,
    created_at: job.created_at,
    max_instances: policy.max_instances ?? null,
    misfire_grace_time: policy.misfire_grace_time ?? null,
    coalesce: policy.coalesce ?? null,
    result_queue: policy.result_queue ?? null,
    error_queue: policy.error_queue ?? null,
  };
}

const EVENTS: Partial<Record<RunShape['state'], string>> = {
  succeeded: 'executed',
  skipped: 'skipped',
  missed: 'missed',
};

/** Of runs, newest first, what has ended as records, newest last. */
export function historyOf(runs: readonly RunShape[]): JsonObject[] {
  return runs
    .filter((run) => isFinal(run.state))
    .map((run) => ({
      timestamp: run.ended_at ?? run.slot ?? run.due_at,
      event_type: EVENTS[run.state] ?? 'error',
      success: run.state === 'succeeded',
      duration: run.duration,
      ...errorOf(run),
    }))
    .toReversed();
}

function errorOf(run: RunShape): JsonObject {
  if (run.state === 'succeeded') return {};
  return { error: run.error?.message ?? run.reason ?? run.state };
}
