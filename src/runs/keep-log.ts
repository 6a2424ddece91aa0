// Which runs keep what they have put out (`run_log`). Pure.

import type { Run } from '#core/run';
import type { Verdict } from '#store/store';
import type { Classified } from './classify.ts';

/**
 * Asked after every attempt; what goes on keeps it in any case. A run has failed here if one of its attempts did. It has
 * changed something unless it says that it has not: `items_updated: 0`.
 */
export function keepsLog(
  run: Pick<Run, 'attempts' | 'snapshot'>,
  ended: Pick<Classified, 'outcome' | 'statistics'>,
  verdict: Verdict,
): boolean {
  const { runLog } = run.snapshot.policy;
  if (runLog === 'all' || verdict.kind !== 'done') return true;
  const outcomes = [...run.attempts.map(({ outcome }) => outcome), ended.outcome];
  if (
    outcomes.some((outcome) => outcome !== 'succeeded' && outcome !== 'skipped' && outcome !== 'given_back')
  )
    return true;
  return runLog === 'changes' && ended.outcome === 'succeeded' && ended.statistics?.items_updated !== 0;
}
