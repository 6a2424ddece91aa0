// `new` writes a job that works at once: its test passes, the settings hold, it runs by hand and is off.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '#core/clock';
import { runCli } from '#faces/cli/cli';
import { createHost } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { nodeTests } from '../support/node-tests.ts';
import { fakeIo } from '../unit/cli/support.ts';

const SETTINGS = `# the house
scheduler:
  jobs:
    old: { enabled: false, manual_only: true } # stays
  timezone: UTC
`;

async function project(settings = SETTINGS) {
  const dir = await mkdtemp(path.join(tmpdir(), 'new-job-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(path.join(dir, 'settings'));
  await writeFile(path.join(dir, 'settings/aclarai.config.yaml'), settings);
  const read = (name: string) => readFile(path.join(dir, name), 'utf8');
  const cli = async (...args: string[]) => {
    const log = createLog({ clock: systemClock, level: 'error', sink: { write: () => {} }, pretty: false });
    const process = { env: {}, cwd: dir, pid: 1, random: () => 0.5 };
    const host = createHost({ ...process, clock: systemClock, log, version: 'test' });
    const io = { ...fakeIo(host), clock: systemClock };
    const exit = await runCli(args, io);
    return { exit, out: io.stdout.text, err: io.stderr.text };
  };
  return { dir, read, cli };
}

it('the job, its test and its entry are there, and what to do next is said', async () => {
  const { dir, read, cli } = await project();
  const { exit, out } = await cli('new', 'word-count');
  expect(exit).toBe(0);
  expect(out).toContain('word_count');
  expect(out).toContain('--test');
  expect(out).toContain('aclarai-scheduler run word_count --force --watch');
  expect((await readdir(path.join(dir, 'jobs'))).sort()).toEqual(['word-count.test.ts', 'word-count.ts']);
  const settings = await read('settings/aclarai.config.yaml');
  expect(settings.split('\n')[4]).toBe('    word_count:');
  expect(out).toContain('aclarai.config.yaml:6');
  expect(settings.split('\n')[5]).toContain('enabled: false');
  expect(settings).toContain('# the house');
  expect(settings).toContain('# stays\n');
  expect((await cli('validate')).exit).toBe(0);
  const files = ['word-count.ts', 'word-count.test.ts'];
  const texts = await Promise.all(files.map(async (file) => [file, await read(`jobs/${file}`)] as const));
  expect(await nodeTests(Object.fromEntries(texts))).toContain('# pass 2');
});

it('it is off until somebody says so, and runs when it is forced', async () => {
  const { cli } = await project();
  await cli('new', 'WordCount');
  expect(await cli('run', 'word_count')).toMatchObject({ exit: 1, err: expect.stringContaining('disabled') });
  expect(await cli('run', 'word_count', '--force', '--json')).toMatchObject({ exit: 0 });
});

it('nothing is overwritten: not a file, not an entry, not another ending', async () => {
  const { dir, read, cli } = await project();
  await mkdir(path.join(dir, 'jobs'));
  await writeFile(path.join(dir, 'jobs/word_count.mjs'), '// mine');
  for (const [name, told] of [
    ['word-count', 'word_count.mjs is there already'],
    ['old', 'there is a job old already'],
    ['vault-sync', 'there is a job vault_sync already'],
  ] as const) {
    const { exit, err } = await cli('new', name);
    expect([exit, err.includes(told)]).toEqual([1, true]);
  }
  expect(await readdir(path.join(dir, 'jobs'))).toEqual(['word_count.mjs']);
  expect(await read('settings/aclarai.config.yaml')).toBe(SETTINGS);
});

it.each(['../evil', 'a b', '', '-x', 'a'.repeat(65)])('the name %j is refused', async (name) => {
  const { cli } = await project();
  expect((await cli('new', '--', name)).exit).toBe(2);
});

it('settings that do not hold are told, and left alone', async () => {
  const { dir, cli } = await project('scheduler: { jobs: { a: { timout: 1 } } }\n');
  expect((await cli('new', 'word-count')).exit).toBe(78);
  expect(await readdir(dir)).toEqual(['settings']);
});
