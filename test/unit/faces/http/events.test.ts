// Jobs as events over HTTP: made, listed, changed, run and taken away in the words of the event scheduler.

import { describe, expect, test } from 'vitest';
import { type Answer, type Row, served } from '../../../support/served.ts';

const EVENT = { name: 'Nightly', function_name: 'report', next_execution: '2026-03-02T03:00:00' };
const DAILY = { ...EVENT, recurring: true, interval_type: 'days', interval_value: 1 };

type Served = Awaited<ReturnType<typeof served>>;

async function made({ ask }: Served, event: object): Promise<string> {
  const { status, body } = await ask('/events', { method: 'POST', body: event });
  expect(body).toMatchObject({ success: true });
  expect(status).toBe(201);
  return (body.data as Row).event_id as string;
}

/** Moves the clock on until the answer is there: whoever waits for a run looks at it now and then. */
async function answered({ scenario }: Served, asked: Promise<Answer>): Promise<Answer> {
  let answer: Answer | null = null;
  void asked.then((given) => (answer = given));
  while (answer === null) {
    await scenario.quiet();
    await scenario.advanceTo(new Date(scenario.clock.now() + 200).toISOString());
  }
  return await asked;
}

describe('an event', () => {
  test('is shown as it was made', async () => {
    const http = await served();
    const id = await made(http, {
      ...DAILY,
      parameters: { depth: 2 },
      description: 'all of it',
      max_executions: 9,
    });
    expect((await http.ask(`/events/${id}`)).body.data).toEqual({
      ...{ id, name: 'Nightly', description: 'all of it', module_id: 'unknown', function_name: 'report' },
      ...{ parameters: { depth: 2 }, recurring: true, interval_type: 'days', interval_value: 1 },
      ...{ next_execution: '2026-03-02T03:00:00Z', status: 'pending', execution_count: 0, max_executions: 9 },
      ...{ last_execution: null, last_error: null },
      ...{ created_at: '2026-03-01T01:10:00Z', updated_at: '2026-03-01T01:10:00Z' },
    });
    await http.scenario.advanceTo('2026-03-02T03:01:00Z');
    expect((await http.ask(`/events/${id}`)).body.data).toMatchObject({
      ...{ next_execution: '2026-03-03T03:00:00Z', execution_count: 1 },
    });
  });

  test('that begins in the past begins at its next slot', async () => {
    const http = await served();
    const id = await made(http, { ...DAILY, next_execution: '2026-01-31T05:00:00' });
    expect((await http.ask(`/events/${id}`)).body.data).toMatchObject({
      next_execution: '2026-03-01T05:00:00Z',
    });
  });

  test('of a cron has its text among the parameters, not in the input of the code', async () => {
    const http = await served();
    const parameters = { depth: 2, _cron_expression: '0 9 * * 1' };
    const id = await made(http, { ...EVENT, recurring: true, interval_type: 'cron', parameters });
    const { data } = (await http.ask(`/events/${id}`)).body;
    expect(data).toMatchObject({ parameters, interval_type: 'cron', next_execution: '2026-03-02T09:00:00Z' });
    expect((await http.scenario.service.find(id)).input).toEqual({ depth: 2 });
  });

  test('that runs once is over', async () => {
    const http = await served({}, { fails: () => ({ success: false, error: 'no disk' }) });
    const good = await made(http, EVENT);
    const bad = await made(http, { ...EVENT, function_name: 'fails', retries: 0 });
    await http.scenario.advanceTo('2026-03-02T03:01:00Z');
    expect((await http.ask(`/events/${good}`)).body.data).toMatchObject({
      status: 'completed',
    });
    expect((await http.ask(`/events/${bad}`)).body.data).toMatchObject({
      status: 'failed',
      last_error: 'no disk',
    });
  });

  test.each<[object, number, string, string]>([
    [{}, 400, 'INVALID_PARAMETERS', 'name'],
    [{ ...EVENT, name: 'x'.repeat(101) }, 400, 'INVALID_PARAMETERS', 'name'],
    [{ ...EVENT, fuction_name: 'x' }, 400, 'INVALID_PARAMETERS', 'fuction_name'],
    [{ ...EVENT, handler: 'report' }, 400, 'INVALID_PARAMETERS', 'handler'],
    [{ ...EVENT, retries: 99 }, 400, 'INVALID_PARAMETERS', 'retries'],
    [{ ...EVENT, next_execution: 'soon' }, 400, 'INVALID_SCHEDULE', 'next_execution'],
    [{ ...DAILY, interval_value: 0 }, 400, 'INVALID_PARAMETERS', 'interval_value'],
    [{ ...EVENT, cron: '99 * * * *', next_execution: null }, 400, 'INVALID_SCHEDULE', 'cron'],
    [{ ...EVENT, interval_type: 'cron' }, 400, 'MISSING_CRON_EXPRESSION', 'parameters._cron_expression'],
    [{ ...EVENT, id: 'a b' }, 400, 'INVALID_PARAMETERS', 'id'],
  ])('%j: %i %s at %s', async (event, status, code, field) => {
    const { ask } = await served();
    const answer = await ask('/events', { method: 'POST', body: event });
    expect(answer).toMatchObject({ status, body: { success: false, error: { code } } });
    expect((answer.body.error.details as Row[]).map((each) => each.field)).toContain(field);
  });

  test('of code that is not there, in the past, or of an id that is taken, is refused', async () => {
    const { ask } = await served();
    const post = (body: object) => ask('/events', { method: 'POST', body });
    expect(await post({ ...EVENT, function_name: 'reprot' })).toMatchObject({
      status: 400,
      body: { error: { code: 'HANDLER_NOT_FOUND', fix: expect.stringContaining('report') } },
    });
    expect(await post({ ...EVENT, next_execution: '2026-01-01T00:00:00Z' })).toMatchObject({
      status: 400,
      body: { error: { code: 'PAST_SCHEDULING_NOT_ALLOWED' } },
    });
    expect(await post({ ...EVENT, id: 'report' })).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT', message: expect.stringMatching(/config\.yaml:\d+/) } },
    });
    expect(await ask('/events/nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'EVENT_NOT_FOUND' } },
    });
  });
});

describe('many events', () => {
  test('are made all or none', async () => {
    const http = await served();
    const post = (body: object) => http.ask('/events', { method: 'POST', body });
    const refused = await post([DAILY, { ...EVENT, function_name: 'reprot' }]);
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'HANDLER_NOT_FOUND' } } });
    expect((refused.body.error.details as Row[])[0]).toMatchObject({ field: '1' });
    expect((await post([DAILY, { ...EVENT, retries: 99 }])).body.error.details).toMatchObject([
      { field: '1.retries' },
    ]);
    expect(
      (
        await post([
          { ...DAILY, id: 'a' },
          { ...DAILY, id: 'a' },
        ])
      ).body.error,
    ).toMatchObject({ code: 'CONFLICT' });
    expect((await http.ask('/events')).body).toMatchObject({ total_count: 3 });
    const { status, body } = await post([
      { ...DAILY, id: 'a' },
      { ...DAILY, id: 'b' },
    ]);
    expect([status, body.data]).toEqual([201, [{ event_id: 'a' }, { event_id: 'b' }]]);
    expect((await post([])).status).toBe(400);
    expect((await http.ask('/events')).body).toMatchObject({ total_count: 5 });
  });

  test('are listed the next first, page by page, and counted', async () => {
    const http = await served();
    const events = Array.from({ length: 7 }, (_, n) => ({
      ...{ ...EVENT, id: `e${n}`, module_id: 'backup', next_execution: `2026-03-0${2 + (n % 3)}T03:00:00` },
    }));
    await http.ask('/events', { method: 'POST', body: events });
    await http.ask('/events/e0/pause', { method: 'POST' });
    const ids: unknown[] = [];
    for (let after: unknown = ''; after !== null; ) {
      const { body } = await http.ask(`/events?module_id=backup&limit=3${after ? `&after=${after}` : ''}`);
      expect(body).toMatchObject({ success: true, total_count: 10, filtered_count: 7 });
      ids.push(...body.data.map((event) => event.id));
      after = (body as unknown as Row).next;
    }
    expect(ids).toEqual(['e0', 'e3', 'e6', 'e1', 'e4', 'e2', 'e5']);
    const counted = async (query: string) =>
      ((await http.ask(`/events?${query}`)).body as unknown as Row).filtered_count;
    expect(await counted('status=paused&module_id=backup')).toBe(1);
    expect(await counted('status=active&module_id=backup')).toBe(6);
    expect(await counted('recurring=true')).toBe(3);
    expect(await counted('function_name=report')).toBe(8);
    expect((await http.ask('/events?status=waiting')).body.error.details).toMatchObject([
      { field: 'status' },
    ]);
    expect((await http.ask('/events?after=nonsense')).body.error.details).toMatchObject([{ field: 'after' }]);
  });
});

describe('a change', () => {
  test('is seen at once, and keeps what is not named', async () => {
    const http = await served();
    const id = await made(http, { ...DAILY, parameters: { depth: 2 } });
    const patch = (body: object) => http.ask(`/events/${id}`, { method: 'PATCH', body });
    expect((await patch({ interval_value: 2 })).body.data).toMatchObject({
      ...{ interval_type: 'days', interval_value: 2, parameters: { depth: 2 } },
    });
    expect((await patch({ parameters: { wide: true } })).body.data).toMatchObject({
      ...{ interval_value: 2, parameters: { wide: true } },
    });
    expect((await patch({ cron: '0 3 * * *' })).body.data).toMatchObject({
      interval_type: 'cron',
    });
    expect((await patch({ module_id: 'x' })).body.error.details).toMatchObject([{ field: 'module_id' }]);
    expect((await patch({ status: 'paused' })).body.error.details).toMatchObject([{ field: 'status' }]);
    const yaml = await http.ask('/events/report', { method: 'PATCH', body: { description: 'x' } });
    expect(yaml).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } });
  });

  test('of what was changed meanwhile is refused to who says what he has seen', async () => {
    const http = await served();
    const id = await made(http, DAILY);
    const { headers } = await http.ask(`/events/${id}`);
    const change = (description: string) =>
      http.ask(`/events/${id}`, {
        method: 'PATCH',
        body: { description },
        headers: { 'if-match': headers.etag! },
      });
    const both = await Promise.all([change('mine'), change('yours')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 412]);
    expect(both.find(({ status }) => status === 412)!.body.error).toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
    const won = both.find(({ status }) => status === 200)!;
    expect((await http.ask(`/events/${id}`)).headers.etag).toBe(won.headers.etag);
    expect(won.headers.etag).not.toBe(headers.etag);
  });

  test('of two fields by two who do not is kept twice', async () => {
    const http = await served();
    const id = await made(http, DAILY);
    const change = (body: object) => http.ask(`/events/${id}`, { method: 'PATCH', body });
    await Promise.all([change({ description: 'mine' }), change({ interval_value: 4 })]);
    expect((await http.ask(`/events/${id}`)).body.data).toMatchObject({
      description: 'mine',
      interval_value: 4,
    });
  });
});

describe('an event by hand', () => {
  test('is paused, resumed, and taken away once', async () => {
    const http = await served();
    const id = await made(http, DAILY);
    const post = (what: string) => http.ask(`/events/${id}/${what}`, { method: 'POST' });
    expect((await post('pause')).body.data).toEqual({ paused: true, event_id: id });
    expect(await post('pause')).toMatchObject({ status: 409, body: { error: { code: 'ALREADY_PAUSED' } } });
    expect((await http.ask(`/events/${id}`)).body.data).toMatchObject({
      status: 'paused',
      next_execution: null,
    });
    expect((await post('resume')).body.data).toMatchObject({ resumed: true, event_id: id });
    expect(await post('resume')).toMatchObject({ status: 409, body: { error: { code: 'NOT_PAUSED' } } });
    const gone = await http.ask(`/events/${id}?purge=true`, { method: 'DELETE' });
    expect(gone.body.data).toEqual({ deleted: true, event_id: id });
    expect((await http.ask(`/events/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  test('runs, and its end is the answer', async () => {
    const http = await served({}, { fails: () => ({ success: false, error: 'no disk' }) });
    const good = await made(http, { ...DAILY, id: 'good' });
    const run = await answered(http, http.ask(`/events/${good}/execute`, { method: 'POST' }));
    expect(run).toMatchObject({
      status: 200,
      body: { data: { event_id: good, success: true, result: { pages: 3 } } },
    });
    const { data } = (await http.ask(`/executions/${(run.body.data as Row).execution_id}`)).body;
    expect(data).toMatchObject({ event_id: good, success: true, result: { pages: 3 }, kind: 'manual' });
    await made(http, { ...DAILY, id: 'bad', function_name: 'fails' });
    const failed = await answered(http, http.ask('/events/bad/execute', { method: 'POST' }));
    expect(failed).toMatchObject({ status: 200, body: { data: { success: false } } });
  });

  test('is not waited for where nobody wants to, or for longer than 30 s', async () => {
    const never = Promise.withResolvers<void>();
    const http = await served({}, { slow: () => never.promise });
    const id = await made(http, { ...DAILY, function_name: 'slow', max_instances: 2 });
    const started = await http.ask(`/events/${id}/execute?wait=false`, { method: 'POST' });
    expect(started).toMatchObject({ status: 202, body: { data: { event_id: id, success: null } } });
    await http.scenario.quiet();
    expect((await http.ask(`/events/${id}`)).body.data).toMatchObject({ status: 'running' });
    expect((await http.ask('/events?status=running')).body.data).toMatchObject([{ id }]);
    const long = await answered(http, http.ask(`/events/${id}/execute`, { method: 'POST' }));
    expect(long).toMatchObject({ status: 202, body: { data: { success: null } } });
    expect(await http.ask(`/events/${id}/execute`, { method: 'POST' })).toMatchObject({
      status: 409,
      body: { error: { code: 'ALREADY_RUNNING' } },
    });
    never.resolve();
    await http.scenario.quiet();
  });
});

describe('executions', () => {
  test('come page by page, those that did not run only when asked for', async () => {
    const http = await served();
    await http.scenario.advanceTo('2026-03-01T03:30:00Z');
    await http.ask('/events/report/pause', { method: 'POST' });
    await http.scenario.advanceTo('2026-03-01T04:30:00Z');
    const slots: unknown[] = [];
    for (let after: unknown = ''; after !== null; ) {
      const { body } = await http.ask(`/executions?event_id=report&limit=2${after ? `&after=${after}` : ''}`);
      slots.push(...body.data.map((run) => run.slot));
      after = (body as unknown as Row).next;
    }
    expect(slots).toEqual(['2026-03-01T03:00:00Z', '2026-03-01T02:00:00Z', '2026-03-01T01:00:00Z']);
    const withSkipped = (await http.ask('/executions?include=skipped')).body.data;
    expect(withSkipped[0]).toMatchObject({ state: 'skipped', slot: '2026-03-01T04:00:00Z' });
    expect((await http.ask('/executions?status=skipped')).body.data).toHaveLength(1);
    expect((await http.ask('/executions?status=done')).body.error).toMatchObject({
      code: 'INVALID_PARAMETERS',
    });
    expect((await http.ask('/executions?after=nobody')).status).toBe(404);
  });
});
