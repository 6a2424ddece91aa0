// doctor on a real installation: its exit codes, what it finds on the disk, and that it writes nothing.

import { chmod, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Finding } from '#service/doctor';
import { commandLine } from '../support/command-line.ts';
import { Project } from '../support/service-process.ts';

const JOBS = 'vault_sync: { enabled: false }\nhousekeeping: { enabled: true, cron: "0 3 * * *" }';

async function project(jobs = JOBS): Promise<Project> {
  const made = await Project.create();
  await made.settings(jobs, 'timezone: UTC');
  return made;
}

async function examined(made: Project): Promise<{ code: number; bad: string[] }> {
  const { code, stdout } = await commandLine(made)('doctor', '--json');
  const found = JSON.parse(stdout) as Finding[];
  return {
    code,
    bad: found.filter(({ level }) => level !== 'ok').map(({ check, level }) => `${check} ${level}`),
  };
}

test('before the first start it finds no fault, and makes no directory', async () => {
  const made = await project();
  expect(await examined(made)).toEqual({ code: 0, bad: ['service warning'] });
  expect(await readdir(made.dir)).not.toContain('data');
});

test('beside a running service all is well', async () => {
  const made = await project();
  await made.start().message(/^listening on http:/);
  expect(await examined(made)).toEqual({ code: 0, bad: [] });
  const { stdout } = await commandLine(made)('doctor');
  expect(stdout).toMatch(/^CHECK +STATE +FOUND\nsettings +ok +/);
  expect(stdout).toMatch(/^service +ok +a service holds/m);
});

test('faults of the settings end with 78', async () => {
  const made = await project('report: { enabled: maybe }');
  const { code, bad } = await examined(made);
  expect(code).toBe(78);
  expect(bad).toContain('settings fault');
});

test('a ledger that is none ends with 1 and says how to mend it', async () => {
  const made = await project();
  expect(await commandLine(made)('pause')).toMatchObject({ code: 0 });
  const file = path.join(made.state, 'scheduler.db');
  await writeFile(file, 'no database at all '.repeat(500));
  expect(await examined(made)).toEqual({ code: 1, bad: ['ledger fault', 'service warning'] });
  const { stdout } = await commandLine(made)('doctor');
  expect(stdout).toContain('fix: Stop every scheduler of this state directory');
});

test('secrets that others may read are named', async () => {
  const made = await project();
  await made.write('.env', 'LOG_LEVEL=info\n');
  await chmod(path.join(made.dir, '.env'), 0o644);
  await commandLine(made)('pause');
  const { stdout } = await commandLine(made)('doctor');
  expect(stdout).toMatch(/^permissions +warning +others may read .*\.env \(mode 644\)/m);
});

test('a graph that does not answer is a fault', async () => {
  const made = await project();
  await made.write(
    'settings/aclarai.config.yaml',
    'paths: { vault: vault }\nvault: { graph: neo4j }\ndatabases: { neo4j: { uri: "bolt://127.0.0.1:9" } }\nscheduler:\n  jobs:\n    vault_sync: { enabled: true, every: 1h }\n',
  );
  expect((await examined(made)).bad).toContain('graph fault');
  made.env.NEO4J_PASSWORD = 'secret-of-the-test';
  const { code, bad } = await examined(made);
  expect([code, bad.includes('graph fault')]).toEqual([1, true]);
  const { stdout } = await commandLine(made)('doctor', '--json');
  expect(stdout).toContain('bolt://127.0.0.1:9');
  expect(stdout).not.toContain('secret-of-the-test');
});
