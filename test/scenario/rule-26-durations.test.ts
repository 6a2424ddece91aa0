// Rule 26: how durations are written and shown.
import { expect, it } from 'vitest';
import { duration } from '#faces/cli/arguments';
import { createScenario, type Scenario } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30Z';

async function withHead(head: string, job = ''): Promise<Scenario> {
  const s = await createScenario({
    at,
    scheduler: `${head}jobs:\n  x: { enabled: true, cron: "1 10 * * *"${job && `, ${job}`} }`,
    handlers: { x: (ctx) => ctx.sleep('1.5s').then(() => ({})) },
  });
  await s.start();
  return s;
}

it.each([
  ['90', 90],
  ['"90"', 90],
  ['1.5', 1.5],
  ['"5s"', 5],
  ['5m', 300],
  ['"1h"', 3600],
  ['2d', 172_800],
  ['1w', 604_800],
  ['"90 seconds"', 90],
  ['"1 hour"', 3600],
  ['1.5h', 5400],
  ['1500ms', 1.5],
])('timeout: %s', async (written, seconds) => {
  expect((await (await withHead('', `timeout: ${written}`)).service.find('x')).policy.timeout).toBe(seconds);
});

it('bare numbers are seconds in every snake_case key', async () => {
  const s = await withHead(
    'cleanup_interval: 120\nshutdown: { drain: 4, abort: 2 }\n',
    'timeout: 90, retry_delay: 60, misfire_grace_time: 7200, catchup_window: 30, queue_timeout: 10, jitter: 3, circuit_probe: 20',
  );
  expect((await s.service.find('x')).policy).toMatchObject({
    timeout: 90,
    retry_delay: 60,
    misfire_grace_time: 7200,
    catchup_window: 30,
    queue_timeout: 10,
    jitter: 3,
    circuit_probe: 20,
  });
  expect(s.installed.settings.scheduler).toMatchObject({
    cleanupIntervalMs: 120_000,
    shutdown: { drainMs: 4_000, abortMs: 2_000 },
  });
});

it('bare numbers are milliseconds in the camelCase spellings of the task scheduler', async () => {
  const s = await withHead('retryDelay: 5000\ntaskTimeout: 90000\ncleanupInterval: 120000\n');
  expect((await s.service.find('x')).policy).toMatchObject({ retry_delay: 5, timeout: 90 });
  expect(s.installed.settings.scheduler.cleanupIntervalMs).toBe(120_000);
});

it('tickInterval: 2000 is check_interval: 2', async () => {
  const s = await createScenario({ at, scheduler: 'timezone: UTC' });
  // The scenario itself writes a check_interval: the other spelling may only say the same.
  await s.writeSettings('tickInterval: 60000');
  await s.start();
  expect(s.installed.settings.scheduler.checkIntervalMs).toBe(60_000);
  await s.writeSettings('tickInterval: 2000');
  await s.installed.reload();
  expect((await s.installed.status()).config_error?.join()).toMatch(
    /check_interval.*tickInterval|tickInterval.*check_interval/,
  );
});

it('a unit says the same in both spellings', async () => {
  const s = await withHead('retryDelay: "5s"\ntaskTimeout: 2h\n');
  expect((await s.service.find('x')).policy).toMatchObject({ retry_delay: 5, timeout: 7200 });
});

it('two spellings that say the same are no fault, two that do not are one', async () => {
  const s = await withHead('retryDelay: 5000\nretry_delay: 5\n');
  expect((await s.service.find('x')).policy.retry_delay).toBe(5);
  await expect(withHead('retryDelay: 5000\nretry_delay: 5000\n')).rejects.toThrow(/retryDelay|retry_delay/);
});

it('keys that name days are days', async () => {
  const s = await withHead('history_retention_days: 7\n');
  expect(s.installed.settings.scheduler.historyRetentionDays).toBe(7);
  await expect(withHead('history_retention_days: 7d\n')).rejects.toThrow(/a whole number from 1 to 365/);
});

it.each([
  ['timeout: 0', 'a duration from 1s to 1w'],
  ['timeout: 8d', 'a duration from 1s to 1w'],
  ['timeout: -5', 'a duration from 1s to 1w'],
  ['timeout: 1mo', 'a duration from 1s to 1w'],
  ['timeout: soon', 'a duration from 1s to 1w'],
  ['timeout: "1h 30m"', 'a duration from 1s to 1w'],
  ['retry_delay: 5000', 'a duration from 1s to 1h'],
  ['misfire_grace_time: "-1s"', 'a duration'],
  ['jitter: 5 parsecs', 'a duration'],
])('%s is refused', async (job, says) => {
  await expect(withHead('', job)).rejects.toThrow(says);
});

it('durations are shown in seconds', async () => {
  const s = await withHead('', 'retry_delay: 1m');
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect((await s.rows('x'))[0]).toMatchObject({ duration: 1.5, late_by: 0 });
  expect((await s.service.find('x')).policy).toMatchObject({ retry_delay: 60, catchup_window: 86_400 });
});

it.each([
  ['90', 90_000],
  ['2h', 7_200_000],
])('on the command line bare numbers are seconds: --for %s', (text, ms) => {
  expect(duration('for')(text)).toBe(ms);
});
