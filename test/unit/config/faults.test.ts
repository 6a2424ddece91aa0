import { expect, test } from 'vitest';
import { faultsOf, handler, load, warningsOf } from './harness.ts';

const COUNT = { handlers: [handler('count')] };
const inScheduler = (key: string) => `scheduler:\n  ${key}\n`;
const inJob = (key: string) => `scheduler:\n  jobs:\n    count:\n      enabled: true\n      ${key}\n`;

test.each([
  ['max_concurrent_executions: 0', 'max_concurrent_executions'],
  ['max_concurrent_executions: 101', 'max_concurrent_executions'],
  ['max_concurrent_executions: 1.5', 'max_concurrent_executions'],
  ['max_concurrent_executions: "10"', 'max_concurrent_executions'],
  ['check_interval: 0.05', 'check_interval'],
  ['check_interval: 61', 'check_interval'],
  ['check_interval: -1', 'check_interval'],
  ['check_interval: 2 fortnights', 'check_interval'],
  ['cleanup_interval: 59s', 'cleanup_interval'],
  ['cleanup_interval: 8d', 'cleanup_interval'],
  ['history_retention_days: 0', 'history_retention_days'],
  ['history_retention_days: 366', 'history_retention_days'],
  ['history_max_rows: 0', 'history_max_rows'],
  ['state_max_mb: 0', 'state_max_mb'],
  ['allow_past_events: yes', 'allow_past_events'],
  ['enabled: "true"', 'enabled'],
  ['timezone: Europe/Pariss', 'timezone'],
  ['timezone: "+02:00"', 'timezone'],
  ['job_directories: jobs', 'job_directories'],
  ['secrets: [1]', 'secrets.0'],
  ['shutdown: 5s', 'shutdown'],
  ['shutdown: { drain: -1 }', 'shutdown.drain'],
  ['jobs: [a]', 'jobs'],
  ['defaults: { retries: 11 }', 'defaults.retries'],
  ['execution_timeout: 0', 'execution_timeout'],
  ['taskTimeout: 999', 'taskTimeout'],
  ['retry_delay: 0', 'retry_delay'],
])('a value outside its range is a fault: %s', async (key, path) => {
  expect(await faultsOf(inScheduler(key))).toEqual([`2 INVALID_VALUE scheduler.${path}`]);
});

test.each([
  ['max_concurrent_executions: 100'],
  ['check_interval: 0.1'],
  ['check_interval: 60'],
  ['cleanup_interval: 1m'],
  ['cleanup_interval: 1w'],
  ['history_retention_days: 365'],
  ['shutdown: { drain: 0 }'],
  ['jobs:'],
  ['timezone: europe/paris'],
])('a value at the edge of its range is not: %s', async (key) => {
  expect(await faultsOf(inScheduler(key))).toEqual([]);
});

test.each([
  ['max_instances: 0'],
  ['max_instances: 1001'],
  ['misfire_grace_time: -1'],
  ['misfire_policy: newest'],
  ['retries: 11'],
  ['retry_delay: 3601'],
  ['catchup_max: 0'],
  ['catchup_max: 1001'],
  ['priority: 1001'],
  ['timeout: 0.5s'],
  ['timeout: 8d'],
  ['timeout: 1mo'],
  ['overlap: skp'],
  ['isolation: docker'],
  ['run_log: some'],
  ['timezone: Mars/Base'],
  ['description: 3'],
  ['handler: "a b"'],
  ['input: [1]'],
  ['manual_only: on'],
  ['cron: 5'],
  ['permissions: read'],
  ['permissions: { reed: [a] }'],
])('a key of a job outside its range is a fault: %s', async (key) => {
  const name = key.slice(0, key.indexOf(':'));
  expect(await faultsOf(inJob(key), COUNT)).toEqual([`5 INVALID_VALUE scheduler.jobs.count.${name}`]);
});

test.each([
  ['permissions: { read: a }', 'permissions.read'],
  ['permissions: { env: ["A B"] }', 'permissions.env.0'],
])('a grant that is none is a fault of its own: %s', async (key, path) => {
  const [fault] = await faultsOf(inJob(key), COUNT);
  expect(fault).toBe(`5 INVALID_VALUE scheduler.jobs.count.${path}`);
});

test.each([
  ['misfire_grace_time: null'],
  ['misfire_grace_time: 0'],
  ['timeout: 7d'],
  ['retries: 10'],
  ['retry_delay: 1h'],
  ['max_instances: 1000'],
  ['priority: 0'],
])('a key of a job at the edge of its range is not: %s', async (key) => {
  expect(await faultsOf(inJob(key), COUNT)).toEqual([]);
});

test.each([
  [inScheduler('timezon: UTC'), '2 UNKNOWN_KEY scheduler.timezon'],
  [inScheduler('defaults: { permissions: {} }'), '2 UNKNOWN_KEY scheduler.defaults.permissions'],
  [inScheduler('defaults: { enabled: true }'), '2 UNKNOWN_KEY scheduler.defaults.enabled'],
  [inScheduler('shutdown: { drains: 5s }'), '2 UNKNOWN_KEY scheduler.shutdown.drains'],
  ['housekeeper:\n  shedule: "0 3 * * *"\n', '2 UNKNOWN_KEY housekeeper.shedule'],
  ['vault: { grap: neo4j }\n', '1 UNKNOWN_KEY vault.grap'],
])('a key that nobody knows in a section of ours is a fault: %s', async (yaml, fault) => {
  expect(await faultsOf(yaml)).toEqual([fault]);
});

test.each([
  ['schedular: {}\n', '1 NEAR_MISS schedular'],
  ['path: {}\n', '1 NEAR_MISS path'],
  ['paths: { vaults: x }\n', '1 NEAR_MISS paths.vaults'],
  ['databases: { neo4: {} }\n', '1 NEAR_MISS databases.neo4'],
  ['databases:\n  neo4j: { pasword: x }\n', '2 NEAR_MISS databases.neo4j.pasword'],
])('in a section that is shared, only what is nearly ours is told: %s', async (yaml, warning) => {
  expect(await warningsOf(yaml)).toEqual([warning]);
});

test.each([
  ['model: gpt\nthreshold: { 1: x }\n'],
  ['paths: { settings: /x, logs: y }\n'],
  ['databases: { postgres: { host: x } }\n'],
  ['databases: { neo4j: { host: a, max_pool: 3 } }\n'],
  ['vault_watcher: { batch_interval: soon }\nlogging: { format: json }\n'],
  ['tools: !include other.yaml\n'],
])('other services are left alone: %s', async (yaml) => {
  expect(await load(yaml)).toMatchObject({ kind: 'ok', settings: { warnings: [] } });
});

test('all faults at once, in the order of the file, whatever part of it found them', async () => {
  const yaml = `housekeeper:
  default_retention: 0
  rules:
    - { id: a, directory: x, pattern: "../*" }
    - { id: a, directory: y }
    - { directory: y, min_keep: -1 }
scheduler:
  enabled: 1
  jobs:
    count: { enabled: true, cron: "61 * * * *", timout: 1 }
    "a b": {}
    vault_sync: false
paths: { tier1: ../elsewhere }
vault: { graph: neo4j }
`;
  expect(await faultsOf(yaml, COUNT)).toEqual([
    '2 INVALID_VALUE housekeeper.default_retention',
    '4 INVALID_VALUE housekeeper.rules.0.pattern',
    '5 INVALID_VALUE housekeeper.rules.1.id',
    '6 INVALID_VALUE housekeeper.rules.2',
    '6 INVALID_VALUE housekeeper.rules.2.min_keep',
    '8 INVALID_VALUE scheduler.enabled',
    '10 INVALID_SCHEDULE scheduler.jobs.count.cron',
    '10 NEAR_MISS scheduler.jobs.count.timout',
    '11 INVALID_ID scheduler.jobs.a b',
    '12 INVALID_VALUE scheduler.jobs.vault_sync',
    '13 INVALID_VALUE paths.tier1',
    '14 INVALID_VALUE vault.graph',
  ]);
});

test('a fault names file, line and column of the value, and the word that was meant', async () => {
  const result = await load(inJob('overlap: skp'), COUNT);
  expect(result).toMatchObject({
    kind: 'faults',
    faults: [
      { file: 'settings/aclarai.config.yaml', line: 5, column: 16, fix: expect.stringMatching(/\bskip\b/) },
    ],
  });
});

test.each([
  ['allow_past_events: yes', /^write true /],
  ['allow_past_events: "off"', /^write false /],
  ['max_concurrent_executions: "7"', /^write 7 /],
  ['timezone: 7', /quotes/],
  ['timezone: Europe/Pariss', /Europe\/Paris/],
  ['check_intervall: 1', /check_interval\b/],
])('the usual slips say how to mend them: %s', async (key, fix) => {
  const result = await load(inScheduler(key));
  expect(result).toMatchObject({ kind: 'faults', faults: [{ fix: expect.stringMatching(fix) }] });
});
