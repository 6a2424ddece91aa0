// The packed library in a project of somebody else: plain JavaScript, TypeScript, restarts, the command line.

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '../..');
const bin = path.join(root, 'node_modules/.bin');
const SOURCES = [
  'bin',
  'src',
  'jobs',
  'settings',
  'pack',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
];

let place = '';
let project = '';

const at = (name: string) => path.join(project, name);
const env = (more: Record<string, string> = {}) => ({
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  ...more,
});
const node = async (...args: string[]) =>
  (await run('node', args, { cwd: project, env: env({ NODE_OPTIONS: '' }) })).stdout.trim();

/** An empty project with the tarball in it; what it depends on is the checkout's. */
beforeAll(async () => {
  place = await mkdtemp(path.join(tmpdir(), 'pack-'));
  const checkout = path.join(place, 'checkout');
  for (const name of SOURCES) await cp(path.join(root, name), path.join(checkout, name), { recursive: true });
  await symlink(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', place], { cwd: checkout, env: env() });
  expect(JSON.parse(await readFile(path.join(checkout, 'package.json'), 'utf8'))).toEqual(packageJson);

  project = path.join(place, 'project');
  const own = at(`node_modules/${packageJson.name}`);
  await mkdir(own, { recursive: true });
  const [tarball] = (await readdir(place)).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', path.join(place, tarball!), '--strip-components=1', '-C', own]);
  for (const name of [...Object.keys(packageJson.dependencies), '@types/node']) {
    await mkdir(path.dirname(at(`node_modules/${name}`)), { recursive: true });
    await symlink(path.join(root, 'node_modules', name), at(`node_modules/${name}`));
  }
  await writeFile(at('package.json'), '{ "type": "module" }');
}, 300_000);

afterAll(() => rm(place, { recursive: true, force: true }));

describe('the package', () => {
  test('holds what runs and nothing else: no sources, no tests', async () => {
    const files = await readdir(at(`node_modules/${packageJson.name}`), { recursive: true });
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
    expect(files.filter((file) => /^(src|test|bench|pack|node_modules)\//.test(file))).toEqual([]);
    expect(files).toContain('dist/src/store/sqlite/migrations/0001-ledger.sql');
    const written = JSON.parse(await readFile(at(`node_modules/${packageJson.name}/package.json`), 'utf8'));
    expect(Object.keys(written.exports)).toEqual(Object.keys(packageJson.exports));
    expect(written.dependencies).toEqual(packageJson.dependencies);
  });

  test('every subpath can be imported', async () => {
    const names = Object.keys(packageJson.exports).map((key) => path.posix.join(packageJson.name, key));
    const script = `for (const name of ${JSON.stringify(names)}) console.log(Object.keys(await import(name)).length > 0);`;
    expect((await node('--input-type=module', '-e', script)).split('\n')).toEqual(names.map(() => 'true'));
  });

  test('its command line runs, and validates settings', async () => {
    const cli = at(`node_modules/${packageJson.name}/bin/aclarai-scheduler.mjs`);
    expect(await node(cli, '--version')).toContain(packageJson.version);
    const answer = JSON.parse(await node(cli, 'validate', '*/5 * * * *', '--format', 'json'));
    expect(answer).toMatchObject({ ok: true });
  });
});

const PROGRAM = `
import { SchedulerService } from 'aclarai-scheduler';
const scheduler = new SchedulerService({ stateDir: 'state', logger: null });
scheduler.registerHandler('greet', ({ input, job }) => ({ greeted: input.whom, by: job }));
const ran = new Promise((resolve) => scheduler.on('run:succeeded', ({ run }) => run.job === 'greet' && resolve(run)));
await scheduler.start();
if (process.argv[2] === 'first')
  await scheduler.jobs.create({ id: 'greet', handler: 'greet', every: { seconds: 1 }, input: { whom: 'ann' } });
const { statistics } = await ran;
await scheduler.stop();
const { state, run_count } = await scheduler.jobs.get('greet');
console.log(JSON.stringify({ statistics, state, runs: run_count }));
await scheduler.stop();
`;

describe('a project in JavaScript', () => {
  test('schedules a function, sees it run, and loses nothing over a restart', async () => {
    await writeFile(at('program.js'), PROGRAM);
    const first = JSON.parse(await node('program.js', 'first'));
    expect(first).toMatchObject({ statistics: { greeted: 'ann', by: 'greet' }, state: 'active' });
    const second = JSON.parse(await node('program.js', 'second'));
    expect(second).toMatchObject({ statistics: { greeted: 'ann' }, state: 'active' });
    expect(second.runs).toBeGreaterThan(first.runs);
  });

  test('runs job files in threads, and cleanups: what is started by its name is found in the package', async () => {
    await mkdir(at('jobs'), { recursive: true });
    await mkdir(at('logs'), { recursive: true });
    await writeFile(
      at('jobs/count.js'),
      "import { isMainThread } from 'node:worker_threads';\nimport { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ run: () => ({ isMainThread }) });\n",
    );
    for (const n of [1, 2, 3]) await writeFile(at(`logs/${n}.log`), 'x');
    await writeFile(
      at('threads.js'),
      `import { SchedulerService } from 'aclarai-scheduler';
await using scheduler = new SchedulerService({
  settings: { scheduler: { job_directories: ['jobs'] }, housekeeper: { allowed_roots: [process.cwd() + '/logs'] } },
  stateDir: 'state-threads', logger: null,
});
await scheduler.start();
const run = await scheduler.runs.wait((await scheduler.runs.start('count')).run_id);
const { registration_id: id } = await scheduler.cleanups.register({ directory: process.cwd() + '/logs', max_files: 1, min_keep: 0 });
const { total_files_deleted } = await scheduler.cleanups.run({ id });
console.log(JSON.stringify({ state: run.state, statistics: run.statistics, total_files_deleted }));
`,
    );
    expect(JSON.parse(await node('threads.js'))).toEqual({
      state: 'succeeded',
      statistics: { isMainThread: false },
      total_files_deleted: 2,
    });
  });
});

const TYPED = `
import { SchedulerService, SchedulerError, defineJob, z, type JobContext, type NewJob } from 'aclarai-scheduler';
import { SchedulerClient } from 'aclarai-scheduler/client';
import { EventScheduler } from 'aclarai-scheduler/events';
import { TaskScheduler } from 'aclarai-scheduler/tasks';

export async function others(service: SchedulerService): Promise<(string | null | undefined)[]> {
  const event = await new EventScheduler(service).getEvent('x');
  const tasks = new TaskScheduler(service);
  tasks.on('task-event', ({ type, task_id }) => [type, task_id]);
  // @ts-expect-error a run has to be named
  await new SchedulerClient().call('get_run', {});
  const [job] = await new SchedulerClient({ token: 'x' }).call('list_jobs');
  return [event.success ? event.data.status : event.error.fix, (await tasks.getTask('x')).next_run, job?.next_run];
}

export const job: NewJob = { handler: 'x', every: { minutes: 5 }, timeout: '30s', at: new Date() };
export const code = defineJob({ input: z.object({ n: z.number() }), run: (ctx) => ({ twice: ctx.input.n * 2 }) });
export async function use(scheduler: SchedulerService): Promise<string | null> {
  scheduler.registerHandler('x', (ctx: JobContext) => ({ job: ctx.job }));
  scheduler.on('run:failed', ({ run }) => run.error?.code.toUpperCase());
  // @ts-expect-error there is no such event
  scheduler.on('run:done', () => {});
  // @ts-expect-error a number is no duration
  await scheduler.jobs.create({ handler: 'x', every: 5 });
  const made = await scheduler.jobs.create(job);
  const { slot } = (await scheduler.next({ job: made.id }))[0]!;
  try {
    await scheduler.jobs.run('y');
  } catch (error) {
    if (error instanceof SchedulerError) return error.fix;
  }
  return (await scheduler.why(made.id, slot)).reason;
}
`;

describe('a project in TypeScript', () => {
  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('is type-checked against it: module %s, resolution %s', async (module, moduleResolution) => {
    const compilerOptions = {
      ...{ module, moduleResolution, target: 'esnext', lib: ['esnext'], types: ['node'] },
      ...{ strict: true, noEmit: true, skipLibCheck: false },
    };
    await writeFile(at('typed.ts'), TYPED);
    await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }));
    const checked = await run(path.join(bin, 'tsc'), ['--project', at('tsconfig.json')], {
      env: env(),
    }).catch(({ stdout }: { stdout: string }) => ({ stdout }));
    expect(checked.stdout).toBe('');
  });
});
