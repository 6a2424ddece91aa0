// What runs put out, from the real process: shown by `logs`, followed as it comes, there after kill -9.

import { expect, it } from 'vitest';
import { jobFile } from '../support/job-thread.ts';
import { Project, type Row } from '../support/service-process.ts';

const messages = (lines: readonly Row[]) => lines.map(({ message }) => message);

/** The newest run of a job, once it is there. */
async function runId(project: Project, job: string): Promise<string> {
  const [run] = await project.json<Row[]>('history', job, '--limit', '1');
  return String(run!.run_id);
}

it('shows what a run has put out, for people and for programs', async () => {
  const project = await Project.create();
  await project.write('jobs/talks.ts', jobFile("console.log('out'); ctx.log.warn('odd', { files: 3 });"));
  await project.settings('talks: { enabled: true, cron: "0 4 * * *" }');
  const run = await project.json('run', 'talks');
  const lines = await project.json<Row[]>('logs', String(run.run_id));
  expect(lines).toMatchObject([
    { n: 1, attempt: 1, stream: 'stdout', level: 'info', message: 'out', fields: null },
    { n: 2, attempt: 1, stream: 'log', level: 'warn', message: 'odd', fields: { files: 3 } },
  ]);
  const { code, stdout } = await project.command('logs', String(run.run_id));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\S+ \S+ {2}stdout {2}out\n\S+ \S+ {2}WARN {4}odd files=3\n$/);
  const unknown = await project.command('logs', 'nobody');
  expect(unknown).toMatchObject({ code: 3, stdout: '' });
}, 60_000);

it('follows a run in the service to its end', async () => {
  const project = await Project.create();
  const body = `ctx.log.info('first');
    while (!existsSync(ctx.config.paths.vault + '/go')) await ctx.sleep('20ms');
    ctx.log.info('last');`;
  await project.write('jobs/waits.ts', jobFile(body, "import { existsSync } from 'node:fs';"));
  await project.settings('waits: { enabled: true, cron: "0 4 * * *" }');
  const service = project.start();
  await service.message(/is up/);
  await project.json('run', 'waits');
  await service.message(/^first$/);
  const follower = project.command('logs', await runId(project, 'waits'), '--follow', '--json');
  await project.write('vault/go', '');
  const { code, stdout } = await follower;
  expect(code).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  expect(messages(lines)).toEqual(['first', 'last']);
}, 60_000);

it('has after kill -9 what was written before it', async () => {
  const project = await Project.create();
  await project.write('jobs/waits.ts', jobFile("ctx.log.info('written'); await ctx.sleep('1h');"));
  await project.settings('waits: { enabled: true, cron: "0 4 * * *" }');
  const service = project.start();
  await service.message(/is up/);
  await project.json('run', 'waits');
  const id = await runId(project, 'waits');
  const isThere = async () => (await project.json<Row[]>('logs', id)).length > 0;
  while (!(await isThere()));
  await service.kill('SIGKILL');
  expect(messages(await project.json<Row[]>('logs', id))).toEqual(['written']);
}, 60_000);
