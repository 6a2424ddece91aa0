// A test scheduler lives through its days by the same rules as the service.

import { readFile } from 'node:fs/promises';
import { defineJob, z } from 'aclarai-scheduler';
import { createTestScheduler } from 'aclarai-scheduler/testing';
import { expect, it } from 'vitest';

const brief = (
  runs: { job: string; slot: string | null; kind: string; state: string; reason?: string | null }[],
) =>
  runs.map(
    ({ job, slot, kind, state, reason }) => `${job} ${slot ?? kind} ${state}${reason ? `: ${reason}` : ''}`,
  );

it('a day passes, each slot at its own instant', async () => {
  const seen: number[] = [];
  const nightly = defineJob({
    defaults: { cron: '0 4 * * *' },
    run(ctx) {
      seen.push(ctx.slot ?? 0);
      ctx.log.info('ran', { n: seen.length });
      return { items_processed: seen.length };
    },
  });
  await using scheduler = await createTestScheduler({ jobs: { nightly }, at: '2026-03-01T00:00:00Z' });
  expect(await scheduler.runs()).toEqual([]);
  await scheduler.clock.advance('2d');
  expect(brief(await scheduler.runs())).toEqual([
    'nightly 2026-03-01T04:00:00Z succeeded',
    'nightly 2026-03-02T04:00:00Z succeeded',
  ]);
  expect(seen).toEqual([Date.parse('2026-03-01T04:00:00Z'), Date.parse('2026-03-02T04:00:00Z')]);
  expect(scheduler.clock.now()).toBe(Date.parse('2026-03-03T00:00:00Z'));
  expect(scheduler.logs.map(({ message, fields }) => [message, fields.n])).toEqual([
    ['ran', 1],
    ['ran', 2],
  ]);
});

it('keys of the entry, retries, skips and overlap are as the service has them', async () => {
  const flaky = defineJob({ run: ({ attempt }) => ({ success: attempt > 1 }) });
  const long = defineJob({
    async run(ctx) {
      await ctx.sleep('90m');
    },
  });
  await using scheduler = await createTestScheduler({
    jobs: {
      flaky: { job: flaky, cron: '0 1 * * *', retry_delay: 60 },
      long: { job: long, every: '1h', timeout: '2h' },
    },
  });
  await scheduler.clock.advance('3h');
  expect(brief(await scheduler.runs('long'))).toEqual([
    'long 2026-01-05T01:00:00Z succeeded',
    'long 2026-01-05T02:00:00Z skipped: overlap',
    'long 2026-01-05T03:00:00Z running',
  ]);
  const [run] = await scheduler.runs('flaky');
  expect(run).toMatchObject({ state: 'succeeded', attempt: 2, duration: 0 });
});

it('state and windows go from run to run', async () => {
  const counter = defineJob({
    defaults: { cron: '0 * * * *' },
    run(ctx) {
      const n = ((ctx.state as number | null) ?? 0) + 1;
      ctx.state = n;
      return { n, from: ctx.window.from };
    },
  });
  await using scheduler = await createTestScheduler({ jobs: { counter } });
  await scheduler.clock.advance('2h');
  expect((await scheduler.runs()).map(({ statistics }) => statistics)).toEqual([
    { n: 1, from: null },
    { n: 2, from: Date.parse('2026-01-05T01:00:00Z') },
  ]);
});

it('a job at work on real files is waited for', async () => {
  const reader = defineJob({
    defaults: { cron: '0 * * * *' },
    run: async () => ({ length: (await readFile(new URL(import.meta.url), 'utf8')).length }),
  });
  await using scheduler = await createTestScheduler({ jobs: { reader } });
  await scheduler.clock.advance('1h');
  const [run] = await scheduler.runs();
  expect(run?.state).toBe('succeeded');
});

it('a run by hand is awaited, with its own input', async () => {
  const greet = defineJob({
    input: z.object({ name: z.string() }),
    run: ({ input, dryRun }) => ({ greeted: input.name, dryRun }),
  });
  await using scheduler = await createTestScheduler({
    jobs: { greet: { job: greet, manual_only: true, input: { name: 'Ada' } } },
    settings: { scheduler: { timezone: 'Europe/Paris' } },
  });
  const run = await scheduler.run('greet', { input: { name: 'Bo' }, dryRun: true });
  expect(run).toMatchObject({
    state: 'succeeded',
    kind: 'manual',
    statistics: { greeted: 'Bo', dryRun: true },
  });
  expect(run.started_at).toContain('+01:00');
});

it('what still runs at the end is told to stop', async () => {
  let reason: unknown = null;
  const long = defineJob({
    async run(ctx) {
      await ctx.sleep('1d').catch((error) => {
        reason = error;
      });
    },
  });
  const scheduler = await createTestScheduler({ jobs: { long: { job: long, every: '1h' } } });
  await scheduler.clock.advance('1h');
  await scheduler.close();
  await scheduler.close();
  expect(reason).toBeInstanceOf(Error);
  await expect(scheduler.runs()).rejects.toThrow('closed');
});

it('keys that do not hold are refused with every fault', async () => {
  const job = defineJob({ input: z.object({ folder: z.string() }), run() {} });
  const refused = createTestScheduler({ jobs: { a: { job, cron: '99 * * * *' } } });
  await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await refused.catch(({ message }) => expect(message.split('\n').length).toBe(2));
});
