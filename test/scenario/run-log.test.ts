// What runs put out, through the whole application: kept, masked, shown, and gone with their rows.

import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Log } from '#core/log';
import { sqliteRunLogs } from '#store/logs/run-logs';
import { jobFile } from '../support/job-thread.ts';
import { createScenario, type Scenario } from '../support/scenario.ts';

const SILENT: Log = {
  ...{ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  with: () => SILENT,
  at: () => SILENT,
};
const AT = '2026-11-21T10:00:30Z';
const LATER = '2026-11-21T10:01:30Z';

async function linesOf(s: Scenario, job: string) {
  const [row] = await s.rows(job);
  const lines = await s.service.runLog(row!.run_id, { after: 0, limit: 1_000 });
  return lines.map(({ attempt, stream, level, message }) => `${attempt} ${stream} ${level} ${message}`);
}

it('keeps what a handler logs and why an attempt failed, attempt after attempt', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: 'jobs:\n  odd: { enabled: true, cron: "1 10 * * *", retries: 1 }',
    handlers: {
      odd: (ctx) => {
        ctx.log.info(`try ${ctx.attempt}`);
        if (ctx.attempt === 1) throw new Error('no luck');
        return {};
      },
    },
  });
  await s.start();
  await s.advanceTo(LATER);
  expect(await linesOf(s, 'odd')).toEqual([
    '1 log info try 1',
    '1 log debug the handler threw',
    '1 log error attempt 1 failed: no luck',
    '2 log info try 2',
  ]);
});

it('keeps what code in a thread writes to stdout and stderr, as what it is', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: 'jobs:\n  odd: { enabled: true, cron: "1 10 * * *", retries: 0 }',
    files: {
      'odd.ts': jobFile(
        "console.log('out'); console.error('err'); ctx.log.warn('log'); process.stdout.write('no end');",
      ),
    },
  });
  await s.start();
  await s.advanceTo(LATER);
  expect(await linesOf(s, 'odd')).toEqual([
    '1 stdout info out',
    '1 stderr warn err',
    '1 log warn log',
    '1 stdout info no end',
  ]);
});

it('masks the secrets of the settings in it', async () => {
  const s = await createScenario({
    at: AT,
    env: { NEO4J_URI: 'bolt://graph:7687', NEO4J_PASSWORD: 'correct-horse' },
    scheduler: 'jobs:\n  odd: { enabled: true, cron: "1 10 * * *", retries: 0 }',
    handlers: { odd: (ctx) => ctx.log.info('it is correct-horse') },
  });
  await s.start();
  await s.advanceTo(LATER);
  expect(await linesOf(s, 'odd')).toEqual(['1 log info it is [redacted]']);
});

it('keeps only what `run_log` asks for', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: `jobs:
  good: { enabled: true, cron: "1 10 * * *", run_log: failures }
  bad: { enabled: true, cron: "1 10 * * *", run_log: failures, retries: 0 }
  idle: { enabled: true, cron: "1 10 * * *", run_log: changes }
  busy: { enabled: true, cron: "1 10 * * *", run_log: changes }`,
    handlers: {
      good: (ctx) => ctx.log.info('good'),
      bad: (ctx) => {
        ctx.log.info('bad');
        return { success: false, error: 'broken' };
      },
      idle: (ctx) => {
        ctx.log.info('idle');
        return { items_updated: 0 };
      },
      busy: (ctx) => {
        ctx.log.info('busy');
        return { items_updated: 2 };
      },
    },
  });
  await s.start();
  await s.advanceTo(LATER);
  expect(await linesOf(s, 'good')).toEqual([]);
  expect(await linesOf(s, 'bad')).toEqual(['1 log info bad', '1 log error attempt 1 failed: broken']);
  expect(await linesOf(s, 'idle')).toEqual([]);
  expect(await linesOf(s, 'busy')).toEqual(['1 log info busy']);
});

it('goes on in the next process after a crash, from what was written', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: 'jobs:\n  odd: { enabled: true, cron: "1 10 * * *", retries: 1 }',
    handlers: {
      odd: async (ctx) => {
        ctx.log.info(`try ${ctx.attempt}`);
        if (ctx.attempt === 1) await new Promise(() => {});
        return {};
      },
    },
  });
  await s.start();
  await s.advanceTo(LATER);
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:03:00Z');
  expect(await linesOf(s, 'odd')).toEqual(['1 log info try 1', '2 log info try 2']);
});

it('goes with the row of its run', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: 'history_max_rows: 2\njobs:\n  odd: { enabled: true, cron: "* * * * *" }',
    handlers: { odd: (ctx) => ctx.log.info('said') },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:05:30Z');
  const before = await s.rows('odd');
  const last = before.at(-1)!.run_id;
  const first = before[0]!.run_id;
  await s.advanceTo('2026-11-21T11:00:45Z');
  const kept = (await s.rows('odd')).map((row) => row.run_id);
  expect(kept).not.toContain(first);
  expect(kept).not.toContain(last);
  const besides = { clock: s.clock, log: SILENT, masked: String, maxBytes: () => 1e9, besides: [] };
  const file = sqliteRunLogs({ stateDir: path.join(s.dir, 'data'), ...besides });
  onTestFinished(() => file.close());
  expect(await file.read(first, 0, 10)).toEqual([]);
  expect(await file.read(last, 0, 10)).toEqual([]);
  expect((await file.read(kept[0]!, 0, 10)).map(({ message }) => message)).toEqual(['said']);
});

it('an unknown run is told as one', async () => {
  const s = await createScenario({ at: AT, scheduler: 'timezone: UTC' });
  await s.start();
  await expect(s.service.runLog('nobody', { after: 0, limit: 1 })).rejects.toMatchObject({
    code: 'RUN_NOT_FOUND',
  });
});
