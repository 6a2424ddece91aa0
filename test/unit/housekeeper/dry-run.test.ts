import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CleanupRequest, HousekeeperSettings } from '#core/cleanup';
import { house } from './house.ts';
import { put, tree } from './support.ts';

describe('a dry run', () => {
  test.each<[string, Partial<HousekeeperSettings>, boolean, CleanupRequest]>([
    ['by call', {}, false, { dryRun: true }],
    ['by rule', {}, true, {}],
    ['by settings', { dryRun: true }, false, {}],
    ['by settings, which a call cannot undercut', { dryRun: true }, false, { dryRun: false }],
    ['by rule, which a call cannot undercut', {}, true, { dryRun: false }],
  ])('%s removes nothing and does not move last_run', async (_, changes, ruleIsDry, request) => {
    const { logs, use, rule, all, lastRuns } = house();
    put(logs, 'old', 99);
    use({ ...changes, rules: [rule({ dryRun: ruleIsDry })] });
    const report = await all(request);
    expect(report).toMatchObject({ dry_run: true, total_files_deleted: 1 });
    expect(report.details[0]?.message).toMatch(/^\[DRY RUN\] Would remove 1 of 1 file/);
    expect(tree(logs)).toEqual(['old']);
    expect(lastRuns).toEqual(new Map());
  });

  test('foretells the real run, whatever the files and the rule', async () => {
    const { logs, use, rule, one } = house();
    const files = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 9 })), {
      maxLength: 8,
    });
    const limit = fc.option(fc.integer({ min: 0, max: 50 }));
    const policy = fc.record({
      retentionDays: limit,
      maxFiles: fc.option(fc.integer({ min: 0, max: 8 })),
      maxSizeMb: fc.option(fc.constantFrom(0, 5 / 1_048_576, 20 / 1_048_576)),
      minKeep: fc.integer({ min: 0, max: 3 }),
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(files, policy, async (list, policies) => {
        const folder = join(logs, `r${round++}`);
        mkdirSync(folder);
        for (const [index, [age, size]] of list.entries())
          put(folder, `${index % 2 ? 'sub/' : ''}f${index}`, age, 'x'.repeat(size));
        use({ rules: [rule({ directory: folder, recursive: true, ...policies })] });
        const before = tree(folder);
        const { dry_run: _dry, message: _told, ...foretold } = await one('logs', { dryRun: true });
        expect(tree(folder)).toEqual(before);
        const { dry_run: _real, message: _said, ...done } = await one('logs');
        expect(done).toEqual(foretold);
        const removed = new Set(done.removed.map((file) => file.path));
        expect(tree(folder)).toEqual(before.filter((path) => !removed.has(path)));
      }),
      { numRuns: 40 },
    );
  });
});
