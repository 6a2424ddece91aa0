// What somebody hostile, or a busy machine, does to a directory that is cleaned.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cleanRule, type RuleRun } from '#housekeeper/clean-rule';
import { cleanInThread } from '#housekeeper/clean-thread';
import { house } from './house.ts';
import { NOW, put, ruleWith, tempFolder, tree } from './support.ts';

function runOn(directory: string, changes: Partial<RuleRun['rule']> = {}): RuleRun {
  const root = tempFolder();
  return {
    rule: ruleWith({ directory, retentionDays: 30, ...changes }),
    dryRun: false,
    now: NOW,
    defaultRetentionDays: 30,
    protectedPaths: { vault: join(root, 'vault'), settingsFile: null, state: join(root, 'state') },
    allowedRoots: [],
    timezone: 'UTC',
  };
}

/** Swaps `logs` for a link to `outside` and back until its stdin is closed. */
const SWAPPER = `const fs = require('node:fs'); const [logs, outside] = process.argv.slice(1);
let on = true; process.stdin.resume().on('end', () => { on = false; }); process.stdout.write('ready');
(function swap() {
  fs.renameSync(logs, logs + '.moved'); fs.symlinkSync(outside, logs);
  fs.unlinkSync(logs); fs.renameSync(logs + '.moved', logs);
  if (on) setImmediate(swap);
})();`;

test('a registered directory that becomes a link and back all the time: nothing behind the link ever goes', async () => {
  const root = tempFolder();
  const [logs, outside] = [join(root, 'free/logs'), join(root, 'outside')];
  for (let n = 0; n < 20; n++) put(outside, `f${n}`, 99);
  mkdirSync(logs, { recursive: true });
  const run = { ...runOn(logs, { source: 'api' }), allowedRoots: [join(root, 'free')] };
  const swapper = spawn(process.execPath, ['-e', SWAPPER, logs, outside], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(swapper.stdout, 'data');
  const outcomes = new Set<string>();
  for (let round = 0; round < 150; round++) {
    const { success, error } = await cleanRule(run);
    outcomes.add(success ? 'clean' : (error?.code ?? 'none'));
  }
  swapper.stdin.end();
  const [code] = await once(swapper, 'exit');
  expect(code).toBe(0);
  expect(tree(outside)).toHaveLength(20);
  expect(
    [...outcomes].filter((outcome) => !['clean', 'CLEANUP_ERROR', 'FORBIDDEN'].includes(outcome)),
  ).toEqual([]);
});

test('files that others delete meanwhile are counted as kept, and the run goes on', async () => {
  const folder = tempFolder();
  for (let n = 0; n < 50; n++) put(folder, `f${n}`, 99);
  const result = await cleanRule(runOn(folder), {
    onPlanned: () => {
      for (let n = 0; n < 10; n++) unlinkSync(join(folder, `f${n}`));
    },
  });
  expect(result).toMatchObject({ success: true, files_deleted: 40, files_kept: 10 });
  expect(result.warnings).toHaveLength(10);
  expect(result.warnings[0]).toMatch(/^f\d: kept, no such file or directory \(ENOENT\)$/);
});

describe('names', () => {
  const ODD = [
    '*',
    '?',
    '[a]',
    '{a,b}',
    '-rf',
    '~',
    '$HOME',
    'a\nb',
    ' ',
    '\\',
    'a;b',
    '`id`',
    '..x',
    '!(a)',
  ];

  test('that look like patterns, options or commands are just names', async () => {
    const folder = tempFolder();
    for (const name of [...ODD, 'plain']) put(folder, name, 99);
    expect(await cleanRule(runOn(folder, { pattern: '[*]' }))).toMatchObject({ files_deleted: 1 });
    expect(tree(folder)).toEqual([...ODD, 'plain'].filter((name) => name !== '*').toSorted());
    expect(await cleanRule(runOn(folder))).toMatchObject({ files_deleted: ODD.length - 1, files_kept: 0 });
    expect(tree(folder)).toEqual(['..x']); // a leading dot is never matched by *
  });

  test.each(['../x', '/etc/passwd', '..', 'a/../b', 'a\0b', ''])(
    'the pattern %j is refused',
    async (pattern) => {
      const folder = tempFolder();
      put(folder, 'x', 99);
      expect(await cleanRule(runOn(folder, { pattern }))).toMatchObject({
        success: false,
        error: { code: 'INVALID_PARAMETERS' },
      });
      expect(tree(folder)).toEqual(['x']);
    },
  );
});

test('a directory written with .. is what it resolves to, and refused if that is forbidden', async () => {
  const { root, use, rule, one } = house();
  put(root, 'vault/x', 99);
  use({ rules: [rule({ directory: `${root}/logs/../vault` })] });
  expect(await one('logs')).toMatchObject({ success: false, error: { code: 'FORBIDDEN' } });
  expect(tree(join(root, 'vault'))).toEqual(['x']);
});

test('hard links: names outside stay, and the space is not counted as freed', async () => {
  const root = tempFolder();
  put(root, 'logs/a', 99, 'x'.repeat(100));
  put(root, 'logs/b', 99, 'x'.repeat(10));
  linkSync(join(root, 'logs/a'), join(root, 'outside'));
  linkSync(join(root, 'logs/b'), join(root, 'logs/b2'));
  expect(await cleanRule(runOn(join(root, 'logs')))).toMatchObject({ files_deleted: 3, space_freed: 10 });
  expect(tree(root)).toEqual(['outside']);
});

test('a file that may not be deleted even by root is kept with a warning, the others go', async () => {
  const folder = tempFolder();
  put(folder, 'held', 99);
  put(folder, 'free', 99);
  const isHeld = attempt('chattr', '+i', join(folder, 'held'));
  if (!isHeld) {
    // No such flag on this file system: a folder that is not empty cannot be unlinked either.
    rmSync(join(folder, 'held'));
    put(folder, 'held/x', 1);
  }
  const result = await cleanRule(runOn(folder));
  if (isHeld) attempt('chattr', '-i', join(folder, 'held'));
  expect(result).toMatchObject({ success: true, files_deleted: 1 });
  expect(result.warnings).toEqual(isHeld ? ['held: kept, operation not permitted (EPERM)'] : []);
  expect(tree(folder)).toEqual([isHeld ? 'held' : 'held/x']);
});

test('the vault mounted below a directory is not entered', async () => {
  const { root, logs, use, rule, one } = house();
  put(root, 'vault/note', 99);
  put(logs, 'sub/old', 99);
  const below = join(logs, 'mounted');
  mkdirSync(below);
  if (attempt('mount', '--bind', join(root, 'vault'), below))
    onTestFinished(() => void attempt('umount', below));
  else symlinkSync(join(root, 'vault'), join(below, 'link')); // not allowed to mount: the next best way in
  use({ rules: [rule({ recursive: true })] });
  expect(await one('logs')).toMatchObject({ success: true, files_deleted: 1 });
  expect(tree(join(root, 'vault'))).toEqual(['note']);
});

test('two hundred thousand files', async () => {
  const folder = tempFolder();
  const MANY = 200_000;
  for (let n = 0; n < MANY; n++) writeFileSync(join(folder, `f${n}`), '');
  const { now: _now, ...run } = runOn(folder, { retentionDays: null, maxFiles: 5 });
  const result = await cleanInThread({ ...run, now: Date.now() });
  expect(result).toMatchObject({ success: true, files_deleted: MANY - 5, files_kept: 5, warnings: [] });
  expect(result).toMatchObject({ removed: { length: 1_000 }, removed_not_shown: MANY - 1_005 });
  expect(tree(folder)).toHaveLength(5);
}, 120_000);

function attempt(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
