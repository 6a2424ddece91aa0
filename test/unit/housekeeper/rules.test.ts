import { expect, test } from 'vitest';
import type { CleanupRule } from '#core/cleanup';
import { byPriority, isDryRun, ruleFaults } from '#housekeeper/rules';
import { ruleWith } from './support.ts';

test.each<[Partial<CleanupRule>, string[]]>([
  [{}, []],
  [{ retentionDays: 0, maxFiles: 0, maxSizeMb: 0, maxDeleteShare: 0 }, []],
  [{ retentionDays: 0.5, maxSizeMb: 1.5, maxDeleteShare: 1 }, []],
  [{ directory: 'logs' }, ['directory']],
  [{ directory: '' }, ['directory']],
  [{ directory: '/a\0b' }, ['directory']],
  [{ pattern: '../*' }, ['pattern']],
  [{ pattern: '' }, ['pattern']],
  [{ retentionDays: -1 }, ['retention_days']],
  [{ retentionDays: Number.NaN }, ['retention_days']],
  [{ maxFiles: -1 }, ['max_files']],
  [{ maxFiles: 1.5 }, ['max_files']],
  [{ maxSizeMb: -0.1 }, ['max_size_mb']],
  [{ maxSizeMb: Number.POSITIVE_INFINITY }, ['max_size_mb']],
  [{ minKeep: -1 }, ['min_keep']],
  [{ priority: -1 }, ['priority']],
  [{ maxDeleteShare: 1.1 }, ['max_delete_share']],
  [{ directory: 'x', pattern: 'a/b', minKeep: -2 }, ['directory', 'pattern', 'min_keep']],
])('faults of %j: %j', (changes, fields) => {
  const faults = ruleFaults(ruleWith(changes));
  expect(faults.map((fault) => fault.field)).toEqual(fields);
  for (const fault of faults) expect(fault.fix).not.toBe('');
});

test('lower priority first, equals as they stand', () => {
  const rules = [
    ruleWith({ id: 'b', priority: 100 }),
    ruleWith({ id: 'c', priority: 200 }),
    ruleWith({ id: 'd', priority: 100 }),
    ruleWith({ id: 'a', priority: 1 }),
  ];
  expect(byPriority(rules).map((rule) => rule.id)).toEqual(['a', 'b', 'd', 'c']);
});

test.each([
  [false, false, false, false],
  [true, false, false, true],
  [false, true, false, true],
  [false, false, true, true],
  [true, true, true, true],
])('dry by call %s, rule %s, settings %s: %s', (call, rule, settings, dry) => {
  expect(isDryRun(call, { dryRun: rule }, { dryRun: settings })).toBe(dry);
});
