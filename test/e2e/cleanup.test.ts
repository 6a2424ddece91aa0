// `cleanup …` as a person or a script meets it: real processes, a real ledger, real files.

import { existsSync, readdirSync } from 'node:fs';
import { mkdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Project, type Row } from '../support/service-process.ts';

const SETTINGS = `paths: { vault: vault }
scheduler:
  jobs: { vault_sync: { enabled: false }, housekeeping: { enabled: false } }
housekeeper:
  allowed_roots: [free]
  rules:
    - { id: of_settings, directory: written, pattern: "*.log", retention_days: 30, min_keep: 1 }
`;

async function project(): Promise<Project> {
  const made = await Project.create();
  await made.write('settings/aclarai.config.yaml', SETTINGS);
  for (const folder of ['written', 'free/temp', 'closed'])
    await mkdir(path.join(made.dir, folder), { recursive: true });
  return made;
}

async function put(at: Project, file: string, ageDays: number): Promise<void> {
  await at.write(file, 'x');
  const seconds = Date.now() / 1000 - ageDays * 86_400;
  await utimes(path.join(at.dir, file), seconds, seconds);
}

describe('the rules', () => {
  it('are registered, listed, changed and removed; those of the settings are changed there', async () => {
    const at = await project();
    const made = await at.command(
      'cleanup',
      'register',
      'free/temp',
      '--id',
      'temp',
      '--max-files',
      '5',
      '--module',
      'm',
    );
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('cleanup temp is registered\n');
    expect(made.stdout).toMatch(/^Directory: +\S+free\/temp$/m);

    const list = await at.json<Row[]>('cleanup', 'list');
    expect(list.map(({ id, source }) => [id, source])).toEqual([
      ['of_settings', 'config'],
      ['temp', 'api'],
    ]);
    expect(await at.json<Row[]>('cleanup', 'list', '--module', 'm')).toHaveLength(1);
    const table = await at.command('scheduler:cleanup', 'list');
    expect(table.stdout).toMatch(/^ID +DIRECTORY +PATTERN +GOES/);
    expect(table.stdout).toMatch(/^of_settings .* older than 30 days; keeps 1 .* config /m);

    const changed = await at.json(
      'cleanup',
      'update',
      'temp',
      '--max-files',
      'none',
      '--retention-days',
      '0.5',
    );
    expect(changed).toMatchObject({ max_files: null, retention_days: 0.5, module_id: 'm' });
    expect(await at.command('cleanup', 'remove', 'temp')).toMatchObject({
      code: 0,
      stdout: 'cleanup temp is removed\n',
    });
    const removed = await at.command('cleanup', 'remove', 'of_settings');
    expect(removed.code).toBe(1);
    expect(removed.stderr).toMatch(
      /^error: cleanup of_settings is written in .*aclarai\.config\.yaml:7\nfix: /,
    );
  });

  it.each<[number, RegExp, string[]]>([
    [2, /^error: max_delete_share is 2/, ['register', 'free/temp', '--max-delete-share', '2']],
    [2, /^error: --max-files "-1" is not a whole number/, ['register', 'free/temp', '--max-files=-1']],
    [2, /^error: pattern "\.\.\/x" contains/, ['register', 'free/temp', '--pattern', '../x']],
    [2, /^error: the directory is missing/, ['register']],
    [2, /^error: nothing to change/, ['update', 'temp']],
    [2, /^error: the id of the rule is missing/, ['remove']],
    [2, /cannot be used with option/, ['run', '--dry-run', '--plan', 'x']],
    [1, /closed does not lie under an entry of `housekeeper\.allowed_roots`/, ['register', 'closed']],
    [1, /is a system directory|lies in a system directory/, ['register', '/etc']],
    [1, /^error: there is no plan x/, ['run', '--plan', 'x']],
    [3, /fix: did you mean "of_settings"\?/, ['run', 'of_setings']],
    [3, /^error: there is no cleanup rule "temp"/, ['update', 'temp', '--max-files', '1']],
  ])('answer %i and %s to %j', async (code, text, args) => {
    const at = await project();
    const answer = await at.command('cleanup', ...args);
    expect(answer.stderr).toMatch(text);
    expect(answer).toMatchObject({ code, stdout: '' });
  });
});

describe('a run', () => {
  it('tells in a dry run what would go and why, and removes by its plan just that', async () => {
    const at = await project();
    await put(at, 'written/old.log', 40);
    await put(at, 'written/new.log', 1);
    const dry = await at.command('cleanup', 'run', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^of_settings: \[DRY RUN\] Would remove 1 of 2 files, 1 byte$/m);
    expect(dry.stdout).toMatch(/^ {2}old\.log +\d{4}-\S+ \S+ +1 +retention_days$/m);
    const planId = /--plan (\S+)$/m.exec(dry.stdout)![1]!;
    expect(existsSync(path.join(at.dir, 'written/old.log'))).toBe(true);

    await put(at, 'written/older.log', 50);
    const applied = await at.json('cleanup', 'run', '--plan', planId);
    expect(applied).toMatchObject({ total_files_deleted: 1, dry_run: false, report: { successful: 1 } });
    expect(readdirSync(path.join(at.dir, 'written')).sort()).toEqual(['new.log', 'older.log']);
    expect((await at.json<Row[]>('cleanup', 'list'))[0]!.last_run).not.toBeNull();
    expect((await at.command('cleanup', 'run', '--plan', planId)).code).toBe(1);
  });

  it('fails when a rule failed, after the others ran', async () => {
    const at = await project();
    await put(at, 'written/old.log', 40);
    await put(at, 'written/new.log', 1);
    await at.json('cleanup', 'register', 'free/later', '--id', 'later', '--priority', '1');
    const run = await at.command('cleanup', 'run');
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^later: Failed: .*no such file or directory/m);
    expect(run.stdout).toMatch(/^of_settings: Removed 1 of 2 files/m);
    expect(existsSync(path.join(at.dir, 'written/old.log'))).toBe(false);
    const one = await at.json('cleanup', 'run', 'of_settings');
    expect(one).toMatchObject({ result: { id: 'of_settings', files_deleted: 0 }, total_files_deleted: 0 });
  });
});

it('the job `housekeeping` runs the rules of both kinds, and fails when one failed', async () => {
  const at = await project();
  await put(at, 'written/old.log', 40);
  await put(at, 'written/new.log', 1);
  await put(at, 'free/temp/old', 40);
  await at.json('cleanup', 'register', 'free/temp', '--id', 'temp');
  const dry = await at.json('run', 'housekeeping', '--force', '--dry-run');
  expect(dry).toMatchObject({
    state: 'succeeded',
    statistics: { dry_run: true, files_deleted: 2, items_updated: 0 },
  });
  await at.json('cleanup', 'register', 'free/later', '--id', 'later', '--priority', '1');
  const run = await at.command('run', 'housekeeping', '--force', '--json');
  expect(run.code).toBe(1);
  expect(JSON.parse(run.stdout)).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('1 of 3 cleanup rules failed: later: ') },
  });
  expect(readdirSync(path.join(at.dir, 'written'))).toEqual(['new.log']);
  expect(readdirSync(path.join(at.dir, 'free/temp'))).toEqual([]);
  expect(readdirSync(path.join(at.dir, 'data/cleanup_reports'))).toHaveLength(2);
});
