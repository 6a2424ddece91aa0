import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlanFile, type Policy, planCleanup } from '#housekeeper/plan';
import { DAY, MB, NOW } from './support.ts';

const files = fc
  .array(fc.record({ age: fc.integer({ min: -2, max: 12 }), size: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 24,
  })
  .map((list) =>
    list.map(
      ({ age, size }, index): PlanFile => ({
        path: Buffer.from(`f${index}`),
        mtimeMs: NOW - age * DAY,
        size: size * MB,
      }),
    ),
  );
const limit = fc.option(fc.integer({ min: 0, max: 10 }));
const policies = fc.record<Policy>({
  retentionDays: limit,
  maxFiles: limit,
  maxSizeMb: limit,
  minKeep: fc.integer({ min: 0, max: 6 }),
  maxDeleteShare: fc.constant(null),
});

const plan = (list: readonly PlanFile[], policy: Policy) => planCleanup(list, policy, NOW, 5);
const removed = (list: readonly PlanFile[], policy: Policy) =>
  new Set(plan(list, policy).remove.map(({ file }) => file));
const oldestFirst = (list: readonly PlanFile[]) =>
  list.toSorted((a, b) => a.mtimeMs - b.mtimeMs || Buffer.compare(a.path, b.path));

const holds = (law: (list: PlanFile[], policy: Policy) => void) =>
  fc.assert(fc.property(files, policies, law), { numRuns: 500 });

describe('whatever the files and the rule', () => {
  test('every file is decided once, oldest first, and what goes is older than what stays', () =>
    holds((list, policy) => {
      const { remove, keep } = plan(list, policy);
      expect([...remove, ...keep].map(({ file }) => file)).toEqual(oldestFirst(list));
    }));

  test('the newest that always stay, stay', () =>
    holds((list, policy) => {
      const newest = oldestFirst(list).toReversed().slice(0, policy.minKeep);
      expect(newest.filter((file) => removed(list, policy).has(file))).toEqual([]);
    }));

  test('each policy alone removes nothing that all together keep', () =>
    holds((list, policy) => {
      const all = removed(list, policy);
      const none = { retentionDays: null, maxFiles: null, maxSizeMb: null };
      for (const key of ['retentionDays', 'maxFiles', 'maxSizeMb'] as const) {
        if (policy[key] === null) continue;
        const alone = removed(list, { ...policy, ...none, [key]: policy[key] });
        expect([...alone].filter((file) => !all.has(file))).toEqual([]);
      }
    }));

  test('a stricter rule removes no less', () =>
    holds((list, policy) => {
      const before = removed(list, policy);
      for (const key of ['retentionDays', 'maxFiles', 'maxSizeMb', 'minKeep'] as const) {
        const now = policy[key];
        if (!now) continue;
        const stricter = removed(list, { ...policy, [key]: now - 1 });
        expect([...before].filter((file) => !stricter.has(file))).toEqual([]);
      }
    }));

  test('the order in which the disk lists them changes nothing, and a second run removes nothing more', () =>
    holds((list, policy) => {
      const { remove, keep } = plan(list, policy);
      expect(plan(list.toReversed(), policy).remove).toEqual(remove);
      expect(
        removed(
          keep.map(({ file }) => file),
          policy,
        ).size,
      ).toBe(0);
    }));

  test('a refused plan names what would have gone', () =>
    holds((list, policy) => {
      const refusing = plan(list, { ...policy, maxDeleteShare: 0 });
      expect(refusing.remove).toEqual(plan(list, policy).remove);
      expect(refusing.kind === 'refused').toBe(list.length >= 20 && refusing.remove.length > 0);
    }));
});
