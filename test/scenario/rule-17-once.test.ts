// Rule 17: one-time jobs, of the settings file and made by a call.
import { expect, it } from 'vitest';
import type { JobPolicy, JobSpec, ScheduleDraft } from '#core/job';
import { parseScheduleText } from '#schedule/parse';
import { aPolicy } from '../support/ledger.ts';
import { createScenario, type Scenario } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30Z';
const noop = () => ({});
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function withJob(keys: string, head = ''): Promise<Scenario> {
  const s = await createScenario({
    at,
    scheduler: `${head}jobs:\n  once: { enabled: true, ${keys} }`,
    handlers: { once: noop },
  });
  await s.start();
  return s;
}

/** A service without jobs of its own, for those that are made by a call. */
async function forCalls(head = ''): Promise<Scenario> {
  const s = await createScenario({ at, scheduler: `${head}timezone: UTC`, handlers: { once: noop } });
  await s.writeSettings(`${head}${OFF}`);
  await s.start();
  return s;
}

function spec(schedule: ScheduleDraft, policy: Partial<JobPolicy> = {}): JobSpec {
  return {
    id: 'once',
    name: 'once',
    description: null,
    handler: 'once',
    input: {},
    source: 'api',
    origin: null,
    owner: 'ann',
    moduleId: null,
    enabled: true,
    manualOnly: false,
    runOnStart: false,
    schedule,
    policy: aPolicy({ misfirePolicy: 'latest', ...policy }),
    warnings: [],
    configHash: 'x',
  };
}

const once = (text: string, policy: Partial<JobPolicy> = {}) =>
  spec({ kind: 'at', at: Date.parse(text), timezone: 'UTC' }, policy);

async function edit(s: Scenario, when: string): Promise<void> {
  await s.writeSettings(`${OFF}  once: { enabled: true, at: "${when}" }`);
  await s.installed.reload();
  await s.quiet();
}

it('a one-time job runs at its time, once', async () => {
  const s = await withJob('at: "2026-11-21T10:30:00Z"');
  await s.advanceTo('2026-11-21T10:32:00Z');
  expect(s.calls.map((call) => call.at)).toEqual(['2026-11-21T10:30:00Z']);
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z succeeded']);
});

it('now starts at once', async () => {
  const s = await forCalls();
  await s.clock.advance(250);
  const schedule = parseScheduleText('now', { timezone: 'UTC', now: s.clock.now() });
  await s.service.createJob(spec(schedule as ScheduleDraft, { misfireGraceMs: 0 }), 'ann');
  await s.quiet();
  expect(await s.rows('once')).toMatchObject([{ state: 'succeeded', kind: 'scheduled', late_by: 0 }]);
});

it.each(['now', 'NOW'])('%s is refused in YAML', async (word) => {
  await expect(withJob(`at: ${word}`)).rejects.toThrow('"now" has no meaning in a file');
});

it('creation in the past: within the grace it runs', async () => {
  const s = await forCalls();
  await s.service.createJob(once('2026-11-21T09:55:30Z'), 'ann');
  await s.quiet();
  expect(await s.rows('once')).toMatchObject([
    { slot: '2026-11-21T09:55:30Z', state: 'succeeded', kind: 'scheduled', late_by: 300 },
  ]);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed', source: 'api' });
});

it('creation in the past: older is PAST_EVENT, and nothing is made', async () => {
  const s = await forCalls();
  await expect(s.service.createJob(once('2026-11-21T09:55:29Z'), 'ann')).rejects.toMatchObject({
    code: 'PAST_EVENT',
    fix: expect.stringContaining('allow_past_events'),
  });
  await expect(s.service.find('once')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('creation in the past: the grace is the job’s own', async () => {
  const s = await forCalls();
  await s.service.createJob(once('2026-11-21T09:00:30Z', { misfireGraceMs: 3_600_000 }), 'ann');
  await s.quiet();
  expect(await s.ledger('once')).toEqual(['2026-11-21T09:00:30Z succeeded']);
  await expect(
    s.service.createJob({ ...once('2026-11-21T10:00:20Z', { misfireGraceMs: 5_000 }), id: 'two' }, 'ann'),
  ).rejects.toMatchObject({ code: 'PAST_EVENT' });
});

it('creation in the past: also a grace without end ends at the catch-up window', async () => {
  const s = await forCalls();
  await s.service.createJob(once('2026-11-20T10:00:30Z', { misfireGraceMs: null }), 'ann');
  await s.quiet();
  expect(await s.ledger('once')).toEqual(['2026-11-20T10:00:30Z succeeded']);
  await expect(
    s.service.createJob({ ...once('2026-11-20T10:00:29Z', { misfireGraceMs: null }), id: 'two' }, 'ann'),
  ).rejects.toMatchObject({ code: 'PAST_EVENT' });
});

it('allow_past_events: then it is due at its creation', async () => {
  const s = await forCalls('allow_past_events: true\n');
  await s.service.createJob(once('2020-01-01T00:00:00Z'), 'ann');
  await s.quiet();
  expect(await s.rows('once')).toMatchObject([{ slot: at, state: 'succeeded', late_by: 0 }]);
});

it('made by a call while no service is up: it runs at the next start, within 24 h', async () => {
  const s = await forCalls();
  const other = await s.command();
  await s.stop();
  await other.service.createJob(once('2026-11-21T10:01:00Z'), 'ann');
  await s.advanceTo('2026-11-21T14:00:00Z');
  await s.start();
  expect(await s.rows('once')).toMatchObject([
    { slot: '2026-11-21T10:01:00Z', state: 'succeeded', kind: 'catchup' },
  ]);
});

it('in YAML an at already past when first read is one missed row and a warning, never a fault', async () => {
  const s = await withJob('at: "2026-11-20T10:00:00Z"');
  expect(await s.ledger('once')).toEqual(['2026-11-20T10:00:00Z missed: schedule_changed']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed', next_run: null });
  expect(s.lines).toContainEqual(
    expect.objectContaining({ level: 'WARN', msg: 'once: 1 slot(s) missed: schedule_changed' }),
  );
  expect((await s.installed.status()).config_error).toBeNull();
});

it('within its grace, in YAML, it is past all the same', async () => {
  const s = await withJob('at: "2026-11-21T10:00:29Z"');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:00:29Z missed: schedule_changed']);
});

it('the row is written once, however often the file is read', async () => {
  const s = await withJob('at: "2026-11-20T10:00:00Z"');
  await s.installed.reload();
  await s.stop();
  await s.start();
  expect(await s.ledger('once')).toEqual(['2026-11-20T10:00:00Z missed: schedule_changed']);
});

it('one that ran is completed, whatever the file is read for', async () => {
  const s = await withJob('at: "2026-11-21T10:01:00Z"');
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.stop();
  await s.start();
  await s.installed.reload();
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('one that is disabled when it is past has no row until it is enabled', async () => {
  const s = await withJob('at: "2026-11-21T10:01:00Z"');
  await s.writeSettings(`${OFF}  once: { enabled: false, at: "2026-11-21T10:01:00Z" }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.ledger('once')).toEqual([]);
  await edit(s, '2026-11-21T10:01:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:01:00Z missed: schedule_changed']);
});

it('an at edited to a past instant is one missed row, unless it ran', async () => {
  const s = await withJob('at: "2026-11-21T10:05:00Z"');
  await s.advanceTo('2026-11-21T10:06:00Z');
  await edit(s, '2026-11-21T09:00:00Z');
  await edit(s, '2026-11-21T10:05:00Z');
  expect((await s.ledger('once')).toSorted()).toEqual([
    '2026-11-21T09:00:00Z missed: schedule_changed',
    '2026-11-21T10:05:00Z succeeded',
  ]);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('an at edited to a time to come runs again', async () => {
  const s = await withJob('at: "2026-11-21T10:01:00Z"');
  await s.advanceTo('2026-11-21T10:01:10Z');
  await edit(s, '2026-11-21T10:02:00Z');
  expect(await s.service.find('once')).toMatchObject({ state: 'active', next_run: '2026-11-21T10:02:00Z' });
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.ledger('once')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it.each([
  ['within 24 h it runs', '', '2026-11-22T11:00:00Z', '2026-11-21T11:00:00Z succeeded'],
  ['later it is missed', '', '2026-11-22T11:00:00.001Z', '2026-11-21T11:00:00Z missed: downtime'],
  [
    'a written policy decides: skip',
    ', misfire_policy: skip',
    '2026-11-21T12:00:00Z',
    '2026-11-21T11:00:00Z missed: downtime',
  ],
  [
    'a written policy decides: all',
    ', misfire_policy: all',
    '2026-11-21T12:00:00Z',
    '2026-11-21T11:00:00Z succeeded',
  ],
  [
    'within its grace it runs, whatever the policy',
    ', misfire_policy: skip',
    '2026-11-21T11:05:00Z',
    '2026-11-21T11:00:00Z succeeded',
  ],
  [
    'a written window decides',
    ', catchup_window: 30m',
    '2026-11-21T12:00:00Z',
    '2026-11-21T11:00:00Z missed: downtime',
  ],
])('down at its time: %s', async (_case, policy, back, row) => {
  const s = await withJob(`at: "2026-11-21T11:00:00Z"${policy}`);
  await s.stop();
  await s.advanceTo(back);
  await s.start();
  expect(await s.ledger('once')).toEqual([row]);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('down at its time: a policy in scheduler.defaults is a written one', async () => {
  const s = await withJob('at: "2026-11-21T11:00:00Z"', 'defaults: { misfire_policy: skip }\n');
  await s.stop();
  await s.advanceTo('2026-11-21T12:00:00Z');
  await s.start();
  expect(await s.ledger('once')).toEqual(['2026-11-21T11:00:00Z missed: downtime']);
});

it.each([
  [
    'the zone of the job',
    'at: "2026-11-21T12:30:00", timezone: Europe/Paris',
    '',
    '2026-11-21T12:30:00+01:00',
  ],
  [
    'else that of the scheduler',
    'at: "2026-11-21 19:30"',
    'timezone: Asia/Tokyo\n',
    '2026-11-21T19:30:00+09:00',
  ],
  [
    'a date alone is its midnight',
    'at: "2026-11-22"',
    'timezone: Europe/Paris\n',
    '2026-11-22T00:00:00+01:00',
  ],
  ['an offset is an offset', 'at: "2026-11-21T12:30:00+02:00"', '', '2026-11-21T10:30:00Z'],
  [
    'in a gap: as much later',
    'at: "2027-03-28T02:30:00", timezone: Europe/Paris',
    '',
    '2027-03-28T03:30:00+02:00',
  ],
  [
    'shown twice: the first',
    'at: "2027-10-31T02:30:00", timezone: Europe/Paris',
    '',
    '2027-10-31T02:30:00+02:00',
  ],
])('a naive time is read in %s', async (_case, keys, head, slot) => {
  expect(await (await withJob(keys, head)).service.next({ job: 'once', count: 2 })).toMatchObject([{ slot }]);
});

it.each(['tomorrow', '12:30', '2026-13-01T00:00:00Z', '2026-11-31'])('at: %s is refused', async (text) => {
  await expect(withJob(`at: "${text}"`)).rejects.toThrow(/scheduler\.jobs\.once\.at: .*is not a time/);
});

it('a finished job stays listed as completed, one of the YAML as long as it stands in the file', async () => {
  const s = await withJob('at: "2026-11-21T10:01:00Z"');
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect((await s.service.list({ state: 'completed' })).map((job) => job.id)).toEqual(['once']);
  await s.stop();
  await s.advanceTo('2027-11-21T10:00:00Z');
  await s.start();
  expect(await s.service.find('once')).toMatchObject({ state: 'completed', next_run: null });
});

it('a finished job can be run by hand, and stays finished', async () => {
  const s = await withJob('at: "2026-11-21T10:01:00Z"');
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.runNow('once', { by: 'ann' });
  await s.quiet();
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:01:00Z succeeded', 'manual succeeded']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('one that failed for good is completed too', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  once: { enabled: true, at: "2026-11-21T10:01:00Z", retries: 0 }',
    handlers: {
      once: () => {
        throw new Error('no luck');
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:01:00Z failed']);
  expect(await s.service.find('once')).toMatchObject({
    state: 'completed',
    last_error: { message: 'no luck' },
  });
});

it('once with a cron is a limit of one execution', async () => {
  const s = await forCalls();
  const cron = { kind: 'cron', expression: '* * * * *', timezone: 'UTC', dayMatch: 'or' } as const;
  await s.service.createJob(spec(cron, { maxExecutions: 1 }), 'ann');
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('an id that is taken is refused, also by a job of the file', async () => {
  const s = await withJob('at: "2026-11-21T10:01:00Z"');
  await expect(s.service.createJob(once('2026-11-21T11:00:00Z'), 'ann')).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('aclarai.config.yaml:7'),
  });
});
