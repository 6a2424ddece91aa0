import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RuleRun } from '#housekeeper/clean-rule';
import { cleanInThread } from '#housekeeper/clean-thread';
import { NOW, put, ruleWith, tempFolder, tree } from './support.ts';

function runOf(changes: Partial<RuleRun> = {}): RuleRun & { logs: string } {
  const root = tempFolder();
  put(root, 'logs/old', 99);
  put(root, 'logs/new', 1);
  const logs = join(root, 'logs');
  return {
    logs,
    rule: ruleWith({ directory: logs, retentionDays: 30 }),
    dryRun: false,
    now: NOW,
    defaultRetentionDays: 30,
    protectedPaths: { vault: join(root, 'vault'), settingsFile: null, state: join(root, 'state') },
    allowedRoots: [],
    timezone: 'UTC',
    ...changes,
  };
}

test('a rule is cleaned in a thread as in this one', async () => {
  const { logs, ...run } = runOf();
  const planned: number[][] = [];
  const result = await cleanInThread(run, { onPlanned: (...counts) => planned.push(counts) });
  expect(result).toMatchObject({ success: true, files_deleted: 1, files_kept: 1, warnings: [] });
  expect(result.removed).toMatchObject([{ path: 'old', reason: 'retention_days' }]);
  expect(planned).toEqual([[1, 1]]);
  expect(tree(logs)).toEqual(['new']);
});

test('one that is stopped before it begins removes nothing', async () => {
  const { logs, ...run } = runOf();
  const result = await cleanInThread(run, { signal: AbortSignal.abort() });
  expect(result).toMatchObject({ success: false, error: { code: 'CLEANUP_ERROR' } });
  expect(tree(logs)).toEqual(['new', 'old']);
});

test('a thread that dies is a failed result', async () => {
  const { logs, ...run } = runOf();
  const result = await cleanInThread({ ...run, timezone: 'Nowhere/Never' });
  expect(result).toMatchObject({ id: 'logs', success: false, error: { code: 'CLEANUP_ERROR' } });
  expect(tree(logs)).toEqual(['new']);
});
