// How things stood at an instant that is over: the schedule a job had, whether a service was up.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import type { JobChange, Store } from '#store/store';

/** A boot that has not ticked for this long is gone. */
const STALE_MS = 30_000;

const DEFINES: readonly JobChange['what'][] = [
  'created',
  'updated',
  'schedule',
  'enabled',
  'orphaned',
  'returned',
];

/** The schedule the job had at `at`, by its changes. */
export async function definitionAt(
  store: Store,
  job: StoredJob,
  at: EpochMs,
): Promise<{ schedule: ScheduleSpec | null; because: string | null }> {
  return definitionFrom(await store.changes({ jobUid: job.uid, before: at, limit: 10_000 }), job, at);
}

/** The same, from the job's changes, newest first; those after `at` say nothing. */
export function definitionFrom(
  all: readonly JobChange[],
  job: StoredJob,
  at: EpochMs,
): { schedule: ScheduleSpec | null; because: string | null } {
  const changes = all.filter((change) => change.at <= at);
  const state = changes.find((change) => change.what === 'state' || DEFINES.includes(change.what));
  if (state?.what === 'state' && state.after !== 'active')
    return { schedule: null, because: `the job was ${state.after} then` };
  const last = changes.find((change) => DEFINES.includes(change.what));
  if (!last) return { schedule: job.schedule, because: null };
  if (last.after === null) return { schedule: null, because: 'the job was not in the settings then' };
  const then = last.after as unknown as { schedule: ScheduleSpec; enabled: boolean; manualOnly: boolean };
  if (!then.enabled) return { schedule: null, because: 'the job was disabled then' };
  if (then.manualOnly) return { schedule: null, because: 'the job ran only by hand then' };
  return { schedule: then.schedule, because: null };
}

/** The stretch without a service around `at`; null when one was up. */
export async function downAt(
  store: Store,
  at: EpochMs,
): Promise<{ from: EpochMs | null; to: EpochMs | null } | null> {
  const boots = await store.boots({ limit: 10_000 });
  const services = boots
    .filter((boot) => boot.kind === 'service')
    .toSorted((a, b) => a.startedAt - b.startedAt);
  const before = services.findLast((boot) => boot.startedAt <= at);
  const after = services.find((boot) => boot.startedAt > at);
  const lastSeen = before && (before.endedAt ?? before.lastTick);
  // The newest boot without an end is the one that is up, unless its heartbeat stopped.
  if (before && lastSeen !== undefined && lastSeen >= at) return null;
  if (before && !after && before.endedAt === null && at - before.lastTick < STALE_MS) return null;
  return { from: lastSeen ?? null, to: after?.startedAt ?? null };
}
