// Rule 24: history.
import { expect, it } from 'vitest';
import type { JobSpec } from '#core/job';
import { aPolicy } from '../support/ledger.ts';
import { createScenario, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const DAY = 86_400_000;
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const DAILY = 'tick: { enabled: true, cron: "0 0 * * *", retries: 0 }';
const MINUTELY = 'tick: { enabled: true, cron: "* * * * *" }';

async function serving(
  scheduler: string,
  job = DAILY,
  handlers: Record<string, HandlerFunction> = { tick: () => ({}) },
): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-01-01T00:00:30Z',
    scheduler: `${scheduler}\njobs:\n  ${job}`,
    handlers,
    env: { LOG_LEVEL: 'debug' },
  });
  await s.start();
  return s;
}

/** Each day is one long moment: what fell due in it is done at its end, half a minute after midnight. */
async function days(s: Scenario, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    s.clock.block(DAY - 1);
    await s.clock.advance(1);
  }
}

const kept = async (s: Scenario) =>
  (await s.rows('tick')).map((row) => `${row.slot?.slice(0, 10)} ${row.state}`);

it('runs are kept 30 days', async () => {
  const s = await serving('cleanup_interval: 1h');
  await days(s, 30);
  expect((await kept(s))[0]).toBe('2026-01-02 succeeded');
  await days(s, 3);
  expect((await kept(s))[0]).toBe('2026-01-04 succeeded');
});

it('history_retention_days says how many, from 1 to 365', async () => {
  const s = await serving('history_retention_days: 1');
  await days(s, 5);
  expect(await kept(s)).toEqual(['2026-01-05 succeeded', '2026-01-06 succeeded']);
});

it('at most so many rows of a job are kept: history_max_rows', async () => {
  const s = await serving('history_max_rows: 3');
  await days(s, 6);
  await s.clock.advance(3_600_000);
  expect(await kept(s)).toEqual(['2026-01-05 succeeded', '2026-01-06 succeeded', '2026-01-07 succeeded']);
});

it('the last success and the last failure are kept whatever their age', async () => {
  let calls = 0;
  const s = await serving('history_retention_days: 1', DAILY, {
    tick: (ctx) => {
      calls++;
      if (calls === 2) throw new Error('no luck');
      if (calls > 3) ctx.skip('nothing to do');
    },
  });
  await days(s, 9);
  expect((await kept(s)).slice(0, 3)).toEqual([
    '2026-01-03 failed',
    '2026-01-04 succeeded',
    '2026-01-09 skipped',
  ]);
});

it('what is cleaned up is answered as pruned, what is kept as before', async () => {
  const s = await serving('history_max_rows: 2');
  await days(s, 4);
  await s.clock.advance(3_600_000);
  expect(await s.service.why('tick', '2026-01-02T00:00Z')).toMatchObject({ answer: 'pruned' });
  expect(await s.service.why('tick', '2026-01-04T00:00Z')).toMatchObject({ answer: 'ran' });
});

it('it is cleaned hourly', async () => {
  const s = await serving('history_max_rows: 1', MINUTELY);
  await s.advanceTo('2026-01-01T01:00:20Z');
  expect(await kept(s)).toHaveLength(60);
  await s.advanceTo('2026-01-01T01:00:40Z');
  expect(await kept(s)).toHaveLength(1);
});

it('cleanup_interval says how often, from a reload on', async () => {
  const s = await serving('history_max_rows: 1', MINUTELY);
  await s.advanceTo('2026-01-01T00:05:40Z');
  await s.writeSettings(`history_max_rows: 1\ncleanup_interval: 1m\n${OFF}  ${MINUTELY}`);
  await s.installed.reload();
  await s.advanceTo('2026-01-01T00:05:50Z');
  expect(await kept(s)).toHaveLength(1);
  await s.advanceTo('2026-01-01T00:06:50Z');
  expect(await kept(s)).toHaveLength(1);
});

it('it is cleaned at start', async () => {
  const s = await serving('history_max_rows: 1', MINUTELY);
  await s.advanceTo('2026-01-01T00:05:40Z');
  await s.stop();
  await s.start();
  expect(await kept(s)).toHaveLength(1);
});

it('auto_cleanup_enabled: false keeps all', async () => {
  const s = await serving('auto_cleanup_enabled: false\nhistory_max_rows: 1\nhistory_retention_days: 1');
  await days(s, 5);
  expect(await kept(s)).toHaveLength(5);
});

it('counters live on the job', async () => {
  const s = await serving('history_retention_days: 1');
  await days(s, 9);
  expect((await kept(s)).length).toBeLessThan(4);
  expect(await s.service.find('tick')).toMatchObject({ run_count: 9, success_count: 9 });
});

it('what was deleted is told at info, a round that found nothing only at debug', async () => {
  const s = await serving('history_max_rows: 2', MINUTELY);
  await s.advanceTo('2026-01-01T00:05:40Z');
  await s.stop();
  await s.start();
  const told = (message: string) => s.lines.filter((line) => line.msg === message);
  expect(told('old history was cleaned up')).toMatchObject([{ level: 'INFO', rows: 3 }]);
  expect(told('upkeep of the ledger')).toMatchObject([
    { level: 'DEBUG', deleted: 0, holes: 0 },
    { level: 'DEBUG', deleted: 3, holes: 0 },
  ]);
});

it('an orphaned job goes after a day, its history at retention', async () => {
  const s = await serving('history_retention_days: 5');
  await days(s, 2);
  await s.writeSettings(`history_retention_days: 5\n${OFF}`);
  await s.installed.reload();
  s.clock.block(DAY - 60_000);
  await s.clock.advance(1);
  expect(await s.service.find('tick')).toMatchObject({ state: 'orphaned' });
  s.clock.block(3_600_000);
  await s.clock.advance(1);
  await expect(s.service.find('tick')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  expect(await s.service.why('tick', '2026-01-02T00:00Z')).toMatchObject({ answer: 'ran' });
  expect(await s.service.why('tick', '2026-01-04T00:00Z')).toMatchObject({ reason: 'orphaned' });
  await days(s, 4);
  expect(await s.service.why('tick', '2026-01-03T00:00Z')).toMatchObject({ answer: 'pruned' });
  await days(s, 3);
  await expect(s.service.why('tick', '2026-01-03T00:00Z')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('a finished job that a call made goes at retention', async () => {
  const s = await serving('history_retention_days: 3');
  const at = Date.parse('2026-01-01T06:00:00Z');
  const spec: JobSpec = {
    ...{ id: 'once', name: 'once', description: null, handler: 'tick', input: {}, source: 'api' },
    ...{ origin: null, owner: null, moduleId: null, enabled: true, manualOnly: false, runOnStart: false },
    schedule: { kind: 'at', at, timezone: 'UTC' },
    policy: aPolicy({ misfireGraceMs: null }),
    ...{ warnings: [], configHash: 'c' },
  };
  await s.service.createJob(spec, 'cli:ann');
  await days(s, 3);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed', success_count: 1 });
  await days(s, 3);
  await expect(s.service.find('once')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('history is newest first: a row that slots of a pause are added to moves up, a run that is made up for is new', async () => {
  const s = await serving('', MINUTELY);
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-01-01T00:02:30Z');
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo('2026-01-01T00:04:30Z');
  const newest = async () =>
    (await s.service.history({ limit: 9 })).map(
      (row) => `${row.kind} ${row.slot?.slice(14, 16) ?? '-'} ${row.state}`,
    );
  expect(await newest()).toEqual(['scheduled 04 skipped', 'manual - succeeded']);
  expect(await s.service.history({ job: 'tick', limit: 1 })).toMatchObject([{ state: 'skipped' }]);
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-01-01T00:05:30Z');
  const slot = Date.parse('2026-01-01T00:03:00Z');
  await s.service.backfill('tick', { from: slot, to: slot, by: 'ann' });
  await s.quiet();
  expect((await newest())[0]).toBe('backfill 03 succeeded');
});
