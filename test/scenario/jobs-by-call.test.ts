// Jobs that are made and changed by a call, in the keys of the settings file (rules 14, 15, 17, 19, 21).

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '#core/handler';
import { createScenario, type Scenario } from '../support/scenario.ts';

const at = '2026-03-02T10:00:30Z';
const ann = { by: 'ann', source: 'api' } as const;

async function started(head = ''): Promise<Scenario> {
  const s = await createScenario({
    at,
    scheduler: `timezone: Europe/Berlin\n${head}jobs:\n  fixed: { handler: tick, enabled: true, cron: "0 * * * *" }`,
    handlers: { tick: () => ({}) },
  });
  await s.start();
  return s;
}

const fault = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error as { code: string; details?: { field: string; message: string }[] },
  );

describe('made', () => {
  it('with the defaults of the settings and our own, and runs', async () => {
    const s = await started('defaults: { retries: 1 }\n');
    const job = await s.service.create({ id: 'mine', handler: 'tick', every: '5m', input: { n: 1 } }, ann);
    expect(job).toMatchObject({
      ...{ id: 'mine', name: 'mine', source: 'api', enabled: true, state: 'active', input: { n: 1 } },
      schedule: { kind: 'every', expression: '5m', timezone: 'Europe/Berlin' },
      policy: { retries: 1, timeout: 3600, isolation: 'inline' },
      next_run: '2026-03-02T11:05:30+01:00',
    });
    await s.clock.advance(300_000);
    expect(await s.ledger('mine')).toEqual(['2026-03-02T11:05:30+01:00 succeeded']);
  });

  it.each<[string, JsonObject, object]>([
    ['cron in one text', { schedule: '0 9 * * 1' }, { kind: 'cron', expression: '0 9 * * 1' }],
    ['a nickname', { schedule: '@daily' }, { kind: 'cron', expression: '@daily' }],
    ['an interval in one text', { schedule: '30s' }, { kind: 'every', expression: '30s' }],
    [
      'an instant in one text',
      { schedule: '2026-03-03T08:00' },
      { kind: 'at', expression: '2026-03-03T08:00:00+01:00' },
    ],
    ['manual in one text', { schedule: 'manual' }, { kind: 'manual' }],
    ['manual by its key', { manual_only: true }, { kind: 'manual' }],
    ['a zone of its own', { cron: '0 9 * * *', timezone: 'Asia/Tokyo' }, { timezone: 'Asia/Tokyo' }],
  ])('%s', async (_, keys, schedule) => {
    const s = await started();
    expect((await s.service.create({ handler: 'tick', ...keys }, ann)).schedule).toMatchObject(schedule);
  });

  it('with an id of its own where none is given; names may repeat, and are then refused as ids', async () => {
    const s = await started();
    const [one, two] = [1, 2].map(() =>
      s.service.create({ name: 'twin', handler: 'tick', every: '1h' }, ann),
    );
    expect((await one!).id).not.toBe((await two!).id);
    expect(await fault(s.service.find('twin'))).toMatchObject({ code: 'CONFLICT' });
  });

  it('now starts at once', async () => {
    const s = await started();
    await s.service.create({ id: 'soon', handler: 'tick', schedule: 'now' }, ann);
    await s.quiet();
    expect(await s.rows('soon')).toMatchObject([{ state: 'succeeded', kind: 'scheduled' }]);
    expect(await s.service.find('soon')).toMatchObject({ state: 'completed' });
  });

  it('starts_at is the first slot of an interval, and the first that a cron may have', async () => {
    const s = await started();
    await s.service.create({ id: 'a', handler: 'tick', every: '1h', starts_at: '2026-03-03T08:10' }, ann);
    await s.service.create(
      { id: 'b', handler: 'tick', cron: '0 * * * *', starts_at: '2026-03-03T08:00' },
      ann,
    );
    // In the past it is the anchor only (face A).
    await s.service.create({ id: 'c', handler: 'tick', every: '1h', starts_at: '2026-03-01T08:10' }, ann);
    const first = async (job: string) => (await s.service.next({ job, count: 2 })).map(({ slot }) => slot);
    expect(await first('a')).toEqual(['2026-03-03T08:10:00+01:00', '2026-03-03T09:10:00+01:00']);
    expect(await first('b')).toEqual(['2026-03-03T08:00:00+01:00', '2026-03-03T09:00:00+01:00']);
    expect(await first('c')).toEqual(['2026-03-02T11:10:00+01:00', '2026-03-02T12:10:00+01:00']);
    await s.advanceTo('2026-03-03T07:59:00Z');
    expect(await s.ledger('a')).toEqual(['2026-03-03T08:10:00+01:00 succeeded']);
    expect(await s.ledger('b')).toEqual(['2026-03-03T08:00:00+01:00 succeeded']);
  });

  it('survives a restart', async () => {
    const s = await started();
    await s.service.create({ id: 'mine', handler: 'tick', every: '1h' }, ann);
    await s.stop();
    await s.start();
    expect(await s.service.find('mine')).toMatchObject({ state: 'active', source: 'api' });
  });
});

describe('refused, with every field at once', () => {
  it.each<[JsonObject, string, string[]]>([
    [{}, 'INVALID_PARAMETERS', ['handler', 'schedule']],
    [{ handler: 'tick' }, 'INVALID_SCHEDULE', ['schedule']],
    [{ handler: 'tick', every: '1h', cron: '@daily' }, 'INVALID_SCHEDULE', ['every']],
    [{ handler: 'tick', every: 'often' }, 'INVALID_SCHEDULE', ['every']],
    [{ handler: 'tick', cron: '99 * * * *' }, 'INVALID_SCHEDULE', ['cron']],
    [{ handler: 'tick', schedule: 'often' }, 'INVALID_SCHEDULE', ['schedule']],
    [{ handler: 'tick', schedule: '5m', every: '1h' }, 'INVALID_SCHEDULE', ['every']],
    [{ handler: 'tick', at: '2026-04-01', starts_at: '2026-04-01' }, 'INVALID_SCHEDULE', ['starts_at']],
    [{ handler: 'tick', every: '1h', retires: 2 }, 'INVALID_PARAMETERS', ['retires']],
    [
      { handler: 'tick', every: '1h', retries: 99, timeout: 'x' },
      'INVALID_PARAMETERS',
      ['timeout', 'retries'],
    ],
    [{ handler: 'tick', every: '1h', id: '/etc', name: '' }, 'INVALID_PARAMETERS', ['id', 'name']],
    [{ handler: 'tick', every: '1h', id: 'adhoc:x' }, 'INVALID_PARAMETERS', ['id']],
    [{ handler: 'tick', every: '1h', name: 'x'.repeat(101) }, 'INVALID_PARAMETERS', ['name']],
    [{ handler: 'tick', every: '1h', input: 7 }, 'INVALID_PARAMETERS', ['input']],
  ])('%j is %s', async (given, code, fields) => {
    const s = await started();
    const error = await fault(s.service.create(given, ann));
    expect(error).toMatchObject({ code });
    expect(error?.details?.map(({ field }) => field).toSorted()).toEqual(fields.toSorted());
  });

  it('an unknown handler, an id that is taken, a time that is past', async () => {
    const s = await started();
    expect(await fault(s.service.create({ handler: 'tock', every: '1h' }, ann))).toMatchObject({
      code: 'HANDLER_NOT_FOUND',
      fix: expect.stringContaining('did you mean tick?'),
    });
    expect(await fault(s.service.create({ id: 'fixed', handler: 'tick', every: '1h' }, ann))).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('aclarai.config.yaml:'),
    });
    expect(await fault(s.service.create({ handler: 'tick', at: '2026-03-01T00:00' }, ann))).toMatchObject({
      code: 'PAST_EVENT',
    });
  });

  it('input that its handler does not take', async () => {
    const s = await started();
    s.installed.register({
      info: { name: 'strict', description: null, defaults: {}, input: z.object({ n: z.int() }), file: null },
      codeHash: null,
      call: async () => ({}),
    });
    expect(
      await fault(s.service.create({ handler: 'strict', every: '1h', input: { n: 'x' } }, ann)),
    ).toMatchObject({
      details: [{ field: 'input.n' }],
    });
  });
});

describe('changed', () => {
  it('what is given, and nothing else; an interval that stays keeps its grid', async () => {
    const s = await started();
    const made = await s.service.create(
      { id: 'mine', handler: 'tick', every: '5m', retries: 2, input: { n: 1 } },
      ann,
    );
    await s.clock.advance(60_000);
    const changed = await s.service.update('mine', { name: 'ours', timeout: '1m', input: { m: 2 } }, ann);
    expect(changed).toEqual({
      ...made,
      ...{ name: 'ours', input: { m: 2 }, policy: { ...made.policy, timeout: 60 } },
      updated_at: '2026-03-02T11:01:30+01:00',
    });
  });

  it('a schedule of another kind takes the place of the one before', async () => {
    const s = await started();
    await s.service.create({ id: 'mine', handler: 'tick', every: '5m' }, ann);
    for (const [keys, kind] of [
      [{ cron: '0 9 * * *' }, 'cron'],
      [{ schedule: '2026-03-05T09:00' }, 'at'],
      [{ manual_only: true }, 'manual'],
      [{ every: '1h' }, 'every'],
    ] as const)
      expect((await s.service.update('mine', keys, ann)).schedule.kind).toBe(kind);
  });

  it('a one-time job that is moved runs at its new time; to the past it is refused, to now it runs', async () => {
    const s = await started();
    await s.service.create({ id: 'once', handler: 'tick', at: '2026-03-02T12:00' }, ann);
    await s.service.update('once', { at: '2026-03-02T11:30' }, ann);
    expect(await fault(s.service.update('once', { at: '2026-03-01T11:30' }, ann))).toMatchObject({
      code: 'PAST_EVENT',
    });
    await s.advanceTo('2026-03-02T10:45:00Z');
    expect(await s.ledger('once')).toEqual(['2026-03-02T11:30:00+01:00 succeeded']);
    await s.service.update('once', { schedule: 'now' }, ann);
    await s.clock.advance(10);
    expect((await s.rows('once')).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
  });

  it('switched off and on, limited and raised', async () => {
    const s = await started();
    await s.service.create({ id: 'mine', handler: 'tick', every: '1m', max_executions: 1 }, ann);
    await s.clock.advance(180_000);
    expect(await s.service.find('mine')).toMatchObject({ state: 'completed', run_count: 1 });
    expect(await s.service.update('mine', { max_executions: 2 }, ann)).toMatchObject({ state: 'active' });
    expect(await s.service.update('mine', { enabled: false }, ann)).toMatchObject({ state: 'disabled' });
    expect(await s.service.update('mine', { enabled: true }, ann)).toMatchObject({ state: 'active' });
  });

  it('by two at once: both changes hold; one that expects what is no more is told', async () => {
    const s = await started();
    const { updated_at } = await s.service.create({ id: 'mine', handler: 'tick', every: '5m' }, ann);
    await s.clock.advance(10);
    await Promise.all([
      s.service.update('mine', { timeout: '1m' }, ann),
      s.service.update('mine', { retries: 7 }, ann),
    ]);
    expect((await s.service.find('mine')).policy).toMatchObject({ timeout: 60, retries: 7 });
    const isExpected = (job: { updatedAt: number }) => job.updatedAt === Date.parse(updated_at);
    const late = s.service.update('mine', { retries: 1 }, { by: 'bob', isExpected });
    expect(await fault(late)).toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  it.each<[string, JsonObject, string]>([
    ['fixed', { every: '1h' }, 'CONFLICT'],
    ['mine', { id: 'other' }, 'INVALID_PARAMETERS'],
    ['mine', { module_id: 'x' }, 'INVALID_PARAMETERS'],
    ['mine', { every: '0s' }, 'INVALID_SCHEDULE'],
    ['mine', { handler: 'tock' }, 'HANDLER_NOT_FOUND'],
    ['none', { every: '1h' }, 'JOB_NOT_FOUND'],
  ])('refused: %s %j is %s, and nothing is changed', async (job, changes, code) => {
    const s = await started();
    const made = await s.service.create({ id: 'mine', handler: 'tick', every: '5m' }, ann);
    expect(await fault(s.service.update(job, changes, ann))).toMatchObject({ code });
    expect(await s.service.find('mine')).toEqual(made);
  });
});
