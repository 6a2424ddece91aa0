// The guard rails of jobs that agents make: how often they may run, how many one agent may have, when they end. Pure.

import type { Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import { formatDuration } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { JobSpec, StoredJob } from '#core/job';
import type { Schedule } from '#core/schedule';
import type { Effects } from '#store/store';

export type AgentLimits = Settings['scheduler']['agents'];

/** So many gaps between slots are looked at: a cron may be dense at one time of the day only. */
const GAPS = 100;

/** Throws QUOTA_EXCEEDED where two of the next slots are nearer to each other than an agent may ask for. */
export function refuseTooOften(id: string, schedule: Schedule, from: EpochMs, limits: AgentLimits): void {
  let last = schedule.next(from);
  for (let n = 0; last !== null && n < GAPS; n++) {
    const next = schedule.next(last);
    if (next !== null && next - last < limits.minIntervalMs)
      throw new SchedulerError(
        'QUOTA_EXCEEDED',
        `job ${id} would run again after ${formatDuration(next - last)}; jobs of agents may every ${formatDuration(limits.minIntervalMs)}`,
        'ask for it less often, or raise scheduler.agents.min_interval in the settings',
      );
    last = next;
  }
}

/** Throws QUOTA_EXCEEDED where the owner has as many jobs as an agent may; what is completed does not count. */
export function refuseOverQuota(
  spec: Pick<JobSpec, 'id' | 'owner'>,
  jobs: readonly StoredJob[],
  limits: AgentLimits,
): void {
  const own = jobs.filter(
    (job) => job.source === 'agent' && job.owner === spec.owner && job.state !== 'completed',
  );
  if (own.length < limits.maxJobs) return;
  throw new SchedulerError(
    'QUOTA_EXCEEDED',
    `agent ${spec.owner ?? 'unknown'} has ${own.length} jobs, at most ${limits.maxJobs}: ${own.map(({ id }) => id).join(', ')}`,
    'cancel one, or raise scheduler.agents.max_jobs in the settings',
  );
}

/** A job that an agent made and nobody changed for `max_ttl`. */
export function hasOutlived(
  job: Pick<StoredJob, 'source' | 'state' | 'updatedAt' | 'deletedAt'>,
  at: EpochMs,
  { maxTtlMs }: AgentLimits,
): boolean {
  const isLive = job.deletedAt === null && job.state !== 'completed';
  return job.source === 'agent' && isLive && job.updatedAt + maxTtlMs <= at;
}

/** It ends as completed; what runs goes on, what waits still runs. */
export function endOutlived(jobs: readonly StoredJob[], at: EpochMs, limits: AgentLimits): Effects {
  const over = jobs.filter((job) => hasOutlived(job, at, limits));
  return {
    ...{ insert: [], rows: [], end: [] },
    update: over.map(({ uid }) => ({
      uid,
      set: { state: 'completed', nextSlot: null, nextDue: null },
    })),
    changes: over.map(({ uid, state }) => ({
      ...{ jobUid: uid, what: 'state', before: state, after: 'completed', by: 'scheduler.agents.max_ttl' },
    })),
  };
}
