// A plan that was shown and one made now in, what may go out: only what both name, and the file unchanged. Pure.

import type { ListedFile } from './listed.ts';
import type { CleanupPlan } from './plan.ts';
import { nameOf, proofOf } from './plan-file.ts';

/** A planned file that stays, and why. */
export interface Unfit {
  path: string;
  reason: 'gone' | 'changed' | 'kept';
}

const TELL: Record<Unfit['reason'], string> = {
  gone: 'it is no longer there',
  changed: 'it changed since it was planned',
  kept: 'the rule keeps it by now',
};

export function tellUnfit({ path, reason }: Unfit): string {
  return `${Buffer.from(path, 'latin1').toString()}: kept, ${TELL[reason]}`;
}

/** Splits what `plan` would remove by what was `planned` (path → proof); every planned file that stays is told. */
export function stillAsPlanned(
  plan: CleanupPlan<ListedFile>,
  planned: ReadonlyMap<string, string>,
): { remove: CleanupPlan<ListedFile>['remove']; unfit: Unfit[] } {
  const remove = plan.remove.filter(({ file }) => planned.get(nameOf(file)) === proofOf(file));
  const going = new Set(remove.map(({ file }) => nameOf(file)));
  const there = new Map([...plan.remove, ...plan.keep].map(({ file }) => [nameOf(file), proofOf(file)]));
  const unfit = [...planned]
    .filter(([path]) => !going.has(path))
    .map(([path, proof]): Unfit => {
      const now = there.get(path);
      if (now === undefined) return { path, reason: 'gone' };
      return { path, reason: now === proof ? 'kept' : 'changed' };
    });
  return { remove, unfit };
}
