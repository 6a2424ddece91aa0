// What a handler gets in its thread is what it gets anywhere: all of `ctx` crosses the border, and what it leaves comes back.
import { expect, it } from 'vitest';
import { SchedulerError } from '#core/errors';
import { allowedEnvironment } from '#runs/isolation/environment';
import { jobFile, jobFolder, runJob, startJob } from '../../../support/job-thread.ts';

it('the data of ctx arrives as it is', async () => {
  const data = {
    attempt: 3,
    slot: 1_700_000_000_000,
    dueAt: 1_700_000_000_500,
    idempotencyKey: 'job@then',
    dryRun: true,
    state: { seen: ['a', 'b'] },
    lastSuccess: { slot: 1, endedAt: 2, result: { items_processed: 3 } },
    window: { from: 1, to: 4 },
  };
  const { answer } = await runJob(
    `const { attempt, slot, dueAt, idempotencyKey, dryRun, state, lastSuccess, window, input, job, runId } = ctx;
     return { attempt, slot, dueAt, idempotencyKey, dryRun, state, lastSuccess, window, input, job, runId };`,
    { data, input: { folder: 'x' } },
  );
  expect((await answer).result).toEqual({
    statistics: { ...data, input: { folder: 'x' }, job: 'job', runId: 'run-1' },
    failure: null,
    warnings: [],
  });
});

it('the settings are there, frozen to the last leaf', async () => {
  const { answer } = await runJob(
    `let refused = 0;
     for (const change of [() => { ctx.config.more = 1 }, () => { ctx.config.paths.vault = 'x' }])
       try { change() } catch { refused++ }
     return { refused, vault: ctx.config.paths.vault.length > 0 };`,
  );
  expect((await answer).result.statistics).toEqual({ refused: 2, vault: true });
});

it('the class of the setup guide gets the settings in its constructor', async () => {
  const folder = await jobFolder({
    'old.js': `export default class { constructor(config) { this.config = config; } runSync() { return { graph: this.config.vault.graph }; } }`,
  });
  const { answer } = await startJob(folder, 'old');
  expect((await answer).result.statistics).toEqual({ graph: 'embedded' });
});

it('input is what the schema of the job makes of it; wrong input is final', async () => {
  const schema =
    'input: z.object({ day: z.string().transform((text) => new Date(text)), n: z.number().default(7) }),';
  const folder = await jobFolder({
    'dated.ts': jobFile('return { year: ctx.input.day.getUTCFullYear(), n: ctx.input.n };', '', schema),
  });
  const { answer } = await startJob(folder, 'dated', { input: { day: '2026-11-21' } });
  expect((await answer).result.statistics).toEqual({ year: 2026, n: 7 });
  const wrong = await startJob(folder, 'dated', { input: { day: 5 } });
  await expect(wrong.answer).rejects.toMatchObject({ code: 'INVALID_PARAMETERS', retryable: false });
});

it('an assigned state comes back, one that was not touched as it was', async () => {
  const changed = await runJob('ctx.state = { n: ctx.state.n + 1 };', { data: { state: { n: 1 } } });
  expect((await changed.answer).state).toEqual({ n: 2 });
  const kept = await runJob('', { data: { state: { n: 1 } } });
  expect((await kept.answer).state).toEqual({ n: 1 });
});

it('the signal aborts with its reason', async () => {
  const { answer, aborter, said } = await runJob(
    `ctx.log.info('waiting');
     await new Promise((done) => ctx.signal.addEventListener('abort', done));
     const { reason } = ctx.signal;
     return { isOurs: reason instanceof SchedulerError, code: reason.code, message: reason.message };`,
  );
  await said('waiting');
  aborter.abort(new SchedulerError('EXECUTION_ERROR', 'the time limit of the run is over'));
  expect((await answer).result.statistics).toEqual({
    isOurs: true,
    code: 'EXECUTION_ERROR',
    message: 'the time limit of the run is over',
  });
});

it('sleep is cut short by the signal, with its reason', async () => {
  const { answer, aborter, said } = await runJob(`ctx.log.info('asleep'); await ctx.sleep('1h');`);
  await said('asleep');
  aborter.abort(new SchedulerError('EXECUTION_ERROR', 'the run was cancelled'));
  await expect(answer).rejects.toMatchObject({ message: 'the run was cancelled' });
});

it('sleep ends by itself', async () => {
  const { answer } = await runJob('await ctx.sleep(1); return { slept: 1 };');
  expect((await answer).result.statistics).toEqual({ slept: 1 });
});

it('paused() follows the service without a message', async () => {
  let paused = false;
  const job = await runJob(
    `const before = ctx.paused(); await ctx.call('pause'); return { before, after: ctx.paused() };`,
    {
      paused: () => paused,
      call: async () => {
        paused = true;
        job.call.refresh();
        return null;
      },
    },
  );
  expect((await job.answer).result.statistics).toEqual({ before: false, after: true });
});

it('skip and retryAfter survive the border', async () => {
  const skipping = await runJob(`ctx.skip('nothing to do');`);
  await expect(skipping.answer).rejects.toMatchObject({ name: 'SkipRequest', message: 'nothing to do' });
  const retrying = await runJob(`ctx.retryAfter('2m');`);
  await expect(retrying.answer).rejects.toMatchObject({ name: 'RetryRequest', afterMs: 120_000 });
});

it('call asks the service; its answer and its refusal come back', async () => {
  const { answer } = await runJob(
    `const kept = await ctx.call('echo', { a: 1, left: undefined });
     const refused = await ctx.call('no').catch((error) => error);
     const odd = await ctx.call('echo', { n: 1n }).catch((error) => error.name);
     return { kept, odd, ours: refused instanceof SchedulerError, code: refused.code, fix: refused.fix };`,
    {
      call: async (operation, input) => {
        if (operation === 'echo') return input;
        throw new SchedulerError('INVALID_PARAMETERS', 'there is no operation no', 'ask for echo');
      },
    },
  );
  expect((await answer).result.statistics).toEqual({
    kept: { a: 1 },
    odd: 'TypeError',
    ours: true,
    code: 'INVALID_PARAMETERS',
    fix: 'ask for echo',
  });
});

it('a thousand calls at once are all answered, a few at a time', async () => {
  let open = 0;
  let most = 0;
  const { answer } = await runJob(
    `const all = await Promise.all(Array.from({ length: 1000 }, (_, n) => ctx.call('echo', { n })));
     return { sum: all.reduce((sum, { n }) => sum + n, 0) };`,
    {
      call: async (_operation, input) => {
        most = Math.max(most, ++open);
        await new Promise(setImmediate);
        open--;
        return input;
      },
    },
  );
  expect((await answer).result.statistics).toEqual({ sum: 499_500 });
  expect(most).toBeLessThanOrEqual(16);
});

it('of the environment only what holds no secret is there', async () => {
  const environment = allowedEnvironment({
    ...{ PATH: '/bin', HOME: '/home/x', TZ: 'UTC', LC_ALL: 'C', TMPDIR: '/tmp', LANG: undefined },
    ...{
      NEO4J_PASSWORD: 'secret',
      SCHEDULER_TOKENS: 'secret',
      NODE_OPTIONS: '--x',
      AUTOMATION_PAUSE: 'true',
    },
  });
  const { answer } = await runJob(
    `const { NODE_COMPILE_CACHE, ...rest } = process.env; return { names: Object.keys(rest).sort() };`,
    { environment },
  );
  const names = ['HOME', 'LC_ALL', 'PATH', 'TMPDIR', 'TZ'];
  expect((await answer).result.statistics).toEqual({ names });
});
