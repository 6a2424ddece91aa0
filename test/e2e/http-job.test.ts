// A request of a job in the real process: its secret reaches the server, and nothing else.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Project, type Row } from '../support/service-process.ts';

const SECRET = 'correct-horse-battery';

it('sends a secret from the environment and keeps it nowhere, even where the server repeats it', async () => {
  const heard: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response
      .writeHead(500, { 'content-type': 'text/plain' })
      .end(`you said ${request.headers.authorization}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const project = await Project.create();
  project.env.HOOK_TOKEN = SECRET;
  project.env.LOG_LEVEL = 'debug';
  const input = `{ url: "http://127.0.0.1:${port}/", bearer: "!ref:env:HOOK_TOKEN" }`;
  const job = `hook: { handler: http, enabled: true, cron: "0 4 * * *", retries: 0, input: ${input} }`;
  await project.settings(job, 'secrets: [HOOK_TOKEN]\n  http: { private_networks: true }');
  const { code, stdout, stderr } = await project.command('run', 'hook', '--json');
  expect(code).toBe(1);
  const run = JSON.parse(stdout) as Row;
  expect(run).toMatchObject({
    ...{ state: 'failed', statistics: { status: 500 } },
    input: { bearer: '!ref:env:HOOK_TOKEN' },
    error: { message: 'answered 500, expected 200 to 299' },
  });
  expect(heard).toEqual([`Bearer ${SECRET}`]);
  const lines = await project.json<Row[]>('logs', String(run.run_id));
  expect(lines[0]!.message).toBe('you said Bearer !ref:env:HOOK_TOKEN');
  expect(stdout + stderr + JSON.stringify(lines)).not.toContain(SECRET);
  const files = readdirSync(project.dir, { recursive: true, encoding: 'utf8' })
    .map((file) => path.join(project.dir, file))
    .filter((file) => statSync(file).isFile());
  expect(files.filter((file) => readFileSync(file).includes(SECRET))).toEqual([]);
}, 60_000);

it('stays out of private networks unless the settings open them', async () => {
  const project = await Project.create();
  await project.settings(
    'hook: { handler: http, enabled: true, cron: "0 4 * * *", retries: 3, input: { url: "http://localhost:1/" } }',
  );
  const { code, stdout } = await project.command('run', 'hook', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'FORBIDDEN' } });
  await project.settings(
    'hook: { handler: http, enabled: true, cron: "0 4 * * *", input: { url: "https://x.example/", bearer: abc } }',
  );
  const { stderr } = await project.command('validate');
  expect(stderr).toMatch(/scheduler\.jobs\.hook.*bearer.*!ref:env:NAME/);
}, 60_000);
