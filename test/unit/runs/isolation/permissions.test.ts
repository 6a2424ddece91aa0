// What a job in a process is granted: the flags it starts with, and that each refusal names the grant that is missing.
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Permissions } from '#core/job';
import { explainDenied, NOTHING_GRANTED, permissionFlags } from '#runs/isolation/permissions';
import { jobFile, jobFolder, startJob } from '../../../support/job-thread.ts';

const BASE = ['--permission', '--no-experimental-sqlite', '--disable-warning=SecurityWarning'];
const resolve = (written: string) => path.resolve('/project', written);

it.each<[string, Partial<Permissions>, string[]]>([
  ['nothing', {}, []],
  ['a folder to read', { read: ['in'] }, ['--allow-fs-read=/project/in', '--allow-fs-read=/project/in/*']],
  [
    'a folder to write, which may be read as well',
    { write: ['/out'] },
    ['--allow-fs-read=/out', '--allow-fs-read=/out/*', '--allow-fs-write=/out', '--allow-fs-write=/out/*'],
  ],
  ['the network', { net: true }, ['--allow-net']],
  ['programs', { child: true }, ['--allow-child-process']],
  ['variables, which are no flags', { env: ['A'] }, []],
])('%s', (_what, granted, flags) => {
  const needs = { read: [], write: [] };
  expect(permissionFlags({ ...NOTHING_GRANTED, ...granted }, needs, resolve)).toEqual([...BASE, ...flags]);
});

const denied = (permission: string | undefined, resource: string, flag: string) =>
  Object.assign(new Error(`Access to this API has been restricted. Use --${flag} to manage permissions.`), {
    code: 'ERR_ACCESS_DENIED',
    permission,
    resource,
  });

it.each([
  ['FileSystemRead', '/a', 'allow-fs-read', 'add /a to permissions.read'],
  ['FileSystemWrite', '/a', 'allow-fs-write', 'add /a to permissions.write'],
  ['Net', '', 'allow-net', 'set permissions.net: true'],
  ['ChildProcess', '/bin/sh', 'allow-child-process', 'set permissions.child: true'],
  [undefined, '', 'allow-net', 'set permissions.net: true'],
  [
    'WorkerThreads',
    '',
    'allow-worker',
    'a job in a process of its own cannot be granted that: use isolation: thread',
  ],
])('a refusal of %s (%s) says what to write', (permission, resource, flag, fix) => {
  const error = denied(permission, resource, flag);
  const wrapped = new TypeError('fetch failed', { cause: new AggregateError([error]) });
  for (const thrown of [error, wrapped])
    expect(explainDenied(thrown)).toMatchObject({ code: 'FORBIDDEN', fix, retryable: false });
});

it.each([
  null,
  'text',
  new Error('other'),
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('no');
      },
    },
  ),
])('what is no refusal is none', (thrown) => {
  expect(explainDenied(thrown)).toBeNull();
});

it('an error that wraps itself is looked at as well', () => {
  const error = new Error('round');
  error.cause = error;
  expect(explainDenied(error)).toBeNull();
});

const HEAD = `import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { execSync } from 'node:child_process'; import { Worker } from 'node:worker_threads';
import { connect } from 'node:net'; import { once } from 'node:events';
const asked = (input) => once(connect(input.port, '127.0.0.1'), 'data').then(([data]) => String(data));`;

/** A server on loopback that greets. */
async function greeter(): Promise<number> {
  const server = createServer((socket) => socket.end('hello'));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

async function attempt(body: string, permissions: Partial<Permissions>, environment = {}) {
  const folder = await jobFolder({ 'jobs/job/index.ts': '', 'job.ts': jobFile(body, HEAD) });
  await writeFile(path.join(folder.dir, 'secret.txt'), 'hush');
  return await startJob(folder, 'job', {
    isolation: 'process',
    input: { dir: folder.dir, port: await greeter() },
    data: { stateDir: path.join(folder.dir, 'state') },
    environment: { PATH: process.env.PATH!, ...environment },
    permissions,
  });
}

const cases: [string, string, unknown, Partial<Permissions>, string | RegExp][] = [
  [
    'reads',
    `return { got: readFileSync(ctx.input.dir + '/secret.txt', 'utf8') };`,
    'hush',
    { read: ['secret.txt'] },
    /add .*secret.txt to permissions.read/,
  ],
  [
    'lists',
    `return { got: readdirSync(ctx.input.dir).includes('job.ts') };`,
    true,
    { read: ['.'] },
    /to permissions.read/,
  ],
  [
    'writes',
    `writeFileSync(ctx.input.dir + '/new.txt', 'x'); return { got: 1 };`,
    1,
    { write: ['new.txt'] },
    /add .*new.txt to permissions.write/,
  ],
  [
    'connects',
    `return { got: await asked(ctx.input) };`,
    'hello',
    { net: true },
    'set permissions.net: true',
  ],
  [
    'fetches',
    `return { got: await fetch('http://127.0.0.1:' + ctx.input.port).catch((e) => { if (/parse/i.test(String(e.cause))) return 'answered'; throw e; }) };`,
    'answered',
    { net: true },
    'set permissions.net: true',
  ],
  [
    'starts a program',
    `return { got: execSync('echo hi').toString() };`,
    'hi\n',
    { child: true },
    'set permissions.child: true',
  ],
];

it.each(cases)('a job that %s needs its grant', async (_what, body, got, grant, fix) => {
  const without = await attempt(body, {});
  const expected = typeof fix === 'string' ? fix : expect.stringMatching(fix);
  await expect(without.answer).rejects.toMatchObject({ code: 'FORBIDDEN', fix: expected, retryable: false });
  const granted = await attempt(body, grant);
  expect((await granted.answer).result.statistics).toEqual({ got });
});

it.each([
  ['a thread', `new Worker('', { eval: true }); return {};`],
  ['what the state directory holds of others', `return { got: readdirSync(ctx.input.dir + '/other') };`],
])('%s is not to be had', async (_what, body) => {
  const { answer } = await attempt(body, {});
  await expect(answer).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

it('node:sqlite, which asks for no grants, is not there', async () => {
  const { answer } = await attempt(`await import('node:sqlite'); return {};`, { read: ['.'] });
  await expect(answer).rejects.toMatchObject({ code: 'ERR_UNKNOWN_BUILTIN_MODULE' });
});

it('a refusal that the handler answers as its error names the grant as well', async () => {
  const { answer } = await attempt(
    `try { readFileSync('/etc/hostname'); } catch (error) { return { success: false, error }; }`,
    {},
  );
  expect((await answer).result.failure?.error).toMatchObject({
    code: 'FORBIDDEN',
    fix: 'add /etc/hostname to permissions.read',
  });
});

it('only granted variables are there; the first look for another is told with its grant', async () => {
  const body = `return { got: [process.env.API_KEY, process.env.API_KEY, process.env.ZONE ?? 'none', 'API_KEY' in process.env] };`;
  const environment = { API_KEY: 'k', ZONE: 'z' };
  for (const isolation of ['process', 'thread'] as const) {
    const folder = await jobFolder({ 'job.ts': jobFile(body) });
    const { answer, lines } = await startJob(folder, 'job', {
      isolation,
      environment,
      permissions: { env: ['ZONE'] },
    });
    expect((await answer).result.statistics).toEqual({ got: [null, null, 'z', false] });
    expect(lines.map(({ message }) => message)).toEqual([
      'process.env.API_KEY is not granted: add it to permissions.env, or use ctx.config',
    ]);
  }
});
