// May one more run of a job have a place? The one admission rule that engine and runs share (rule 4). Pure.

import type { JobPolicy } from './job.ts';
import type { Run } from './run.ts';

/** A live run of the job, as far as admission looks at it. */
export type PlaceHolder = Pick<Run, 'runId' | 'state' | 'holdsPlace'>;

export type Admission = { kind: 'admit' } | { kind: 'refuse'; reason: 'overlap'; inTheWay: string };

/**
 * Answers for scheduled, catch-up, startup and manual starts alike. A full job refuses and names the
 * run in the way: the one that has held its place longest (`live` is ordered oldest first).
 */
export function admit(policy: Pick<JobPolicy, 'maxInstances'>, live: readonly PlaceHolder[]): Admission {
  const holding = live.filter((run) => run.holdsPlace);
  const inTheWay = holding[0];
  if (!inTheWay || holding.length < policy.maxInstances) return { kind: 'admit' };
  return { kind: 'refuse', reason: 'overlap', inTheWay: inTheWay.runId };
}
