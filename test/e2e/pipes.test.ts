// Whoever reads what the program writes may stop reading: `… | head`, a terminal that is closed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { Project } from '../support/service-process.ts';

const MAIN = path.join(import.meta.dirname, '../../src/main.ts');
const OFF = 'vault_sync: { enabled: false }\nhousekeeping: { enabled: false }\n';

function start(project: Project, ...args: string[]): { child: ChildProcess; ended: Promise<unknown[]> } {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: project.dir,
    env: { PATH, HOME, SCHEDULER_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit') };
}

test('a service whose log nobody reads any more ends as by SIGTERM', async () => {
  const project = await Project.create();
  await project.write(
    'jobs/often.ts',
    `import { defineJob } from 'aclarai-scheduler';
    export default defineJob({ async run() { return {}; } });`,
  );
  await project.settings(`${OFF}often: { enabled: true, every: 1s }`);
  const { child, ended } = start(project, 'start');
  child.stderr!.resume();
  await once(child.stdout!, 'data');
  child.stdout!.destroy();
  expect(await ended).toEqual([0, null]);
  const db = new DatabaseSync(path.join(project.state, 'scheduler.db'), { readOnly: true });
  expect(db.prepare('SELECT ended_at FROM boots').get()?.ended_at).not.toBeNull();
  db.close();
});

test('a command whose complaints nobody reads does its work, and ends', async () => {
  const project = await Project.create();
  await project.write(
    'jobs/failing.ts',
    `import { defineJob } from 'aclarai-scheduler';
    export default defineJob({ async run() { throw new Error('the disk is full'); } });`,
  );
  await project.settings(`${OFF}failing: { enabled: true, manual_only: true }`);
  const { child, ended } = start(project, 'run', 'failing');
  child.stdout!.resume();
  child.stderr!.destroy();
  expect(await ended).toEqual([1, null]);
  expect(await project.json('history', 'failing')).toMatchObject([{ state: 'failed' }]);
});
