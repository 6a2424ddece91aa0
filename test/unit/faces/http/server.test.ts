// The service as it is asked over HTTP: envelope, statuses, tokens, and what strangers and nonsense get.

import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { NOT_OFFERED, OWN_ROUTES, ROUTES } from '#faces/http/routes';
import { openHttp } from '#faces/http/server';
import { OPERATIONS } from '#faces/operations/table';
import { type Ask, served } from '../../../support/served.ts';

test('every operation has a path or the reason why not', () => {
  const offered = [...ROUTES, ...OWN_ROUTES].map(({ operation }) => operation);
  const named = new Set([...offered, ...Object.keys(NOT_OFFERED)]);
  expect([...named].sort()).toEqual([...OPERATIONS.keys()].sort());
});

describe('calls by name', () => {
  test('reach every operation, in the words of the core', async () => {
    const { ask } = await served();
    const listed = await ask('/call/list_jobs', { method: 'POST', body: {} });
    expect(listed).toMatchObject({ status: 200, body: { success: true } });
    expect(listed.body.data.map((job) => job.id)).toContain('report');
    for (const name of OPERATIONS.keys()) {
      const answer = await ask(`/call/${name}`, { method: 'POST', body: { nonsense: 1 } });
      expect([name, answer.status, answer.body.error.code]).toEqual([name, 400, 'INVALID_PARAMETERS']);
    }
  });

  test('need the scope of their operation', async () => {
    const { ask } = await served({ SCHEDULER_TOKENS: 'bot:read:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' });
    const headers = { authorization: 'Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' };
    expect(await ask('/call/status', { method: 'POST', headers })).toMatchObject({ status: 200 });
    const refused = await ask('/call/pause', { method: 'POST', headers, body: {} });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } });
    expect(await ask('/call/status', { method: 'POST' })).toMatchObject({ status: 401 });
  });

  test('of what is not there say what is near', async () => {
    const { ask } = await served();
    const answer = await ask('/call/list_job', { method: 'POST', body: {} });
    expect(answer).toMatchObject({ status: 404, body: { error: { fix: 'did you mean list_jobs?' } } });
  });
});

describe('answers', () => {
  test('reads, with the values of a query as the operation wants them', async () => {
    const { ask } = await served();
    expect(await ask('/status')).toMatchObject({ status: 200, body: { success: true } });
    expect((await ask('/next?count=2')).body.data).toHaveLength(2);
    const { data } = (await ask('/executions?status=completed,failed&limit=1')).body;
    expect(data).toMatchObject([{ job: 'report', state: 'succeeded' }]);
    expect((await ask(`/executions/${data[0]?.run_id}`)).body.data).toEqual(data[0]);
    expect((await ask('/why?job=report&at=01:00')).body.data).toMatchObject({ answer: 'ran' });
  });

  test('take the names of the event scheduler where a path is one of its own', async () => {
    const { ask } = await served();
    expect((await ask('/why?event_id=report&at=01:00')).body.data).toMatchObject({ answer: 'ran' });
    expect((await ask('/next?event_id=report&count=1')).body.data).toMatchObject([{ job: 'report' }]);
    const pause = await ask('/pause', { method: 'POST', body: { event_id: 'report' } });
    expect(pause).toMatchObject({ status: 200 });
    const both = await ask('/resume', { method: 'POST', body: { event_id: 'report', job: 'report' } });
    expect(both).toMatchObject({ status: 400, body: { error: { details: [{ field: 'event_id' }] } } });
    const cleanup = await ask('/cleanups/run', { method: 'POST', body: { registration_id: 'nothing' } });
    expect(cleanup).toMatchObject({ status: 404 });
    expect(cleanup.body.error.message).toContain('nothing');
    const times = { from: '2026-11-21T10:00:00Z', to: '2026-11-23T10:00:00Z' };
    const foretold = await ask('/simulate', { method: 'POST', body: times });
    expect(foretold.body.data).toMatchObject({
      runs: expect.arrayContaining([expect.objectContaining({ job: 'report' })]),
    });
  });

  test('changes in the name of who asks', async () => {
    const { ask, scenario } = await served();
    const pause = await ask('/pause', { method: 'POST', body: { job: 'report', reason: 'moving' } });
    expect(pause).toMatchObject({ status: 200, body: { data: { paused: true, job: 'report' } } });
    expect((await scenario.service.find('report')).paused_by).toMatchObject([
      { who: 'api:local@127.0.0.1', why: 'moving' },
    ]);
    expect(await ask('/resume', { method: 'POST', body: { job: 'report' } })).toMatchObject({ status: 200 });
    expect(await ask('/resume', { method: 'POST' })).toMatchObject({
      status: 409,
      body: { error: { code: 'NOT_PAUSED' } },
    });
  });

  test('a repeated run is queued by the service that answers, and runs', async () => {
    const { ask, scenario } = await served();
    const [run] = (await ask('/executions')).body.data;
    const again = await ask(`/executions/${run?.run_id}/rerun`, { method: 'POST' });
    expect(again).toMatchObject({ status: 202, body: { data: { kind: 'manual' } } });
    await scenario.quiet();
    const { data } = (await ask(`/executions/${again.body.data.run_id}`)).body;
    expect(data).toMatchObject({ state: 'succeeded', by: 'api:local@127.0.0.1' });
  });
});

describe('refusals are in the envelope', () => {
  test.each<[string, Ask, number, string]>([
    ['/executions/unknown', {}, 404, 'RUN_NOT_FOUND'],
    ['/cleanups/unknown', {}, 404, 'CONFIG_NOT_FOUND'],
    ['/nothing', {}, 404, 'INVALID_PARAMETERS'],
    ['/next?count=0', {}, 400, 'INVALID_PARAMETERS'],
    ['/next?count=x', {}, 400, 'INVALID_PARAMETERS'],
    ['/next?job=a&job=b', {}, 400, 'INVALID_PARAMETERS'],
    ['/why', {}, 400, 'INVALID_PARAMETERS'],
    ['/executions/%zz', {}, 400, 'INVALID_PARAMETERS'],
    ['/pause', { method: 'POST', body: '{' }, 400, 'INVALID_PARAMETERS'],
    ['/pause', { method: 'POST', body: [] }, 400, 'INVALID_PARAMETERS'],
    ['/pause', { method: 'POST', body: '{"__proto__": {}}' }, 400, 'INVALID_PARAMETERS'],
    ['/pause', { method: 'POST', body: { reason: 'x'.repeat(2 ** 20) } }, 413, 'TOO_LARGE'],
    ['/cleanups', { method: 'POST', body: { directory: 'relative' } }, 400, 'INVALID_PARAMETERS'],
    ['/status', { headers: { host: 'rebound.example' } }, 403, 'FORBIDDEN'],
    ['/status', { headers: { origin: 'http://evil.example' } }, 403, 'FORBIDDEN'],
  ])('%s %j: %i %s', async (at, asked, status, code) => {
    const { ask } = await served();
    const answer = await ask(at, asked);
    expect(answer).toMatchObject({ status, body: { success: false, error: { code } } });
    expect(JSON.stringify(answer.body)).not.toMatch(/\.ts:\d|node_modules/);
  });

  test('with the field named', async () => {
    const { ask } = await served();
    expect((await ask('/next?cuont=3')).body.error.details).toEqual([
      { field: 'cuont', message: 'is not known, did you mean count?' },
    ]);
  });

  test('what is no HTTP is told so', async () => {
    const { port } = await served();
    const socket = connect(port, '127.0.0.1');
    socket.write('nonsense\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ success: false });
  });

  test('what broke inside stays in the log', async () => {
    const { ask, scenario } = await served();
    scenario.service.next = () => Promise.reject(new Error('secret/path is gone'));
    const { status, body } = await ask('/next');
    expect([status, JSON.stringify(body).includes('secret')]).toEqual([500, false]);
    expect(scenario.lines.at(-1)).toMatchObject({ error: 'secret/path is gone' });
  });
});

describe('tokens', () => {
  const env = { SCHEDULER_TOKENS: 'grafana:read:see-only,anna:write:may-change' };
  const as = (secret: string) => ({ authorization: `Bearer ${secret}` });

  test('of the settings are asked for, each with its scope', async () => {
    const { ask } = await served(env);
    const pause = { method: 'POST', body: {} };
    expect((await ask('/status')).status).toBe(401);
    expect((await ask('/status', { headers: as('see-only') })).status).toBe(200);
    expect((await ask('/pause', { ...pause, headers: as('see-only') })).status).toBe(403);
    expect((await ask('/pause', { ...pause, headers: as('may-change') })).status).toBe(200);
  });

  test('beyond loopback one is made, kept for its owner, and needed', async () => {
    const { ask, installation, scenario } = await served({ SCHEDULER_HOST: '0.0.0.0' });
    const file = path.join(installation.settings.stateDir, 'token');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const secret = (await readFile(file, 'utf8')).trim();
    expect((await ask('/status')).status).toBe(401);
    expect((await ask('/status', { headers: as(secret) })).status).toBe(200);
    expect(JSON.stringify(scenario.lines)).not.toContain(secret);
  });
});

test('a port in use is told with the way out', async () => {
  const { port, scenario, log, installation } = await served();
  const taken = { ...installation.settings, server: { ...installation.settings.server, port } };
  const again = { service: scenario.service, settings: taken } as typeof installation;
  await expect(openHttp({ installation: again, clock: scenario.clock, log })).rejects.toMatchObject({
    code: 'CONFLICT',
    fix: expect.stringContaining('SCHEDULER_PORT'),
  });
});

describe('the scheduler tool', () => {
  test('answers with its output itself, and a status for what was refused', async () => {
    const { ask } = await served();
    const list = await ask('/operations', { method: 'POST', body: { operation: 'list' } });
    expect(list).toMatchObject({ status: 200, body: { success: true, operation: 'list' } });
    const unknown = { operation: 'get_job', job_id: 'nobody' };
    const refused = await ask('/operations', { method: 'POST', body: unknown });
    expect(refused).toMatchObject({
      status: 404,
      body: { success: false, error_type: 'KeyError', data: null },
    });
    expect(await ask('/operations', { method: 'POST', body: [] })).toMatchObject({ status: 400 });
  });
});
