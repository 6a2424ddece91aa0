// Every operation answers as it is described, names what is wrong with its input, and needs the scope it should.

import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { EFFECTS, InvalidInput, type OperationContext, perform } from '#faces/operations/operation';
import { OPERATIONS } from '#faces/operations/table';
import { createScenario, type Scenario } from '../../support/scenario.ts';

const SCHEDULER = `
timezone: UTC
jobs:
  report: { handler: report, enabled: true, cron: "0 * * * *" }
  broken: { handler: broken, enabled: true, cron: "30 * * * *", description: fails }`;

async function started(): Promise<Scenario> {
  const scenario = await createScenario({
    at: '2026-03-01T00:10:00Z',
    scheduler: SCHEDULER,
    handlers: {
      report: () => ({ pages: 3 }),
      broken: () => {
        throw new Error('no paper');
      },
    },
  });
  await scenario.start();
  await scenario.advanceTo('2026-03-01T01:10:00Z');
  return scenario;
}

function contextOf({ installed, clock }: Scenario): OperationContext {
  return { installation: installed, clock, by: 'test:anna', signal: new AbortController().signal };
}

/** The answer, which has to be just as its operation describes it. */
async function ask(scenario: Scenario, name: string, given: object): Promise<unknown> {
  const operation = OPERATIONS.get(name)!;
  const answer = await perform(operation, contextOf(scenario), given);
  operation.output.parse(answer);
  return answer;
}

const fault = async (scenario: Scenario, name: string, given: unknown) =>
  await perform(OPERATIONS.get(name)!, contextOf(scenario), given).then(
    () => null,
    (error: unknown) => error,
  );

describe('the table', () => {
  test('says of each what it does, and describes input and output so that they can be published', () => {
    for (const { name, summary, effect, input, output } of OPERATIONS.values()) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(EFFECTS).toContain(effect);
      expect(z.toJSONSchema(input, { io: 'input' })).toMatchObject({ type: 'object' });
      expect(Object.keys(z.toJSONSchema(output))).not.toEqual(['$schema']);
    }
  });

  test('gives reading to readers, starting to runners and changing to writers', () => {
    const named = (effect: string) =>
      [...OPERATIONS.values()].filter((each) => each.effect === effect).map(({ name }) => name);
    expect(named('run')).toEqual([
      'run_job',
      'run_handler',
      'cancel_run',
      'rerun',
      'backfill',
      'run_cleanup',
      'put_message',
      'lease_messages',
      'ack_messages',
      'nack_messages',
    ]);
    expect(named('write')).toEqual([
      'create_job',
      'update_job',
      'delete_job',
      'pause',
      'resume',
      'register_cleanup',
      'update_cleanup',
      'remove_cleanup',
      'revive_dead',
      'clear_queue',
      'kv_set',
      'kv_delete',
    ]);
    expect(named('admin')).toEqual(['show_config', 'audit', 'reload']);
  });
});

describe('answers are as described', () => {
  test.each([
    ['list_jobs', {}],
    ['list_jobs', { state: 'active' }],
    ['get_job', { job: 'broken' }],
    ['list_runs', { states: ['failed'] }],
    ['next', { count: 3 }],
    ['why', { job: 'broken', at: '00:30' }],
    ['why', { job: 'report', at: '2026-03-01T00:45:00Z' }],
    ['simulate', { to: '2026-03-01T04:00:00Z', down: ['02:00..02:30'] }],
    ['validate_schedule', { expression: '*/5 * * * *' }],
    ['validate_schedule', { expression: '99 * * * *' }],
    ['status', {}],
    ['stats', {}],
    ['show_config', {}],
    ['audit', { limit: 5 }],
    ['reload', {}],
    ['list_cleanups', {}],
    ['list_queues', {}],
    ['kv_list', {}],
    ['backfill', { job: 'report', from: '2026-02-01', to: '2026-03-01T02:00', dry_run: true }],
  ])('%s %j', async (name, given) => {
    const scenario = await started();
    if (name !== 'backfill') return expect(await ask(scenario, name, given)).toBeDefined();
    const pause = await ask(scenario, 'pause', { job: 'report', reason: 'moving' });
    expect(pause).toEqual({ paused: true, job: 'report' });
    await scenario.advanceTo('2026-03-01T02:10:00Z');
    await ask(scenario, 'resume', { job: 'report' });
    expect(await ask(scenario, name, given)).toMatchObject({ slots: ['2026-03-01T02:00:00Z'], runs: [] });
  });

  test('a run is queued in the name of who asks, performed, found and repeated', async () => {
    const scenario = await started();
    const queued = (await ask(scenario, 'run_job', { job: 'report' })) as { run_id: string };
    expect(queued).toMatchObject({ kind: 'manual', by: 'test:anna' });
    await scenario.quiet();
    const run = { run: queued.run_id };
    expect(await ask(scenario, 'get_run', run)).toMatchObject({ state: 'succeeded' });
    expect(await ask(scenario, 'rerun', run)).toMatchObject({ job: 'report', kind: 'manual' });
  });

  test('a message is put, looked at, delivered, given back, delivered again and acknowledged', async () => {
    const scenario = await started();
    const { id } = (await ask(scenario, 'put_message', { queue: 'work', body: { n: 1 } })) as { id: number };
    expect(await ask(scenario, 'peek_queue', { queue: 'work' })).toMatchObject([{ id, deliveries: 0 }]);
    const lease = async () => {
      const leased = await ask(scenario, 'lease_messages', { queue: 'work', seconds: 30 });
      return (leased as { receipt: string }[]).map(({ receipt }) => receipt);
    };
    const back = { receipts: await lease(), error: 'not now' };
    expect(await ask(scenario, 'nack_messages', back)).toEqual({ waiting: 1, dead: 0, lost: [] });
    const receipts = await lease();
    expect(await ask(scenario, 'queue_size', { queue: 'work' })).toMatchObject({ leased: 1, size: 1 });
    expect(await ask(scenario, 'ack_messages', { receipts })).toEqual({ acked: 1, lost: [] });
    expect(await ask(scenario, 'ack_messages', { receipts })).toEqual({ acked: 0, lost: receipts });
    expect(await ask(scenario, 'dead_letters', { queue: 'work' })).toEqual([]);
    expect(await ask(scenario, 'revive_dead', { queue: 'work' })).toEqual({ revived: 0 });
    expect(await ask(scenario, 'clear_queue', { queue: 'work' })).toEqual({ cleared: 0 });
  });

  test('a key is set, read, listed and taken away', async () => {
    const scenario = await started();
    const kept = { key: 'a/b', value: { n: [1] }, updated_by: 'test:anna' };
    expect(await ask(scenario, 'kv_set', { key: 'a/b', value: { n: [1] } })).toMatchObject(kept);
    expect(await ask(scenario, 'kv_get', { key: 'a/b' })).toMatchObject(kept);
    expect(await ask(scenario, 'kv_list', { prefix: 'a/' })).toMatchObject([kept]);
    expect(await ask(scenario, 'kv_list', { prefix: '%' })).toEqual([]);
    expect(await ask(scenario, 'kv_list', { after: 'a/b' })).toEqual([]);
    expect(await ask(scenario, 'kv_delete', { key: 'a/b' })).toEqual({ deleted: 'a/b' });
  });

  test('the audit names who changed what, of one job and of all', async () => {
    const scenario = await started();
    await ask(scenario, 'pause', { job: 'report', reason: 'moving' });
    await ask(scenario, 'resume', { job: 'report' });
    const trail = (await ask(scenario, 'audit', { job: 'report' })) as { what: string }[];
    expect(trail.map(({ what }) => what)).toEqual(['resumed', 'paused', 'created']);
    expect(trail[1]).toMatchObject({ job: 'report', by: 'test:anna', after: { why: 'moving' } });
    const before = (await ask(scenario, 'audit', { before: '2026-03-01T00:30' })) as { what: string }[];
    expect(before.length).toBeGreaterThan(0);
    expect(before.filter(({ what }) => what === 'paused' || what === 'resumed')).toEqual([]);
    expect(await fault(scenario, 'audit', { job: 'raport' })).toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  test('a reload takes changed settings, and tells what is wrong with those that do not hold', async () => {
    const scenario = await started();
    await scenario.writeSettings(`${SCHEDULER}\n  added: { handler: report, enabled: true, every: 1h }`);
    expect(await ask(scenario, 'reload', {})).toEqual({
      reloaded: true,
      config_error: null,
      restart_required: [],
    });
    expect(await ask(scenario, 'get_job', { job: 'added' })).toMatchObject({ id: 'added' });
    await scenario.writeSettings(`${SCHEDULER}\n  added: { handler: report, enabled: maybe }`);
    expect(await ask(scenario, 'reload', {})).toMatchObject({
      reloaded: false,
      config_error: [expect.stringContaining('enabled')],
    });
    expect(await ask(scenario, 'get_job', { job: 'added' })).toMatchObject({ id: 'added' });
  });

  test('a zone that is not there is what is wrong with a schedule', async () => {
    const answer = await ask(await started(), 'validate_schedule', {
      expression: '@daily',
      timezone: 'Mars/Olympus',
    });
    expect(answer).toMatchObject({ ok: false, jobs: [] });
  });

  test('a pause until a time without an offset ends in the zone of the scheduler', async () => {
    const scenario = await started();
    await ask(scenario, 'pause', { until: '2026-03-01T02:30' });
    const { paused } = (await ask(scenario, 'status', {})) as { paused: unknown[] };
    expect(paused).toMatchObject([{ who: 'test:anna', until: '2026-03-01T02:30:00Z' }]);
  });
});

describe('what does not fit', () => {
  test('names every field at once', async () => {
    const found = await fault(await started(), 'next', { count: 0, jobb: 'report' });
    expect(found).toBeInstanceOf(InvalidInput);
    expect(found).toMatchObject({ code: 'INVALID_PARAMETERS' });
    expect((found as InvalidInput).details.map(({ field }) => field).sort()).toEqual(['count', 'jobb']);
    expect((found as InvalidInput).details.find(({ field }) => field === 'jobb')?.message).toContain('job?');
  });

  test.each([[null], ['text'], [7], [[]]])('an input that is no object: %j', async (given) => {
    expect(await fault(await started(), 'list_jobs', given)).toMatchObject({ code: 'INVALID_PARAMETERS' });
  });

  test.each([
    ['get_job', { job: 'raport' }, 'JOB_NOT_FOUND'],
    ['get_run', { run: 'x' }, 'RUN_NOT_FOUND'],
    ['delete_job', { job: 'report' }, 'CONFLICT'],
    ['run_handler', { handler: 'raport' }, 'HANDLER_NOT_FOUND'],
    ['resume', {}, 'NOT_PAUSED'],
    ['pause', { until: 'soon' }, 'INVALID_PARAMETERS'],
    ['get_cleanup', { cleanup: 'x' }, 'CONFIG_NOT_FOUND'],
    ['kv_get', { key: 'x' }, 'CONFIG_NOT_FOUND'],
    ['kv_delete', { key: 'x' }, 'CONFIG_NOT_FOUND'],
    ['kv_set', { key: 'a b', value: 1 }, 'INVALID_PARAMETERS'],
    ['peek_queue', { queue: 'x' }, 'QUEUE_NOT_FOUND'],
    ['put_message', { queue: 'a b', body: 1 }, 'INVALID_PARAMETERS'],
    ['register_cleanup', { rule: { directory: 'relative' } }, 'INVALID_PARAMETERS'],
  ])('%s %j is %s', async (name, given, code) => {
    expect(await fault(await started(), name, given)).toMatchObject({ code });
  });
});
