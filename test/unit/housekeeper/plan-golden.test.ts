// The planner on one folder that has everything: ties, empty files, a big one, one of the future; a file a policy.

import path from 'node:path';
import { expect, test } from 'vitest';
import { type PlanFile, type Policy, planCleanup } from '#housekeeper/plan';
import { DAY, MB, NOW } from './support.ts';

const FOLDER = path.join(import.meta.dirname, '../../golden/cleanup-plan');

type Named = PlanFile & { name: string };

const file = (name: string, ageDays: number, megabytes: number): Named => ({
  name,
  path: Buffer.from(name),
  mtimeMs: NOW - ageDays * DAY,
  size: Math.round(megabytes * MB),
});

/** Listed in no order, as a disk does. */
const FILES = [
  file('today.log', 0.5, 1),
  file('tie-b.log', 20, 0.5),
  file('oldest.log', 400, 2),
  file('future.log', -2, 1),
  file('empty-old.log', 90, 0),
  file('tie-a.log', 20, 0.5),
  file('big.log', 45, 10),
  file('edge-30.log', 30, 1),
  file('empty-new.log', 1, 0),
  file('now.log', 0, 1),
  file('tie-c.log', 20, 0.5),
  file('week.log', 7, 3),
];
const CROWD = Array.from({ length: 30 }, (_, n) => file(`f${String(n).padStart(2, '0')}`, n + 1, 1));

const NO_POLICY: Policy = {
  retentionDays: null,
  maxFiles: null,
  maxSizeMb: null,
  minKeep: 0,
  maxDeleteShare: null,
};

const CASES: [name: string, policy: Partial<Policy>, files?: Named[]][] = [
  ['no-policy', {}],
  ['no-policy-min-keep-11', { minKeep: 11 }],
  ['age-365', { retentionDays: 365 }],
  ['age-30-the-edge-stays', { retentionDays: 30 }],
  ['age-29.9-the-edge-goes', { retentionDays: 29.9 }],
  ['age-20-ties-stay-together', { retentionDays: 20 }],
  ['age-19-ties-go-together', { retentionDays: 19 }],
  ['age-0-now-and-future-stay', { retentionDays: 0 }],
  ['age-0-min-keep-3', { retentionDays: 0, minKeep: 3 }],
  ['age-1000-nothing', { retentionDays: 1000 }],
  ['files-12-all-fit', { maxFiles: 12 }],
  ['files-11', { maxFiles: 11 }],
  ['files-7-cuts-a-tie-by-name', { maxFiles: 7 }],
  ['files-1', { maxFiles: 1 }],
  ['files-0-all', { maxFiles: 0 }],
  ['files-0-min-keep-2', { maxFiles: 0, minKeep: 2 }],
  ['size-100-all-fit', { maxSizeMb: 100 }],
  ['size-20.5-exactly-fits', { maxSizeMb: 20.5 }],
  ['size-20-one-goes', { maxSizeMb: 20 }],
  ['size-10-takes-the-old-empty-too', { maxSizeMb: 10 }],
  ['size-3', { maxSizeMb: 3 }],
  ['size-0-all', { maxSizeMb: 0 }],
  ['size-0-min-keep-all', { maxSizeMb: 0, minKeep: 12 }],
  ['age-then-files', { retentionDays: 60, maxFiles: 8 }],
  ['age-then-files-age-enough', { retentionDays: 25, maxFiles: 9 }],
  ['age-then-size', { retentionDays: 60, maxSizeMb: 9 }],
  ['age-then-size-age-enough', { retentionDays: 40, maxSizeMb: 9 }],
  ['files-then-size', { maxFiles: 9, maxSizeMb: 5 }],
  ['all-three', { retentionDays: 60, maxFiles: 9, maxSizeMb: 6 }],
  ['all-three-min-keep-9', { retentionDays: 60, maxFiles: 9, maxSizeMb: 6, minKeep: 9 }],
  ['all-three-lenient', { retentionDays: 999, maxFiles: 99, maxSizeMb: 99 }],
  ['empty-folder', { retentionDays: 0, maxFiles: 0, maxSizeMb: 0 }, []],
  ['share-of-12-does-not-apply', { maxFiles: 0, maxDeleteShare: 0.1 }],
  ['share-just-allowed', { maxFiles: 15, maxDeleteShare: 0.5 }, CROWD],
  ['share-refused', { maxFiles: 14, maxDeleteShare: 0.5 }, CROWD],
  ['share-counts-after-min-keep', { maxFiles: 0, minKeep: 15, maxDeleteShare: 0.5 }, CROWD],
];

test.each(CASES)('%s', async (name, policy, files = FILES) => {
  const text = planText(files, { ...NO_POLICY, ...policy });
  await expect(text).toMatchFileSnapshot(path.join(FOLDER, `${name}.txt`));
});

test('there is a case for each golden file, and no name twice', () => {
  expect(new Set(CASES.map(([name]) => name)).size).toBe(CASES.length);
  expect(CASES.length).toBeGreaterThanOrEqual(30);
});

/** Oldest first: what becomes of each file, and why. */
function planText(files: readonly Named[], policy: Policy): string {
  const plan = planCleanup(files, policy, NOW, 30);
  const line = (verdict: string, { name, mtimeMs, size }: Named, why: string) =>
    `${verdict} ${name.padEnd(14)} ${String((NOW - mtimeMs) / DAY).padStart(5)} d ${(size / MB).toFixed(1).padStart(5)} MB  ${why}`;
  return [
    JSON.stringify(policy),
    `${plan.kind}${plan.usedDefaultRetention ? ', by the default retention of 30 days' : ''}`,
    ...plan.remove.map(({ file, reason }) => line('remove', file, reason)),
    ...plan.keep.map(({ file, why }) => line('keep  ', file, why)),
    '',
  ].join('\n');
}
