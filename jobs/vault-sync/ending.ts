// What a sync looked at and what became of it in, what is known from now on out. Pure.

import type { Decision } from './decide.ts';
import type { SyncStep } from './plan.ts';
import type { Ending, FileRecord, Place } from './state.ts';

/** `open`: steps after which vault and graph still differ. Their files are read again. */
export function endingOf(
  { scan, survey, plan, gone }: Decision,
  open: readonly SyncStep[],
): Omit<Ending, 'mark'> {
  const again = new Set(open.flatMap((step) => (step.kind === 'archive' ? [] : step.block.file)));
  const files = scan.read.map(({ note, stamp, ids, faults }): FileRecord => {
    const { file, tier } = note;
    return { path: file, stamp: again.has(file) ? null : stamp, tier, blocks: ids.length, faults, ids };
  });
  const missing = open.flatMap((step) => (step.kind === 'archive' ? step.row.id : []));
  return {
    files,
    removed: survey.removed,
    settled: survey.concerned,
    missing: [...gone.wait, ...missing],
    duplicates: new Map(plan.duplicates.map(({ id, winner, places }) => [id, winnerFirst(winner, places)])),
  };
}

/** Every place of a duplicate, the one that counts first. */
export function winnerFirst(winner: Place, places: readonly Place[]): Place[] {
  const others = places.filter((place) => place !== winner);
  return [winner, ...others].map(({ file, line }) => ({ file, line }));
}
