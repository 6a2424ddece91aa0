import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PlanFile, type Policy, planCleanup } from '#housekeeper/plan';
import { DAY, MB, NOW } from './support.ts';

type File = PlanFile & { name: string };

const file = (name: string, ageDays: number, megabytes = 1): File => ({
  name,
  path: Buffer.from(name),
  mtimeMs: NOW - ageDays * DAY,
  size: megabytes * MB,
});

const NO_POLICY: Policy = {
  retentionDays: null,
  maxFiles: null,
  maxSizeMb: null,
  minKeep: 0,
  maxDeleteShare: null,
};
/** a is 50 days old, b 40, c 30, d 20, e 10; 1 MB each. */
const FIVE = [file('d', 20), file('a', 50), file('e', 10), file('c', 30), file('b', 40)];
const MARK = { retention_days: 'age', max_files: 'count', max_size_mb: 'size' } as const;

/** `a:age b:count | c! d e`: what goes with its reason, what stays; `!` = only min_keep holds it. */
function decide(files: File[], policy: Partial<Policy>): string {
  const { remove, keep } = planCleanup(files, { ...NO_POLICY, ...policy }, NOW, 30);
  const gone = remove.map(({ file, reason }) => `${file.name}:${MARK[reason]}`);
  const stay = keep.map(({ file, why }) => (why === 'min_keep' ? `${file.name}!` : file.name));
  return `${gone.join(' ')} | ${stay.join(' ')}`.trim();
}

describe('five files, oldest first a b c d e', () => {
  test.each<[Partial<Policy>, string]>([
    // no policy: the default of 30 days
    [{}, 'a:age b:age | c d e'],
    [{ minKeep: 4 }, 'a:age | b! c d e'],
    // (1) age
    [{ retentionDays: 60 }, '| a b c d e'],
    [{ retentionDays: 50 }, '| a b c d e'],
    [{ retentionDays: 49.5 }, 'a:age | b c d e'],
    [{ retentionDays: 25 }, 'a:age b:age c:age | d e'],
    [{ retentionDays: 0 }, 'a:age b:age c:age d:age e:age |'],
    // (2) count
    [{ maxFiles: 5 }, '| a b c d e'],
    [{ maxFiles: 6 }, '| a b c d e'],
    [{ maxFiles: 3 }, 'a:count b:count | c d e'],
    [{ maxFiles: 0 }, 'a:count b:count c:count d:count e:count |'],
    // (3) size
    [{ maxSizeMb: 5 }, '| a b c d e'],
    [{ maxSizeMb: 4.5 }, 'a:size | b c d e'],
    [{ maxSizeMb: 2 }, 'a:size b:size c:size | d e'],
    [{ maxSizeMb: 0.5 }, 'a:size b:size c:size d:size e:size |'],
    [{ maxSizeMb: 0 }, 'a:size b:size c:size d:size e:size |'],
    // together: each takes what the one before left
    [{ retentionDays: 45, maxFiles: 3 }, 'a:age b:count | c d e'],
    [{ retentionDays: 25, maxFiles: 4 }, 'a:age b:age c:age | d e'],
    [{ retentionDays: 45, maxFiles: 3, maxSizeMb: 2 }, 'a:age b:count c:size | d e'],
    [{ retentionDays: 45, maxSizeMb: 4 }, 'a:age | b c d e'],
    [{ maxFiles: 2, maxSizeMb: 2 }, 'a:count b:count c:count | d e'],
    [{ retentionDays: 60, maxFiles: 9, maxSizeMb: 9 }, '| a b c d e'],
    [{ retentionDays: 60, maxSizeMb: 4 }, 'a:size | b c d e'],
    // min_keep holds the newest, whatever marked them
    [{ retentionDays: 0, minKeep: 2 }, 'a:age b:age c:age | d! e!'],
    [{ maxFiles: 0, minKeep: 1 }, 'a:count b:count c:count d:count | e!'],
    [{ maxSizeMb: 1, minKeep: 3 }, 'a:size b:size | c! d! e'],
    [{ retentionDays: 45, maxFiles: 1, minKeep: 2 }, 'a:age b:count c:count | d! e'],
    [{ retentionDays: 0, minKeep: 5 }, '| a! b! c! d! e!'],
    [{ retentionDays: 0, minKeep: 9 }, '| a! b! c! d! e!'],
    [{ retentionDays: 45, minKeep: 2 }, 'a:age | b c d e'],
  ])('%j', (policy, expected) => {
    expect(decide(FIVE, policy)).toBe(expected);
  });
});

describe('edges', () => {
  test.each<[string, File[], Partial<Policy>, string]>([
    ['no files', [], { retentionDays: 0, maxFiles: 0 }, '|'],
    [
      'files of one instant go by name',
      [file('z', 9), file('a', 9), file('m', 9)],
      { maxFiles: 1 },
      'a:count m:count | z',
    ],
    ['the future is not older than now', [file('f', -1), file('o', 1)], { retentionDays: 0 }, 'o:age | f'],
    ['now is not older than now', [file('n', 0)], { retentionDays: 0 }, '| n'],
    ['size 0 takes empty files too', [file('e', 9, 0)], { maxSizeMb: 0 }, 'e:size |'],
    [
      'empty files stay once the total fits',
      [file('a', 9, 2), file('e', 8, 0)],
      { maxSizeMb: 1 },
      'a:size | e',
    ],
    [
      'an old empty file goes before a newer big one',
      [file('e', 9, 0), file('b', 8, 3)],
      { maxSizeMb: 1 },
      'e:size b:size |',
    ],
    [
      'one byte too many',
      [file('a', 9, 1), { ...file('b', 8), size: MB + 1 }],
      { maxSizeMb: 2 },
      'a:size | b',
    ],
  ])('%s', (_, files, policy, expected) => {
    expect(decide(files, policy)).toBe(expected);
  });

  test('says when the default retention decided', () => {
    const used = (policy: Partial<Policy>) =>
      planCleanup(FIVE, { ...NO_POLICY, ...policy }, NOW, 30).usedDefaultRetention;
    expect(used({})).toBe(true);
    expect(used({ minKeep: 1, maxDeleteShare: 0.5 })).toBe(true);
    expect(used({ retentionDays: 0 })).toBe(false);
    expect(used({ maxFiles: 0 })).toBe(false);
    expect(used({ maxSizeMb: 0 })).toBe(false);
  });
});

describe('max_delete_share', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => file(`f${index}`, index + 1));
  test.each([
    [20, 10, 0.5, 'approved'],
    [20, 11, 0.5, 'refused'],
    [19, 19, 0.5, 'approved'],
    [40, 1, 0, 'refused'],
    [40, 0, 0, 'approved'],
    [40, 40, 1, 'approved'],
    [40, 40, null, 'approved'],
  ])('of %i files %i go, share %s: %s', (count, remove, maxDeleteShare, kind) => {
    const plan = planCleanup(
      many(count),
      { ...NO_POLICY, maxFiles: count - remove, maxDeleteShare },
      NOW,
      30,
    );
    expect(plan.remove).toHaveLength(remove);
    expect(plan.kind).toBe(kind);
  });
});

test('a file goes exactly if a policy marks it and it is not among the newest that stay', () => {
  const files = fc
    .array(fc.record({ age: fc.integer({ min: -2, max: 12 }), size: fc.integer({ min: 0, max: 3 }) }), {
      maxLength: 12,
    })
    .map((list) => list.map(({ age, size }, index) => file(`f${index}`, age, size)));
  const limit = fc.option(fc.integer({ min: 0, max: 10 }));
  const policies = fc.record<Policy>({
    retentionDays: limit,
    maxFiles: limit,
    maxSizeMb: limit,
    minKeep: fc.integer({ min: 0, max: 4 }),
    maxDeleteShare: fc.constant(null),
  });
  fc.assert(
    fc.property(files, policies, (list, policy) => {
      const { remove, keep } = planCleanup(list, policy, NOW, 5);
      expect(new Set([...remove, ...keep].map(({ file }) => file))).toEqual(new Set(list));
      expect(new Set(remove.map(({ file }) => file.name))).toEqual(lawOf(list, policy, 5));
    }),
    { numRuns: 500 },
  );
});

/** The law once more, policy by policy with sets, as it is written rather than as it is built. */
function lawOf(files: File[], policy: Policy, defaultDays: number): Set<string> {
  const oldestFirst = files.toSorted((a, b) => a.mtimeMs - b.mtimeMs || (a.name < b.name ? -1 : 1));
  const none = policy.retentionDays === null && policy.maxFiles === null && policy.maxSizeMb === null;
  const days = none ? defaultDays : policy.retentionDays;
  const aged = new Set(days === null ? [] : files.filter((one) => NOW - one.mtimeMs > days * DAY));
  const young = oldestFirst.filter((one) => !aged.has(one));
  const excess = new Set(
    policy.maxFiles === null ? [] : young.slice(0, Math.max(0, young.length - policy.maxFiles)),
  );
  const left = young.filter((one) => !excess.has(one));
  const oversize = new Set<File>();
  for (const one of policy.maxSizeMb === null ? [] : left) {
    const total = left.filter((other) => !oversize.has(other)).reduce((sum, other) => sum + other.size, 0);
    if (policy.maxSizeMb === 0 || total > policy.maxSizeMb! * MB) oversize.add(one);
  }
  const newest = new Set(oldestFirst.toReversed().slice(0, policy.minKeep));
  const marked = aged.union(excess).union(oversize);
  return new Set([...marked.difference(newest)].map((one) => one.name));
}
