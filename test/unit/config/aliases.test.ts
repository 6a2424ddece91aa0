import { expect, test } from 'vitest';
import type { Settings } from '#config/settings';
import { faultsOf, jobOf, settingsOf } from './harness.ts';

const policy = (settings: Settings) => settings.jobs[0]!.policy;

test.each<[string, (settings: Settings) => unknown, unknown]>([
  ['scheduler: { maxConcurrentTasks: 7 }', (s) => s.scheduler.maxConcurrentExecutions, 7],
  ['scheduler: { tickInterval: 2000 }', (s) => s.scheduler.checkIntervalMs, 2000],
  ['scheduler: { tickInterval: 2s }', (s) => s.scheduler.checkIntervalMs, 2000],
  ['scheduler: { check_interval: 2 }', (s) => s.scheduler.checkIntervalMs, 2000],
  ['scheduler: { retention_days: 7 }', (s) => s.scheduler.historyRetentionDays, 7],
  ['scheduler: { historyRetentionDays: 7 }', (s) => s.scheduler.historyRetentionDays, 7],
  ['scheduler: { cleanupInterval: 120000 }', (s) => s.scheduler.cleanupIntervalMs, 120_000],
  ['scheduler: { execution_timeout: 300 }', (s) => policy(s).timeoutMs, 300_000],
  ['scheduler: { taskTimeout: 3600000 }', (s) => policy(s).timeoutMs, 3_600_000],
  ['scheduler: { max_retry_attempts: 5 }', (s) => policy(s).retries, 5],
  ['scheduler: { defaultRetries: 5 }', (s) => policy(s).retries, 5],
  ['scheduler: { retry_delay: 300 }', (s) => policy(s).retryDelayMs, 300_000],
  ['scheduler: { retryDelay: 5000 }', (s) => policy(s).retryDelayMs, 5000],
  ['scheduler: { retry_failed_events: false }', (s) => policy(s).retries, 0],
  ['scheduler: { retry_failed_events: true }', (s) => policy(s).retries, 3],
  ['scheduler: { retry_failed_events: true, max_retry_attempts: 5 }', (s) => policy(s).retries, 5],
  ['scheduler: { max_retry_attempts: 3, retry_failed_events: false }', (s) => policy(s).retries, 0],
  ['scheduler: { housekeeper_enabled: false }', (s) => s.housekeeper.enabled, false],
  ['scheduler: { housekeeper_schedule: "0 4 * * *" }', (s) => s.housekeeper.schedule, '0 4 * * *'],
  ['scheduler: { housekeeper_default_retention: 7 }', (s) => s.housekeeper.defaultRetentionDays, 7],
  ['scheduler: { housekeeper_dry_run: true }', (s) => s.housekeeper.dryRun, true],
  ['scheduler: { housekeeper_concurrent_cleanups: 1 }', (s) => s.housekeeper.concurrentCleanups, 1],
  ['scheduler: { housekeeper_report_enabled: false }', (s) => s.housekeeper.reportEnabled, false],
  ['databases: { neo4j: { host: db, port: 7688 } }', (s) => s.app.databases.neo4j?.uri, 'bolt://db:7688'],
])('%s', async (yaml, effective, expected) => {
  expect(effective(await settingsOf(`${yaml}\n`))).toBe(expected);
});

test('all settings of the event scheduler, and all of the task scheduler, load as their documents write them', async () => {
  const events = await settingsOf(`scheduler:
  enabled: true
  check_interval: 1.0
  max_concurrent_executions: 10
  execution_timeout: 300
  retry_failed_events: true
  max_retry_attempts: 3
  retry_delay: 300
  retention_days: 30
  auto_cleanup_enabled: true
  allow_past_events: false
  housekeeper_enabled: true
  housekeeper_schedule: "0 3 * * *"
  housekeeper_default_retention: 30
  housekeeper_dry_run: false
  housekeeper_concurrent_cleanups: 3
  housekeeper_report_enabled: true
`);
  expect(policy(events)).toMatchObject({ timeoutMs: 300_000, retries: 3, retryDelayMs: 300_000 });
  const tasks = await settingsOf(`scheduler:
  maxConcurrentTasks: 100
  defaultRetries: 3
  retryDelay: 5000
  tickInterval: 1000
  taskTimeout: 3600000
  cleanupInterval: 3600000
  historyRetentionDays: 30
`);
  expect(tasks.scheduler).toMatchObject({ maxConcurrentExecutions: 100, cleanupIntervalMs: 3_600_000 });
});

test.each([
  ['check_interval: 1', 'tickInterval: 2000', 'tickInterval'],
  ['execution_timeout: 300', 'taskTimeout: 3600000', 'taskTimeout'],
  ['defaults: { retries: 2 }', 'retry_failed_events: false', 'retry_failed_events'],
  ['max_retry_attempts: 2', 'defaultRetries: 3', 'defaultRetries'],
])('two spellings that differ are a fault with both lines: %s, %s', async (first, second, path) => {
  const yaml = `scheduler:\n  ${first}\n  ${second}\n`;
  expect(await faultsOf(yaml)).toEqual([`3 TWO_SPELLINGS scheduler.${path}`]);
});

test('two spellings across sections are compared too', async () => {
  const yaml = 'housekeeper:\n  dry_run: true\nscheduler:\n  housekeeper_dry_run: false\n';
  expect(await faultsOf(yaml)).toEqual(['4 TWO_SPELLINGS scheduler.housekeeper_dry_run']);
});

test.each([
  ['check_interval: 1', 'tickInterval: 1000'],
  ['execution_timeout: 1h', 'taskTimeout: 3600000'],
  ['retention_days: 5', 'historyRetentionDays: 5'],
])('two spellings that agree are none: %s, %s', async (first, second) => {
  expect(await faultsOf(`scheduler:\n  ${first}\n  ${second}\n`)).toEqual([]);
});

test('a fault in another spelling names that spelling', async () => {
  expect(await faultsOf('scheduler:\n  tickInterval: 60001\n')).toEqual([
    '2 INVALID_VALUE scheduler.tickInterval',
  ]);
});

test('the spellings of the documents are no keys of a job', async () => {
  const job = await jobOf('{ enabled: true, taskTimeout: 5, max_retry_attempts: 9 }');
  expect(job.input).toEqual({ taskTimeout: 5, max_retry_attempts: 9 });
});
