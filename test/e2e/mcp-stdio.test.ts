// MCP over stdio: the command as a client starts it, with no service beside it and with one.

import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { expect, onTestFinished, test } from 'vitest';
import { SchedulerService } from '../../src/index.ts';
import { fastFolder } from '../support/fast-folder.ts';
import { caller, conversation } from '../unit/faces/mcp/conversation.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const ECHO = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ run(ctx) { ctx.progress(1, 2, 'half'); return { said: ctx.input.text }; } });`;

async function folder(): Promise<string> {
  const dir = await fastFolder('mcp-stdio-');
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(path.join(dir, 'echo.ts'), ECHO);
  const jobs = 'jobs: { vault_sync: { enabled: false }, housekeeping: { enabled: false } }';
  await writeFile(path.join(dir, 'settings.yaml'), `scheduler:\n  job_directories: [.]\n  ${jobs}\n`);
  return dir;
}

async function connect(dir: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const places = ['--settings', path.join(dir, 'settings.yaml'), '--state', path.join(dir, 'state')];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [path.join(ROOT, 'src/main.ts'), 'mcp', ...places],
    stderr: 'ignore',
  });
  await client.connect(transport as Transport);
  onTestFinished(() => client.close());
  return client;
}

test('the whole conversation, beside the service', async () => {
  const dir = await folder();
  const service = new SchedulerService({
    settings: path.join(dir, 'settings.yaml'),
    stateDir: path.join(dir, 'state'),
    logger: null,
  });
  onTestFinished(() => service.stop());
  await service.start();
  await conversation(await connect(dir), { handler: 'echo', tellsProgress: false });
}, 120_000);

test('without a service it looks, schedules, and runs what is asked for by itself', async () => {
  const dir = await folder();
  const call = caller(await connect(dir));
  expect(await call('scheduler', { operation: 'status' })).toMatchObject({ data: { scheduler_state: 0 } });
  const now = { operation: 'run_now', agentool_name: 'echo', input_data: { text: 'hi' } };
  const progress: unknown[] = [];
  expect(await call('scheduler', now, (step) => progress.push(step))).toMatchObject({
    data: { result: { said: 'hi' } },
  });
  expect(progress).toMatchObject([{ progress: 1, total: 2, message: 'half' }]);
}, 120_000);
