// The client against a service that answers over HTTP.

import { RefusedError, SchedulerClient, SchedulerError } from 'aclarai-scheduler/client';
import { expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { openHttp } from '#faces/http/server';
import { createLog } from '../../../../src/log.ts';
import { createScenario } from '../../../support/scenario.ts';

async function served(env: Record<string, string> = {}) {
  const scenario = await createScenario({
    at: '2026-03-01T00:10:00Z',
    scheduler: 'timezone: UTC\njobs:\n  report: { handler: report, enabled: true, cron: "0 * * * *" }',
    handlers: { report: () => ({ pages: 3 }) },
    env: { SCHEDULER_PORT: '0', ...env },
  });
  await scenario.start();
  const { clock, installed: installation } = scenario;
  const log = createLog({ clock, level: 'error', pretty: false, sink: { write: () => {} } });
  const face = await openHttp({ installation, clock, log });
  onTestFinished(() => face.close());
  return { scenario, url: face.url };
}

test('asks every operation by its name, typed by the table', async () => {
  const { url, scenario } = await served();
  const client = new SchedulerClient({ url });
  expect((await client.call('list_jobs')).map(({ id }) => id)).toContain('report');
  expect(await client.call('next', { job: 'report', count: 1 })).toMatchObject([
    { slot: '2026-03-01T01:00:00Z' },
  ]);
  const run = await client.call('run_job', { job: 'report' });
  await scenario.quiet();
  expect(await client.call('get_run', { run: run.run_id })).toMatchObject({ state: 'succeeded' });
  expectTypeOf(run.run_id).toBeString();
  // @ts-expect-error `why` needs to be told of what
  await expect(client.call('why')).rejects.toBeInstanceOf(RefusedError);
  // @ts-expect-error there is no such operation
  await expect(client.call('list_job', {})).rejects.toMatchObject({ status: 404 });
});

test('what is refused is said as the service says it', async () => {
  const { url } = await served({ SCHEDULER_TOKENS: 'anna:read:may-look' });
  const stranger = new SchedulerClient({ url });
  await expect(stranger.call('status')).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
  const client = new SchedulerClient({ url, token: 'may-look' });
  expect(await client.call('status')).toMatchObject({ state: 'running' });
  await expect(client.call('pause', {})).rejects.toMatchObject({ code: 'FORBIDDEN', status: 403 });
  const error = await client.call('next', { count: 0 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SchedulerError);
  expect(error).toMatchObject({ code: 'INVALID_PARAMETERS', status: 400, details: [{ field: 'count' }] });
});

test('where nobody answers, or something else does, it says so; an abort is the caller’s', async () => {
  const silent = new SchedulerClient({ url: 'http://127.0.0.1:9' });
  await expect(silent.call('status')).rejects.toMatchObject({
    code: 'ENGINE_UNAVAILABLE',
    fix: expect.any(String),
  });
  const other = new SchedulerClient({ fetch: async () => new Response('<html>', { status: 502 }) });
  await expect(other.call('status')).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  const aborted = AbortSignal.abort(new Error('enough'));
  await expect(silent.call('status', {}, { signal: aborted })).rejects.toThrow('enough');
});
