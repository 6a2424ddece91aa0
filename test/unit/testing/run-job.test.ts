// One call of a job under test ends as the service would end it.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defineJob, z } from 'aclarai-scheduler';
import { runJob } from 'aclarai-scheduler/testing';
import { expect, it, onTestFinished } from 'vitest';

const SLOT = '2026-03-01T04:00:00Z';

it('a success answers its statistics, logs, progress and state', async () => {
  const job = defineJob({
    input: z.object({ folder: z.string(), n: z.number().default(2) }),
    async run(ctx) {
      ctx.log.info('counting', { folder: ctx.input.folder });
      ctx.progress(1, 2, 'half');
      const before = ctx.state as { seen: number };
      ctx.state = { seen: before.seen + ctx.input.n };
      return { items_processed: ctx.input.n };
    },
  });
  expect(await runJob(job, { input: { folder: 'notes' }, state: { seen: 3 } })).toEqual({
    outcome: 'succeeded',
    result: { items_processed: 2 },
    error: null,
    retryIn: null,
    logs: [{ level: 'info', message: 'counting', fields: { folder: 'notes' } }],
    progress: [{ done: 1, total: 2, note: 'half' }],
    state: { seen: 5 },
  });
});

it('slot and attempt are those of the run; the clock stands at the slot', async () => {
  const job = defineJob({
    run: ({ slot, dueAt, attempt, idempotencyKey, window, lastSuccess }) => ({
      ...{ slot, dueAt, attempt, idempotencyKey, window, lastSuccess },
    }),
  });
  const lastSuccess = { slot: Date.parse('2026-02-28T04:00:00Z'), endedAt: 5, result: { n: 1 } };
  const { result } = await runJob(job, { slot: SLOT, attempt: 2, lastSuccess });
  const at = Date.parse(SLOT);
  expect(result).toEqual({
    ...{ slot: at, dueAt: at, attempt: 2, idempotencyKey: 'job@2026-03-01T04:00:00Z', lastSuccess },
    window: { from: lastSuccess.slot, to: at },
  });
  expect((await runJob(job)).result).toMatchObject({ slot: null, attempt: 1, window: { from: null } });
});

it('input goes through JSON and the schema; what does not fit is final', async () => {
  const job = defineJob({
    input: z.object({ day: z.iso.datetime().transform((text) => new Date(text)) }),
    run: ({ input }) => ({ year: input.day.getUTCFullYear() }),
  });
  const day = new Date('2026-05-01T00:00:00Z') as unknown as string;
  expect((await runJob(job, { input: { day } })).result).toEqual({ year: 2026 });
  expect(await runJob(job, { input: { day: 'today' } })).toMatchObject({
    outcome: 'failed',
    result: null,
    retryIn: null,
    error: { code: 'INVALID_PARAMETERS' },
  });
});

it('result and state go through JSON, as the ledger keeps them', async () => {
  const job = defineJob({
    run(ctx) {
      ctx.state = { at: new Date(0), left: undefined } as never;
      return { at: new Date(0), big: 5n, left: undefined };
    },
  });
  const { result, state } = await runJob(job);
  expect(result).toEqual({ at: '1970-01-01T00:00:00.000Z', big: '5' });
  expect(state).toEqual({ at: '1970-01-01T00:00:00.000Z' });
});

it('a failure keeps the state, and says when the next attempt would be', async () => {
  const job = defineJob({
    run(ctx) {
      ctx.state = { n: 2 };
      return { success: false, error: 'disk full', items_processed: 1 };
    },
  });
  expect(await runJob(job, { state: { n: 1 } })).toMatchObject({
    outcome: 'failed',
    result: { success: false, items_processed: 1 },
    error: { message: 'disk full' },
    retryIn: 5_000,
    state: { n: 1 },
  });
  expect(await runJob(job, { attempt: 4 })).toMatchObject({ outcome: 'failed', retryIn: null });
});

it('what it throws, skips or asks for becomes the outcome', async () => {
  const outcomeOf = async (run: Parameters<typeof defineJob>[0]['run'], options = {}) => {
    const { outcome, error, retryIn } = await runJob(defineJob({ run }), options);
    return [outcome, error?.message, retryIn];
  };
  const throws = () => {
    throw Object.assign(new Error('no'), { retryable: false });
  };
  expect(await outcomeOf(throws)).toEqual(['failed', 'no', null]);
  expect(await outcomeOf((ctx) => ctx.skip('nothing new'))).toEqual(['skipped', 'nothing new', null]);
  expect((await outcomeOf((ctx) => ctx.retryAfter('7m')))[2]).toBe(420_000);
});

it('an hour of sleep takes no time, and the time limit is kept', async () => {
  const job = defineJob({
    async run(ctx) {
      await Promise.all([ctx.sleep('30m'), ctx.sleep('20m')]);
      return { slept: true };
    },
  });
  expect(await runJob(job)).toMatchObject({ outcome: 'succeeded', result: { slept: true } });
  expect(await runJob(job, { entry: { timeout: '10m' } })).toMatchObject({
    outcome: 'timed_out',
    error: { message: 'ran longer than its time limit of 10m' },
  });
});

it('the signal of the test is a cancel', async () => {
  const aborter = new AbortController();
  const job = defineJob({
    async run(ctx) {
      aborter.abort();
      ctx.signal.throwIfAborted();
    },
  });
  expect((await runJob(job, { signal: aborter.signal })).outcome).toBe('cancelled');
  expect((await runJob(job, { signal: aborter.signal })).outcome).toBe('cancelled');
});

it('settings, pause, dry run and the answers of the service are those of the test', async () => {
  const asked: unknown[] = [];
  const job = defineJob({
    async run(ctx) {
      const answer = await ctx.call('run_job', { job: 'other' });
      const { vault } = ctx.config.paths;
      return { answer, vault, dry: ctx.dryRun, paused: ctx.paused(), plugin: ctx.config.plugins };
    },
  });
  const { result } = await runJob(job, {
    ...{ dryRun: true, paused: true, settings: { paths: { vault: '/a/vault' }, plugins: { x: 1 } } },
    call: (operation, input) => {
      asked.push([operation, input]);
      return { state: 'queued' };
    },
  });
  const answer = { state: 'queued' };
  expect(result).toEqual({ answer, vault: '/a/vault', dry: true, paused: true, plugin: { x: 1 } });
  expect(asked).toEqual([['run_job', { job: 'other' }]]);
});

it('stateDir is gone afterwards, or stays where the test wants it', async () => {
  const job = defineJob({
    async run(ctx) {
      await writeFile(path.join(ctx.stateDir, 'known'), '1');
      return { dir: ctx.stateDir };
    },
  });
  const gone = await runJob(job);
  expect(existsSync(String(gone.result?.dir))).toBe(false);
  const stateRoot = await mkdtemp(path.join(tmpdir(), 'state-'));
  onTestFinished(() => rm(stateRoot, { recursive: true }));
  await runJob(job, { stateRoot });
  expect(existsSync(path.join(stateRoot, 'job/known'))).toBe(true);
});

it('the class of the setup guide is a job; what is none is refused', async () => {
  class MyCustomJob {
    readonly vault: string;
    constructor(config: { paths: { vault: string } }) {
      this.vault = config.paths.vault;
    }
    runSync() {
      return { success: true, isThere: existsSync(this.vault) };
    }
  }
  expect((await runJob(MyCustomJob)).result).toEqual({ success: true, isThere: true });
  await expect(runJob({ run() {} })).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  await expect(runJob(MyCustomJob, { entry: { timout: '1s' } })).rejects.toMatchObject({
    code: 'VALIDATION_ERROR',
    message: expect.stringContaining('timout'),
  });
});
