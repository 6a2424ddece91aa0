// What orchestrators and monitors are told: alive, ready, how well, and the figures.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openHttp } from '#faces/http/server';
import { vitalSigns } from '#service/vital-signs';
import { createLog } from '../../../../src/log.ts';
import { createScenario } from '../../../support/scenario.ts';

const HOURLY = `timezone: UTC
jobs:
  report: { handler: report, enabled: true, cron: "0 * * * *", misfire_policy: skip }
  broken: { handler: broken, enabled: true, cron: "30 * * * *" }`;

async function served(env: Record<string, string> = {}) {
  const scenario = await createScenario({
    at: '2026-03-01T00:10:00Z',
    scheduler: HOURLY,
    handlers: {
      report: () => ({ pages: 3 }),
      broken: () => {
        throw new Error('no');
      },
    },
    env: { SCHEDULER_PORT: '0', ...env },
  });
  await scenario.start();
  const log = createLog({ clock: scenario.clock, level: 'error', pretty: false, sink: { write: () => {} } });
  const face = await openHttp({ installation: scenario.installed, clock: scenario.clock, log });
  onTestFinished(() => face.close());
  const ask = async (at: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(face.url + at, { headers });
    return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') };
  };
  return { scenario, ask };
}

/** Samples of one name, by their labels as they are written. */
function samples(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => new RegExp(`^aclarai_scheduler_${name}[ {]`).test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const cut = line.lastIndexOf(' ');
      const [, labels = ''] = /\{(.*)\}/.exec(line.slice(0, cut)) ?? [];
      return [labels, Number(line.slice(cut + 1))];
    }),
  );
}

const WELL = { now: 100_000, lastTick: 95_000, ledgerFault: null, settingsFaults: [] };
test.each([
  ['all is well', {}, { live: true, ready: true, reasons: [] }],
  ['the loop has not begun', { lastTick: null }, { live: false, ready: false }],
  ['the loop stands still', { lastTick: 69_999 }, { live: false, ready: false }],
  ['a tick is just not too old', { lastTick: 70_000 }, { live: true, ready: true }],
  [
    'the ledger takes nothing, so no tick either: a restart would not help',
    { lastTick: 0, ledgerFault: 'its file was moved' },
    { live: true, ready: false },
  ],
  ['the settings have faults', { settingsFaults: ['cron'] }, { live: true, ready: false, reasons: ['cron'] }],
])('where %s', (_what, facts, expected) => {
  expect(vitalSigns({ ...WELL, ...facts })).toMatchObject(expected);
});

test('probes answer anybody, and jobs that fail change neither', async () => {
  const { ask, scenario } = await served({ SCHEDULER_TOKENS: 'bot:read:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' });
  await scenario.advanceTo('2026-03-01T02:40:00Z');
  expect(await ask('/livez')).toMatchObject({ status: 200, text: '{"success":true,"data":{"live":true}}' });
  expect(await ask('/readyz')).toMatchObject({ status: 200, text: '{"success":true,"data":{"ready":true}}' });
  for (const path of ['/health', '/metrics']) {
    expect(await ask(path)).toMatchObject({ status: 401 });
    const authorization = 'Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
    expect(await ask(path, { authorization })).toMatchObject({ status: 200 });
  }
});

test('settings that went bad make it unready, with the reason in health', async () => {
  const { ask, scenario } = await served();
  await writeFile(path.join(scenario.dir, 'settings/aclarai.config.yaml'), 'scheduler: { jobs: 3 }\n');
  await scenario.installed.reload();
  expect(await ask('/livez')).toMatchObject({ status: 200 });
  const unready = await ask('/readyz');
  expect([unready.status, JSON.parse(unready.text).error.code]).toEqual([503, 'NOT_INITIALIZED']);
  const { data } = JSON.parse((await ask('/health')).text);
  expect(data).toMatchObject({ live: true, ready: false, state: 'running' });
  expect(data.reasons.join()).toContain('scheduler.jobs');
});

test('metrics count what happens and show what is', async () => {
  const { ask, scenario } = await served();
  await scenario.advanceTo('2026-03-01T01:10:00Z');
  const first = await ask('/metrics');
  expect(first.type).toContain('text/plain');
  // Of before the first look: from the ledger, not counted.
  expect(samples(first.text, 'last_success_timestamp_seconds')).toEqual({
    'job="report"': Date.UTC(2026, 2, 1, 1) / 1000,
  });
  expect(samples(first.text, 'runs_total')).toEqual({});
  expect(samples(first.text, 'state_bytes')['']).toBeGreaterThan(10_000);

  await scenario.advanceTo('2026-03-01T02:10:00Z');
  await scenario.service.pause({ job: 'report', by: 'test', reason: null, until: null });
  await scenario.advanceTo('2026-03-01T05:10:00Z');
  await scenario.quiet();
  const { text } = await ask('/metrics');
  expect(samples(text, 'runs_total')).toEqual({
    'job="report",outcome="succeeded"': 1,
    'job="broken",outcome="failed"': 4,
  });
  // Three slots in one row that grew: each is counted once.
  expect(samples(text, 'slots_skipped_total')).toEqual({ 'job="report",reason="paused"': 3 });
  expect(samples(text, 'run_duration_seconds_count')).toEqual({ 'job="report"': 1, 'job="broken"': 4 });
  expect(samples(text, 'lateness_seconds_count')).toEqual({ '': 5 });
  expect(samples(text, 'paused')).toMatchObject({ '': 0, 'job="report"': 1, 'job="broken"': 0 });
  expect(samples(text, 'next_run_timestamp_seconds')).toEqual({
    'job="broken"': Date.UTC(2026, 2, 1, 5, 30) / 1000,
  });
  expect(samples(text, 'last_success_timestamp_seconds')).toEqual({
    'job="report"': Date.UTC(2026, 2, 1, 2) / 1000,
  });
});

test('the series of a job that is gone go with it', async () => {
  const { ask, scenario } = await served();
  await ask('/metrics');
  const { service } = scenario;
  await service.create({ id: 'short', handler: 'report', manual_only: true }, { by: 'test', source: 'api' });
  const { run_id } = await service.runNow('short', { by: 'test' });
  await scenario.quiet();
  expect(await service.run(run_id)).toMatchObject({ state: 'succeeded' });
  expect((await ask('/metrics')).text).toContain('job="short"');
  await service.deleteJob('short', { by: 'test', purge: false, cancelRunning: false });
  await scenario.quiet();
  expect((await ask('/metrics')).text).not.toContain('job="short"');
});
