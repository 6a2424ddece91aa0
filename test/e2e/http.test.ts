// The real service over its port: open once it is up, gone when it is told to stop, and no reason for it to fail.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Project } from '../support/service-process.ts';

async function project(): Promise<Project> {
  const made = await Project.create();
  await made.settings('vault_sync: { enabled: false }\nhousekeeping: { enabled: false }');
  return made;
}

test('start answers over HTTP, says where, and stops with the service', async () => {
  const service = (await project()).start();
  const { msg } = await service.message(/^listening on http:/);
  const url = String(msg).replace('listening on ', '');
  const answer = await fetch(`${url}/api/v1/scheduler/status`);
  expect(await answer.json()).toMatchObject({ success: true, data: { state: 'running' } });
  expect(await service.kill('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  await expect(fetch(url)).rejects.toThrow();
});

test('a port in use is an error in the log, and the jobs run all the same', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const made = await project();
  made.env.SCHEDULER_PORT = String((other.address() as AddressInfo).port);
  const service = made.start();
  const line = await service.message(/nothing can be asked over HTTP/);
  expect(line).toMatchObject({ level: 'ERROR', error_type: 'CONFLICT' });
  expect(await made.json('status')).toMatchObject({ state: 'running' });
  expect(await service.kill('SIGTERM')).toMatchObject({ code: 0 });
});
