// Which of the due slots may still run, and why the others were missed (rule 2). Pure.

import type { EpochMs } from '#core/clock';
import type { JobPolicy } from '#core/job';
import type { Reason } from '#core/run';
import { clipByDue, clipFrom, type Grid, type Span } from './grid.ts';

/** A slot decided within this time is on time: timers wake some milliseconds late. */
export const ON_TIME_MS = 1_000;

export interface Late {
  at: EpochMs;
  /** What was due before it was due while no service was up. */
  bootStartedAt: EpochMs;
  /** Wall time that never passed: the clock jumped from `from` to `to` (rule 13). */
  jumps: readonly { from: EpochMs; to: EpochMs }[];
}

/**
 * `free` in time order, not empty. Eligible: within the grace, or what the misfire policy adds; of that the newest
 * `catchupMax` within `catchupWindowMs`.
 */
export function eligibleSpans(free: readonly Span[], grid: Grid, policy: JobPolicy, at: EpochMs): Span[] {
  const first = firstEligible(free, grid, policy, at);
  return first === null ? [] : free.flatMap((span) => clipFrom(grid, span, first) ?? []);
}

/** True beyond the grace; what is on time never is, also for a grace of zero (rule 1). */
export function isBeyondGrace({ misfireGraceMs }: JobPolicy, lateMs: number): boolean {
  return misfireGraceMs !== null && lateMs > Math.max(ON_TIME_MS, misfireGraceMs);
}

/** The oldest slot that may run; null = none. */
function firstEligible(free: readonly Span[], grid: Grid, policy: JobPolicy, at: EpochMs): EpochMs | null {
  const { misfireGraceMs, misfirePolicy, catchupWindowMs, catchupMax } = policy;
  const newest = free.at(-1)!.to;
  const windowFrom = grid.firstDueFrom(at - Math.max(ON_TIME_MS, catchupWindowMs));
  let from: EpochMs | null = -Infinity;
  if (misfireGraceMs !== null && misfirePolicy !== 'all') {
    from = grid.firstDueFrom(at - Math.max(ON_TIME_MS, misfireGraceMs));
    const noneInTime = from === null || newest < from;
    if (noneInTime) from = misfirePolicy === 'latest' ? newest : null;
  }
  if (from === null || windowFrom === null) return null;
  return Math.max(from, windowFrom, newestOf(free, grid, catchupMax));
}

/** The slot from which on `free` holds at most `count` slots. */
function newestOf(free: readonly Span[], grid: Grid, count: number): EpochMs {
  let left = count;
  for (const span of free.toReversed()) {
    if (span.count <= left) {
      left -= span.count;
      continue;
    }
    let oldest: EpochMs | null = span.to + 1;
    for (; left > 0 && oldest !== null; left--) oldest = grid.prev(oldest - 1);
    return oldest ?? span.from;
  }
  return -Infinity;
}

/** The free slots before the first eligible one, cut where their reason changes. */
export function missedSpans(
  free: readonly Span[],
  eligible: readonly Span[],
  grid: Grid,
  late: Late,
): { span: Span; reason: Reason }[] {
  const before = eligible[0]?.from ?? Infinity;
  let pieces: ReturnType<typeof tiles> | null = null;
  return free.flatMap((span) => {
    const to = span.to < before ? span.to : grid.prev(before - 1);
    if (to === null || to < span.from) return [];
    const left = to === span.to ? span : { from: span.from, to, count: grid.count(span.from - 1, to) };
    pieces ??= tiles(late);
    return pieces.flatMap(({ from, until, reason }) => {
      const part = clipByDue(grid, left, from, until - 1);
      return part ? [{ span: part, reason }] : [];
    });
  });
}

/** Half-open stretches of due time that tile everything, each with what kept the service from deciding in time. */
function tiles({ bootStartedAt, jumps }: Late): { from: EpochMs; until: EpochMs; reason: Reason }[] {
  const edges = [
    -Infinity,
    bootStartedAt,
    ...jumps.flatMap((jump) => [skippedFrom(jump), jump.to + 1]),
    Infinity,
  ];
  const sorted = [...new Set(edges)].sort((a, b) => a - b);
  const reasonAt = (instant: EpochMs): Reason => {
    if (instant < bootStartedAt) return 'downtime';
    const isInJump = jumps.some((jump) => instant >= skippedFrom(jump) && instant <= jump.to);
    return isInJump ? 'clock_jump' : 'blocked';
  };
  return sorted.slice(0, -1).map((from, i) => ({ from, until: sorted[i + 1]!, reason: reasonAt(from) }));
}

/**
 * A jump is found at the wake for the next slot: that slot, too, had no time of its own before it, and the wake was on
 * time. What was due longer before was undecided because the process was blocked.
 */
function skippedFrom(jump: Late['jumps'][number]): EpochMs {
  return jump.from - ON_TIME_MS;
}
