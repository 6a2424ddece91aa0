import { linkSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLAN_TTL_MS } from '#housekeeper/plan-file';
import { house } from './house.ts';
import { DAY, MB, NOW, put, tree } from './support.ts';

/** A house whose files a (oldest) to d are planned to go, e to stay; then `meanwhile`, then the plan is applied. */
async function applied(
  meanwhile: (kit: ReturnType<typeof house>) => void,
  changes: Parameters<ReturnType<typeof house>['rule']>[0] = {},
) {
  const kit = house();
  for (const [place, name] of ['a', 'b', 'c', 'd'].entries()) put(kit.logs, name, 99 - place);
  put(kit.logs, 'e', 1);
  const rule = kit.rule({ retentionDays: 30, ...changes });
  kit.use({ rules: [rule] });
  const { plan_id: planId } = await kit.housekeeper.run({ dryRun: true });
  if (planId === undefined) throw new Error('a dry run answers the id of its plan');
  meanwhile(kit);
  const report = await kit.all({ planId });
  return { ...kit, planId, report, result: report.details[0]! };
}

describe('applying a plan', () => {
  test('removes what was planned, and only once', async () => {
    const { logs, planId, result, all, root } = await applied(() => {});
    expect(result).toMatchObject({
      success: true,
      dry_run: false,
      files_deleted: 4,
      files_kept: 1,
      warnings: [],
    });
    expect(tree(logs)).toEqual(['e']);
    await expect(all({ planId })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    expect(readdirSync(join(root, 'state/cleanup_plans'))).toEqual([]);
  });

  test('leaves what came since, although the rule would take it', async () => {
    const { logs } = await applied((kit) => put(kit.logs, 'later', 200));
    expect(tree(logs)).toEqual(['e', 'later']);
  });

  test.each<[string, string, (kit: ReturnType<typeof house>) => void]>([
    ['was written to', 'it changed since it was planned', ({ logs }) => writeFileSync(join(logs, 'a'), 'yy')],
    ['has another time', 'it changed since it was planned', ({ logs }) => put(logs, 'a', 98.5)],
    [
      'is another file of that name',
      'it changed since it was planned',
      ({ logs }) => {
        put(logs, 'new', 99);
        renameSync(join(logs, 'new'), join(logs, 'a'));
      },
    ],
    ['is gone', 'it is no longer there', ({ logs }) => rmSync(join(logs, 'a'))],
    [
      'is a link by now',
      'it is no longer there',
      ({ logs, root }) => {
        put(root, 'outside', 99);
        rmSync(join(logs, 'a'));
        symlinkSync(join(root, 'outside'), join(logs, 'a'));
      },
    ],
  ])('keeps a file that %s, and says so', async (_, why, meanwhile) => {
    const { logs, root, result } = await applied(meanwhile);
    expect(result).toMatchObject({ success: true, files_deleted: 3, files_kept: 2 });
    expect(result.warnings).toEqual([`a: kept, ${why}`]);
    expect(tree(logs).filter((name) => name !== 'a')).toEqual(['e']);
    expect(tree(root)).not.toContain('logs/b');
  });

  test('keeps what the rule keeps by now: the newest that always stay moved down', async () => {
    const { logs, result } = await applied((kit) => {
      kit.use({ rules: [kit.rule({ retentionDays: 30, minKeep: 2 })] });
    });
    expect(result.warnings).toEqual(['d: kept, the rule keeps it by now']);
    expect(tree(logs)).toEqual(['d', 'e']);
  });

  test('another name of a planned file does not go with it', async () => {
    const { logs } = await applied((kit) => linkSync(join(kit.logs, 'a'), join(kit.logs, 'z')));
    expect(tree(logs)).toEqual(['e', 'z']);
  });

  test('does nothing in a directory that is another one by now', async () => {
    const { root, result } = await applied(({ root, logs }) => {
      renameSync(logs, join(root, 'moved'));
      for (const name of ['a', 'b', 'c', 'd']) put(root, `logs/${name}`, 99);
    });
    expect(result).toMatchObject({ files_deleted: 0, warnings: { length: 4 } });
    expect(tree(root).filter((path) => path.includes('/a'))).toEqual(['logs/a', 'moved/a']);
  });

  test('does nothing in a directory that became a link', async () => {
    const { root, result } = await applied(({ root, logs }) => {
      renameSync(logs, join(root, 'moved'));
      symlinkSync(join(root, 'vault'), logs);
    });
    expect(result).toMatchObject({ success: false, files_deleted: 0, error: { code: 'FORBIDDEN' } });
    expect(tree(join(root, 'moved'))).toHaveLength(5);
  });

  test('is dry where the settings say so by now, and the plan stays', async () => {
    const { logs, planId, result, housekeeper } = await applied((kit) => {
      kit.use({ rules: [kit.rule({ retentionDays: 30 })], dryRun: true });
    });
    expect(result).toMatchObject({ dry_run: true, files_deleted: 4 });
    expect(tree(logs)).toHaveLength(5);
    expect(await housekeeper.run({ planId })).toMatchObject({ dry_run: true, plan_id: planId });
  });

  test('reports a rule that was removed since', async () => {
    const { result, logs } = await applied((kit) => kit.use({ rules: [] }));
    expect(result).toMatchObject({ id: 'logs', success: false, error: { code: 'CONFIG_NOT_FOUND' } });
    expect(tree(logs)).toHaveLength(5);
  });

  test('still refuses a larger share than allowed', async () => {
    const kit = house();
    for (let n = 0; n < 20; n++) put(kit.logs, `f${n}`, 99);
    kit.use({ rules: [kit.rule({ retentionDays: 30 })] });
    const { plan_id: planId } = await kit.housekeeper.run({ dryRun: true });
    kit.use({ rules: [kit.rule({ retentionDays: 30, maxDeleteShare: 0.5 })] });
    const report = await kit.all({ planId: planId! });
    expect(report.details[0]).toMatchObject({ success: false, files_deleted: 0 });
    expect(tree(kit.logs)).toHaveLength(20);
  });
});

describe('a plan', () => {
  const planned = async () => {
    const kit = house();
    put(kit.logs, 'old', 99, 'x'.repeat(MB));
    kit.use({ rules: [kit.rule()] });
    const answer = await kit.housekeeper.run({ ruleId: 'logs', dryRun: true });
    return { ...kit, answer, planId: answer.plan_id! };
  };

  test('says why each file would go, and of one rule is answered as that rule', async () => {
    const { answer, housekeeper, planId } = await planned();
    expect(answer).toMatchObject({ result: { removed: [{ path: 'old', reason: 'retention_days' }] } });
    expect(await housekeeper.run({ planId })).toMatchObject({ result: { id: 'logs', files_deleted: 1 } });
  });

  test('expires after a day, and is gone from the disk with the next', async () => {
    const { setClock, housekeeper, planId, root } = await planned();
    setClock(NOW + PLAN_TTL_MS);
    await expect(housekeeper.run({ planId })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('expired'),
    });
    const next = (await housekeeper.run({ dryRun: true })).plan_id;
    expect(readdirSync(join(root, 'state/cleanup_plans'))).toEqual([next]);
    setClock(NOW + DAY + PLAN_TTL_MS - 1);
    expect(await housekeeper.run({ planId: next! })).toMatchObject({ total_files_deleted: 1 });
  });

  test('that never was is told with the nearest', async () => {
    const { housekeeper, planId } = await planned();
    await expect(housekeeper.run({ planId: `${planId}x` })).rejects.toMatchObject({
      fix: `did you mean ${planId}?`,
    });
    await expect(housekeeper.run({ planId: '../..' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test('is not made by a run that removes', async () => {
    const { housekeeper } = await planned();
    expect(await housekeeper.run()).not.toHaveProperty('plan_id');
  });

  test('names files whose names are no UTF-8', async () => {
    const { logs, housekeeper, use, rule } = house();
    put(logs, Buffer.from([0x66, 0xff, 0x0a, 0x22]), 99);
    put(logs, 'é', 99);
    use({ rules: [rule()] });
    const planId = (await housekeeper.run({ dryRun: true })).plan_id!;
    expect(await housekeeper.run({ planId })).toMatchObject({ total_files_deleted: 2 });
    expect(tree(logs)).toEqual([]);
  });
});
