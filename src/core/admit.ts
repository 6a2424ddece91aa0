// May one more run of a job have a place? The one admission rule that engine, service and runs share (rule 4). Pure.

import type { JobPolicy } from './job.ts';
import type { Run } from './run.ts';

/** A live run, as far as admission looks at it. */
export type PlaceHolder = Pick<Run, 'runId' | 'state' | 'holdsPlace' | 'attempts' | 'line'>;

export interface Rivals {
  /** Live runs of the job itself, oldest first. */
  live: readonly PlaceHolder[];
  /** Live runs of other jobs of its group, oldest first. */
  groupLive: readonly PlaceHolder[];
}

export type Admission =
  | { kind: 'admit' }
  /** Queued without a place: `cancel` are asked to stop for it, `replaced` (queued ones) leave for it. */
  | { kind: 'wait'; inTheWay: string; cancel: string[]; replaced: string[] }
  | { kind: 'refuse'; reason: 'overlap' | 'queue_full'; inTheWay: string };

/** `queue_all` keeps so many waiting (rule 4). */
export const LONGEST_QUEUE = 100;

/**
 * Answers for scheduled, catch-up, startup and manual starts alike; `count` runs ask at once when they form a line. A
 * job is full when its instances are taken, when another job of its group has a place, or when somebody waits already.
 */
export function admit(
  policy: Pick<JobPolicy, 'maxInstances' | 'overlap'>,
  rivals: Rivals,
  count = 1,
): Admission {
  const { overlap, maxInstances } = policy;
  const own = rivals.live.filter((run) => run.holdsPlace);
  const others = rivals.groupLive.filter((run) => run.holdsPlace);
  const waiting = waitingForPlace(rivals.live);
  const full = own.length >= maxInstances || others.length > 0 || waiting.length > 0;
  if (!full || overlap === 'allow') return { kind: 'admit' };
  const inTheWay = (own[0] ?? others[0] ?? waiting[0])!.runId;
  switch (overlap) {
    case 'queue_one':
      if (waiting[0]) return { kind: 'refuse', reason: 'overlap', inTheWay: waiting[0].runId };
      return { kind: 'wait', inTheWay, cancel: [], replaced: [] };
    case 'queue_all':
      if (waiting.length + count > LONGEST_QUEUE) return { kind: 'refuse', reason: 'queue_full', inTheWay };
      return { kind: 'wait', inTheWay, cancel: [], replaced: [] };
    case 'cancel_previous': {
      const surplus = own.slice(0, Math.max(0, own.length - maxInstances + 1));
      // A line is not cut: what comes after it waits for its end (rule 3).
      const leave = [...surplus, ...others, ...waiting].filter((run) => run.line === null);
      const ids = (runs: readonly PlaceHolder[]) => runs.map((run) => run.runId);
      const [replaced, cancel] = [leave.filter(isQueued), leave.filter((run) => !isQueued(run))];
      return { kind: 'wait', inTheWay, cancel: ids(cancel), replaced: ids(replaced) };
    }
    default:
      return { kind: 'refuse', reason: 'overlap', inTheWay };
  }
}

/** With or without a place: it can leave at once, nobody has to confirm an end. */
const isQueued = (run: PlaceHolder) => run.state === 'queued';

/** Admitted, never started, and without a place; runs behind the head of a line that has one do not wait for another. */
function waitingForPlace(live: readonly PlaceHolder[]): PlaceHolder[] {
  const placed = new Set(live.filter((run) => run.holdsPlace && run.line !== null).map((run) => run.line));
  return live.filter(
    (run) =>
      run.state === 'queued' &&
      !run.holdsPlace &&
      run.attempts.length === 0 &&
      (run.line === null || !placed.has(run.line)),
  );
}
