import { expect, test } from 'vitest';
import { faultsOf, handler, jobOf, load, settingsOf, warningsOf } from './harness.ts';

const CRON = (expression: string) => ({ kind: 'cron', expression, timezone: 'UTC', dayMatch: 'or' });
const COUNT = [handler('count')];

test('the built-in jobs are there and enabled without a line in the file', async () => {
  const { jobs, warnings } = await settingsOf('{}\n');
  expect(jobs.map(({ id, enabled, schedule, origin }) => ({ id, enabled, schedule, origin }))).toEqual([
    { id: 'vault_sync', enabled: true, schedule: CRON('*/30 * * * *'), origin: null },
    { id: 'housekeeping', enabled: true, schedule: CRON('0 3 * * *'), origin: null },
  ]);
  expect(warnings).toEqual([]);
});

test('a built-in job with an empty entry keeps its defaults, and can be disabled', async () => {
  const { jobs, warnings } = await settingsOf(
    'scheduler: { jobs: { vault_sync: , housekeeping: { enabled: false } } }\n',
  );
  expect(jobs.map((job) => job.enabled)).toEqual([true, false]);
  expect(jobs[0]?.origin).toBe('settings/aclarai.config.yaml:1');
  expect(warnings).toEqual([]);
});

test('another job without `enabled` is disabled, and that is said once, with its name', async () => {
  const yaml = 'scheduler:\n  jobs:\n    count: { cron: "0 1 * * *" }\n';
  expect(await warningsOf(yaml, { handlers: COUNT })).toEqual(['3 ENABLED_MISSING scheduler.jobs.count']);
  const job = await jobOf('{ cron: "0 1 * * *" }');
  expect(job).toMatchObject({ enabled: false, warnings: [expect.any(String)] });
});

test('everything of a job that is not written has its default', async () => {
  expect(await jobOf('{ enabled: true }')).toMatchObject({
    id: 'count',
    name: 'count',
    handler: 'count',
    description: null,
    input: {},
    source: 'config',
    origin: 'settings/aclarai.config.yaml:3',
    enabled: true,
    manualOnly: false,
    runOnStart: false,
    schedule: CRON('0 2 * * *'),
    warnings: [],
    policy: {
      priority: 100,
      group: null,
      maxInstances: 1,
      overlap: 'skip',
      coalesce: true,
      misfireGraceMs: 300_000,
      misfirePolicy: 'skip',
      catchupWindowMs: 86_400_000,
      catchupMax: 10,
      queueTimeoutMs: null,
      maxExecutions: null,
      timeoutMs: 3_600_000,
      retries: 3,
      retryDelayMs: 5000,
      retryable: true,
      rerunOnInterrupt: true,
      circuitAfter: 10,
      circuitProbeMs: 900_000,
      circuitAction: 'skip',
      jitterMs: 0,
      isolation: 'thread',
      permissions: null,
      maxMemoryMb: null,
      runLog: 'all',
      trace: false,
      resultQueue: null,
      errorQueue: null,
    },
  });
});

test.each([
  ['job entry', '{ enabled: true, timeout: 1m }', 60_000],
  ['class', '{ enabled: true }', 120_000],
])('the order of layers: %s goes first', async (_name, entry, expected) => {
  const handlers = [handler('count', { defaults: { timeout: '2m' } })];
  const yaml = `scheduler: { defaults: { timeout: 3m }, jobs: { count: ${entry} } }\n`;
  const { jobs } = await settingsOf(yaml, { handlers });
  expect(jobs[0]?.policy.timeoutMs).toBe(expected);
  expect(jobs[1]?.policy.timeoutMs).toBe(180_000);
});

test('a null that is written goes before the layers below', async () => {
  const yaml = 'scheduler: { jobs: { vault_sync: { misfire_grace_time: null } } }\n';
  expect((await settingsOf(yaml)).jobs[0]?.policy.misfireGraceMs).toBeNull();
});

test.each([
  ['{ enabled: true, every: 90 }', { kind: 'every', every: '90s', timezone: 'UTC', anchor: null }],
  [
    '{ enabled: true, every: 1mo, anchor: 2026-01-31T10:00, timezone: Europe/Paris }',
    { kind: 'every', every: '1mo', timezone: 'Europe/Paris', anchor: Date.UTC(2026, 0, 31, 9) },
  ],
  [
    '{ enabled: true, at: 2026-07-01T10:00, timezone: europe/paris }',
    { kind: 'at', at: Date.UTC(2026, 6, 1, 8), timezone: 'Europe/Paris' },
  ],
  [
    '{ enabled: true, at: "1999-01-01T00:00:00Z" }',
    { kind: 'at', at: Date.UTC(1999, 0, 1), timezone: 'UTC' },
  ],
  ['{ enabled: true, cron: "@daily" }', CRON('@daily')],
  ['{ enabled: true, cron: "0 0 1 * 1", day_match: and }', { ...CRON('0 0 1 * 1'), dayMatch: 'and' }],
  ['{ enabled: true, manual_only: true }', { kind: 'manual', timezone: 'UTC' }],
  ['{ enabled: true, manual_only: true, cron: "0 1 * * *" }', CRON('0 1 * * *')],
])('the schedule of %s', async (entry, schedule) => {
  expect((await jobOf(entry)).schedule).toEqual(schedule);
});

test('a schedule of the entry replaces that of the class, of whatever kind', async () => {
  const handlers = [handler('count', { defaults: { cron: '0 4 * * *', enabled: true } })];
  expect(await jobOf('{}', { handlers })).toMatchObject({ enabled: true, schedule: CRON('0 4 * * *') });
  expect((await jobOf('{ every: 5m }', { handlers })).schedule).toMatchObject({ kind: 'every', every: '5m' });
});

test.each([
  ['{ cron: "* * * * *", every: 5m }', 'TWO_SCHEDULES scheduler.jobs.count.every'],
  ['{ at: 2026-01-01, cron: "* * * * *" }', 'TWO_SCHEDULES scheduler.jobs.count.at'],
  ['{ at: now }', 'INVALID_SCHEDULE scheduler.jobs.count.at'],
  ['{ at: NOW }', 'INVALID_SCHEDULE scheduler.jobs.count.at'],
  ['{ at: tomorrow }', 'INVALID_SCHEDULE scheduler.jobs.count.at'],
  ['{ every: 0s }', 'INVALID_SCHEDULE scheduler.jobs.count.every'],
  ['{ every: -5m }', 'INVALID_SCHEDULE scheduler.jobs.count.every'],
  ['{ every: 5 parsecs }', 'INVALID_SCHEDULE scheduler.jobs.count.every'],
  ['{ every: 5m, anchor: soon }', 'INVALID_SCHEDULE scheduler.jobs.count.anchor'],
  ['{ cron: "0 1 * * *", anchor: 2026-01-01 }', 'INVALID_SCHEDULE scheduler.jobs.count.anchor'],
  ['{ cron: "61 * * * *" }', 'INVALID_SCHEDULE scheduler.jobs.count.cron'],
  ['{ cron: "* * * *" }', 'INVALID_SCHEDULE scheduler.jobs.count.cron'],
])('no schedule: %s', async (entry, fault) => {
  const yaml = `scheduler:\n  jobs:\n    count: ${entry.replace('{ ', '{ enabled: true, ')}\n`;
  expect(await faultsOf(yaml, { handlers: COUNT })).toEqual([`3 ${fault}`]);
});

test('a one-time job is caught up within a day, unless a policy is written', async () => {
  const once = await jobOf('{ enabled: true, at: 2026-01-01 }');
  expect(once.policy).toMatchObject({ misfirePolicy: 'latest', catchupWindowMs: 86_400_000 });
  expect((await jobOf('{ enabled: true, at: 2026-01-01, misfire_policy: skip }')).policy.misfirePolicy).toBe(
    'skip',
  );
  const yaml = 'scheduler: { defaults: { misfire_policy: all }, jobs: { vault_sync: { at: 2026-01-01 } } }\n';
  expect((await settingsOf(yaml)).jobs[0]?.policy.misfirePolicy).toBe('all');
});

test.each([
  ['housekeeper: { enabled: false }', { enabled: false, schedule: CRON('0 3 * * *') }],
  ['housekeeper: { schedule: "0 4 * * *" }', { enabled: true, schedule: CRON('0 4 * * *') }],
  ['scheduler: { housekeeper_schedule: "0 4 * * *" }', { schedule: CRON('0 4 * * *') }],
  [
    'housekeeper: { enabled: false, schedule: "0 4 * * *" }\nscheduler: { jobs: { housekeeping: { enabled: true, every: 6h } } }',
    { enabled: true, schedule: { kind: 'every', every: '6h', timezone: 'UTC', anchor: null } },
  ],
])('the job of the housekeeper: %s', async (yaml, expected) => {
  const { jobs } = await settingsOf(`${yaml}\n`);
  expect(jobs.find((job) => job.id === 'housekeeping')).toMatchObject(expected);
});

test('a schedule of the housekeeper that is none has the place where it is written', async () => {
  expect(await faultsOf('housekeeper:\n  schedule: daily\n')).toEqual([
    '2 INVALID_SCHEDULE housekeeper.schedule',
  ]);
});

test('jobs without a class are one warning together, and each says so; the others stand', async () => {
  const yaml = `scheduler:
  jobs:
    vault_sync: { enabled: true }
    gone: { enabled: true }
    lost: { enabled: false, handler: nowhere }
`;
  const result = await load(yaml);
  if (result.kind !== 'ok') throw new Error('expected settings');
  const [warning] = result.settings.warnings;
  expect(result.settings.warnings).toHaveLength(1);
  expect(warning).toMatchObject({
    code: 'HANDLER_MISSING',
    line: 4,
    message: expect.stringMatching(/gone, nowhere \(of job lost\)/),
  });
  expect(result.settings.jobs.map((job) => job.warnings.length)).toEqual([0, 1, 1, 0]);
});

test('`handler` names a class other than the job', async () => {
  expect((await jobOf('{ enabled: true, handler: count }', {}, 'nightly')).handler).toBe('count');
});

test('every key of a job does something: none is warned of', async () => {
  const entry =
    '{ enabled: true, jitter: 5s, group: g, overlap: queue_one, coalesce: false, circuit_after: 3, isolation: process, run_log: changes, trace: true, result_queue: q }';
  const result = await load(`scheduler:\n  jobs:\n    count: ${entry}\n`, { handlers: COUNT });
  if (result.kind !== 'ok') throw new Error('expected settings');
  expect(result.settings.warnings).toEqual([]);
  expect(result.settings.jobs[0]?.policy).toMatchObject({ trace: true, runLog: 'changes' });
});

test('permissions: what is not written is not granted', async () => {
  const entry =
    '{ enabled: true, isolation: process, permissions: { read: [data], net: true }, max_memory_mb: 200 }';
  expect((await jobOf(entry)).policy).toMatchObject({
    isolation: 'process',
    permissions: { read: ['data'], write: [], net: true, child: false, env: [] },
    maxMemoryMb: 200,
  });
  expect((await jobOf('{ enabled: true }')).policy.permissions).toBeNull();
});

test('a wrong default in the code of a class is a fault that names its file', async () => {
  const handlers = [handler('count', { defaults: { timeout: '9d', timout: '1m' } })];
  const result = await load('scheduler: { jobs: { count: { enabled: true } } }\n', { handlers });
  expect(result).toMatchObject({
    faults: [
      { file: 'jobs/count.ts', line: null, path: 'count.defaults.timeout', code: 'INVALID_VALUE' },
      { file: 'jobs/count.ts', line: null, path: 'count.defaults.timout', code: 'NEAR_MISS' },
    ],
  });
});

test.each(['a b', '_a', 'a/b', 'x'.repeat(129), '__proto__'])('%j is no id of a job', async (id) => {
  expect(await faultsOf(`scheduler:\n  jobs:\n    ${JSON.stringify(id)}: {}\n`)).toEqual([
    `3 INVALID_ID scheduler.jobs.${id}`,
  ]);
});
