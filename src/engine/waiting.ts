// Runs that wait for a place: which of them have waited too long, which are given up for a newer slot (rules 1, 7). Pure.

import type { EpochMs } from '#core/clock';
import type { JobPolicy } from '#core/job';
import type { Pause } from '#core/pause';
import { HAND_STARTED, type Run } from '#core/run';
import type { DueJob, RunEnd } from '#store/store';
import { ON_TIME_MS } from './eligible.ts';
import type { Grid } from './grid.ts';
import { endOf } from './segments.ts';

/** The default of `queue_timeout` is at least this long (rule 1). */
const LEAST_WAIT_MS = 3_600_000;

/** While a pause holds, the time left does not shrink: a last millisecond would be looked at again each millisecond. */
const LEAST_LOOK_MS = 30_000;

/** How long a run admitted at `at` may wait: until the next slot, at least an hour; null = for ever. */
export function maxWaitMs(policy: JobPolicy, grid: Grid, slot: EpochMs, at: EpochMs): number | null {
  if (policy.overlap === 'queue_all') return null;
  // With none at all nobody could be quick enough to start it.
  if (policy.queueTimeoutMs !== null) return Math.max(ON_TIME_MS, policy.queueTimeoutMs);
  const next = grid.next(Math.max(slot, at));
  return next === null ? LEAST_WAIT_MS : Math.max(LEAST_WAIT_MS, next - at);
}

/** Time in a pause does not count: who waits longer than allowed leaves, who was held up by a pause waits on. */
export function endExpired(
  due: Pick<DueJob, 'live' | 'pauses'>,
  at: EpochMs,
): { end: RunEnd[]; postpone: { runId: string; expiresAt: EpochMs }[] } {
  const end: RunEnd[] = [];
  const postpone: { runId: string; expiresAt: EpochMs }[] = [];
  const isHeld = due.pauses.some((pause) => pause.since <= at && (endOf(pause) ?? Infinity) > at);
  for (const run of due.live) {
    if (run.state !== 'queued' || run.expiresAt === null || run.expiresAt > at || run.maxWaitMs === null)
      continue;
    // A clock that was set back has moved the end of the wait, and so its begin.
    const since = Math.min(waitsSince(run), run.expiresAt - run.maxWaitMs);
    const left = run.maxWaitMs - (at - since - pausedMs(due.pauses, since, at));
    const { runId } = run;
    if (left > 0) postpone.push({ runId, expiresAt: at + (isHeld ? Math.max(left, LEAST_LOOK_MS) : left) });
    else end.push({ runId, state: endOfWait(run, 'missed'), reason: 'queue_timeout', error: run.error });
  }
  return { end, postpone };
}

/** How a queued run ends that will not start again: after a failed attempt as a failure, given back as interrupted. */
export function endOfWait<Unstarted extends 'missed' | 'skipped'>(
  run: Pick<Run, 'attempt' | 'attempts'>,
  unstarted: Unstarted,
): 'failed' | 'interrupted' | Unstarted {
  if (run.attempt > 0) return 'failed';
  return run.attempts.length > 0 ? 'interrupted' : unstarted;
}

/** Queued runs that leave for the one just admitted (rule 4, `cancel_previous`). */
export function leaveForAnother(
  replaced: readonly string[],
  due: Pick<DueJob, 'live' | 'groupLive'>,
): RunEnd[] {
  return [...due.live, ...due.groupLive]
    .filter((run) => replaced.includes(run.runId))
    .map((run) => ({
      runId: run.runId,
      state: endOfWait(run, 'skipped'),
      reason: 'superseded',
      error: run.error,
    }));
}

function waitsSince(run: Run): EpochMs {
  return Math.max(run.queuedAt, run.attempts.at(-1)?.endedAt ?? 0, run.notBefore ?? 0);
}

/** Time of [from, to] in which a pause held; overlapping pauses count once. */
function pausedMs(pauses: readonly Pause[], from: EpochMs, to: EpochMs): number {
  const spans = pauses
    .map((pause) => ({ since: Math.max(from, pause.since), until: Math.min(to, endOf(pause) ?? to) }))
    .filter((span) => span.since < span.until)
    .sort((a, b) => a.since - b.since);
  let total = 0;
  let reached = from;
  for (const { since, until } of spans) {
    total += Math.max(0, until - Math.max(since, reached));
    reached = Math.max(reached, until);
  }
  return total;
}

/**
 * Waiting retries that a newly admitted slot takes the place of: a final failure with the last error kept (rule 7). A
 * line is not cut, and what a person started is not the schedule's to give up.
 */
export function giveUpRetries(policy: Pick<JobPolicy, 'overlap'>, live: readonly Run[]): RunEnd[] {
  if (policy.overlap === 'queue_all' || policy.overlap === 'allow') return [];
  return live
    .filter((run) => isWaitingRetry(run) && run.line === null && !HAND_STARTED.includes(run.kind))
    .map((run) => ({ runId: run.runId, state: 'failed', reason: 'superseded', error: run.error }));
}

/** Counted as an execution when it was admitted, and has never started (rule 19). */
export function countsAsExecution(run: Pick<Run, 'kind' | 'attempts'>): boolean {
  return (run.kind === 'scheduled' || run.kind === 'catchup') && run.attempts.length === 0;
}

/** Between two attempts; what a shutdown gave back holds its place. */
function isWaitingRetry(run: Run): boolean {
  return run.state === 'queued' && run.attempts.length > 0 && !run.holdsPlace;
}
