// The newest run that started, for each job: what the jobs themselves do not tell.

import type { RunState } from '#core/run';
import type { JobShape, RunShape } from '#service/shapes';
import type { Session } from './session.ts';

const STARTED: readonly RunState[] = [
  'running',
  'stopping',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'interrupted',
];
/** One question answers most jobs; those that ran longer ago are asked for one by one. */
const AT_ONCE = 500;

export async function lastRuns(
  session: Pick<Session, 'ask'>,
  jobs: readonly JobShape[],
): Promise<Map<string, RunShape>> {
  const last = new Map<string, RunShape>();
  const newest = await session.ask<RunShape[]>('list_runs', { states: STARTED, limit: AT_ONCE });
  for (const run of newest) if (!last.has(run.job)) last.set(run.job, run);
  if (newest.length < AT_ONCE) return last;
  for (const { id, run_count } of jobs) {
    if (run_count === 0 || last.has(id)) continue;
    const [run] = await session.ask<RunShape[]>('list_runs', { job: id, states: STARTED, limit: 1 });
    if (run) last.set(id, run);
  }
  return last;
}
