// Programs from the settings file, run by the real service: named ones, `exec`, and an end for all of a group.

import { expect, it } from 'vitest';
import { Project, type Row } from '../support/service-process.ts';

const NODE = process.execPath;
const quoted = (...words: string[]) => JSON.stringify(words);
const allowed = (...entries: string[]) =>
  `exec: { allowed: [${[JSON.stringify(NODE), ...entries].join(', ')}] }`;

it('runs a named program with the input of the job on stdin, and `exec` with its arguments', async () => {
  const project = await Project.create();
  const echo = "process.stdin.on('data', (d) => process.stdout.write('got ' + d))";
  await project.settings(
    `backup: { handler: "backup:database", enabled: true, cron: "0 4 * * *", input: { db: main } }
lines:
  { handler: exec, enabled: true, cron: "0 4 * * *", retries: 0, input: { program: ${JSON.stringify(NODE)}, args: ${quoted('-e', 'console.log(1); process.exitCode = 4')} } }`,
    allowed(`{ "backup:database": ${quoted(NODE, '-e', echo)} }`),
  );
  expect(await project.command('validate')).toMatchObject({ code: 0 });
  const backup = await project.json('run', 'backup');
  expect(backup).toMatchObject({ state: 'succeeded', statistics: { exit_code: 0, stdout_lines: 1 } });
  expect(await project.json<Row[]>('logs', String(backup.run_id))).toMatchObject([
    { stream: 'stdout', message: 'got {"db":"main"}' },
  ]);
  const { code, stdout } = await project.command('run', 'lines', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ state: 'failed', statistics: { exit_code: 4 } },
    error: { message: expect.stringContaining('ended with exit code 4') },
  });
}, 60_000);

it('refuses a shell in the settings, with the place', async () => {
  const project = await Project.create();
  await project.settings('x: { handler: exec, enabled: false }', 'exec: { allowed: [bash] }');
  const { code, stderr } = await project.command('validate');
  expect(code).toBe(78);
  expect(stderr).toMatch(
    /aclarai\.config\.yaml:3:\d+: scheduler\.exec\.allowed\.0: .*a shell is never started/,
  );
}, 60_000);

it('ends a program and its children when the service stops', async () => {
  const project = await Project.create();
  const child =
    "process.on('SIGTERM', () => {}); console.log('child', process.pid); setInterval(() => {}, 1000)";
  const parent = `process.on('SIGTERM', () => {}); require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
  await project.settings(
    `stays: { handler: stays, enabled: true, cron: "0 4 * * *" }`,
    allowed(`{ stays: ${quoted(NODE, '-e', parent)} }`).replace(
      'exec:',
      'shutdown: { drain: 0, abort: 0.2 }\n  exec:',
    ),
  );
  const service = project.start();
  await service.message(/is up/);
  await project.json('run', 'stays');
  const line = await service.message(/^child \d+$/);
  const pid = Number(String(line.msg).split(' ')[1]);
  expect(() => process.kill(pid, 0)).not.toThrow();
  expect(await service.kill('SIGTERM')).toMatchObject({ code: 0 });
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const state = () => {
    try {
      return / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    } catch {
      return 'gone';
    }
  };
  expect(state()).toMatch(/^(gone|Z)$/);
}, 60_000);

it('ends at the next start what a killed service left running', async () => {
  const project = await Project.create();
  const deaf =
    "process.on('SIGTERM', () => {}); console.log('program', process.pid); setInterval(() => {}, 1000)";
  await project.settings(
    'stays: { handler: stays, enabled: true, cron: "0 4 * * *", retries: 0 }',
    allowed(`{ stays: ${quoted(NODE, '-e', deaf)} }`),
  );
  const service = project.start();
  await service.message(/is up/);
  await project.json('run', 'stays');
  const pid = Number(String((await service.message(/^program \d+$/)).msg).split(' ')[1]);
  await service.kill('SIGKILL');
  expect(() => process.kill(pid, 0)).not.toThrow();
  const next = project.start();
  expect(await next.message(/outlived the service: it is ended/)).toMatchObject({ pid, job_name: 'stays' });
  await next.message(/is up/);
  expect(await next.kill('SIGTERM')).toMatchObject({ code: 0 });
}, 60_000);
