// What a handler is given, and what becomes of what it does with it: each sentence on `ctx` of docs/writing-jobs.md.

import path from 'node:path';
import { expect, it } from 'vitest';
import type { JobContext, Json } from '#core/handler';
import { createScenario, gate, type HandlerFunction, isoOf, type Scenario } from '../support/scenario.ts';

const EACH_HOUR = 'enabled: true, cron: "0 * * * *"';

async function up(work: HandlerFunction, keys = EACH_HOUR, scheduler = ''): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:00.500Z',
    scheduler: `${scheduler}jobs:\n  work: { ${keys} }`,
    handlers: { work },
  });
  await s.start();
  return s;
}

const at = (time: string) => Date.parse(`2026-11-21T${time}Z`);
const window = ({ window: { from, to } }: JobContext) => [from && isoOf(from), isoOf(to)];

it('slot is the planned instant, dueAt the same with its jitter', async () => {
  const s = await up(() => ({}), `${EACH_HOUR}, jitter: 5m`);
  await s.advanceTo('2026-11-21T11:30:00Z');
  const { slot, dueAt } = s.calls[0]!.ctx;
  expect(slot).toBe(at('11:00:00'));
  expect(dueAt).toBeGreaterThan(at('11:00:00'));
  expect(dueAt).toBeLessThanOrEqual(at('11:05:00'));
  expect(s.calls[0]!.at).toBe(isoOf(dueAt));
});

it('attempt counts, and the idempotency key stays', async () => {
  const s = await up(() => ({ success: false }), `${EACH_HOUR}, retries: 2, retry_delay: 1`);
  await s.advanceTo('2026-11-21T11:10:00Z');
  expect(s.calls.map(({ ctx }) => [ctx.attempt, ctx.idempotencyKey])).toEqual([
    [1, 'work@2026-11-21T11:00:00Z'],
    [2, 'work@2026-11-21T11:00:00Z'],
    [3, 'work@2026-11-21T11:00:00Z'],
  ]);
});

it('input is that of the entry; config is the settings, frozen, with passwords and without tokens', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    env: { NEO4J_PASSWORD: 'pass-word', SCHEDULER_TOKENS: 'me:admin:token-of-me-0123456789' },
    sections: 'databases: { neo4j: { host: graph } }\nplugins: { one: { two: 3 } }',
    scheduler: `jobs:\n  work: { ${EACH_HOUR}, folder: notes }`,
    handlers: { work: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T11:00:01Z');
  const { input, config } = s.calls[0]!.ctx;
  expect(input).toEqual({ folder: 'notes' });
  expect(config.paths.vault).toBe(path.join(s.dir, 'vault'));
  expect(config.databases.neo4j).toMatchObject({ uri: 'bolt://graph:7687', password: 'pass-word' });
  expect(config.plugins).toEqual({ one: { two: 3 } });
  expect(JSON.stringify(config)).not.toContain('token-of-me');
  expect(() => Object.assign(config.paths, { vault: '/' })).toThrow(TypeError);
});

it('log lines carry job and run, and hide passwords', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    env: { NEO4J_PASSWORD: 'pass-word' },
    sections: 'databases: { neo4j: { host: graph } }',
    scheduler: `jobs:\n  work: { ${EACH_HOUR} }`,
    handlers: { work: (ctx) => ctx.log.info('said', { with: 'pass-word' }) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T11:00:01Z');
  const line = s.lines.find((each) => each.message === 'said' || each.msg === 'said');
  expect(line).toMatchObject({ job_name: 'work', run_id: s.calls[0]!.ctx.runId });
  expect(JSON.stringify(s.lines)).not.toContain('pass-word');
});

it('state is what the last successful run left; a failed one, a skipped one and a dry run leave nothing', async () => {
  const endings: (() => unknown)[] = [
    () => ({}),
    () => ({ success: false }),
    () => {
      throw new Error('no');
    },
    () => s.calls.at(-1)?.ctx.skip('nothing new'),
    () => ({}),
  ];
  const seen: Json[] = [];
  const s = await up(async (ctx) => {
    seen.push(ctx.state);
    ctx.state = { n: seen.length };
    return await endings[seen.length - 1]!();
  }, `${EACH_HOUR}, retries: 0`);
  await s.advanceTo('2026-11-21T14:00:01Z');
  await s.service.runNow('work', { by: 'ann', dryRun: true });
  await s.quiet();
  endings.push(() => ({}));
  await s.advanceTo('2026-11-21T15:00:01Z');
  expect(seen).toEqual([null, { n: 1 }, { n: 1 }, { n: 1 }, { n: 1 }, { n: 1 }]);
});

it('state is settled with the run: a start after kill -9 sees either both or none', async () => {
  const seen: Json[] = [];
  const s = await up(async (ctx) => {
    seen.push(ctx.state);
    ctx.state = { n: seen.length };
    if (seen.length === 2) await new Promise(() => {});
    return {};
  });
  await s.advanceTo('2026-11-21T12:00:01Z');
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T13:00:01Z');
  expect(seen[2]).toEqual({ n: 1 });
});

it('lastSuccess tells when and with what; window goes from its slot to this one', async () => {
  const s = await up(
    ({ attempt, slot }) => (slot === at('12:00:00') ? { success: false } : { attempt }),
    `${EACH_HOUR}, retries: 0`,
  );
  await s.advanceTo('2026-11-21T13:00:01Z');
  expect(s.calls.map(({ ctx }) => ctx.lastSuccess)).toEqual([
    null,
    { slot: at('11:00:00'), endedAt: at('11:00:00'), result: { attempt: 1 } },
    { slot: at('11:00:00'), endedAt: at('11:00:00'), result: { attempt: 1 } },
  ]);
  expect(s.calls.map(({ ctx }) => window(ctx))).toEqual([
    [null, '2026-11-21T11:00:00Z'],
    ['2026-11-21T11:00:00Z', '2026-11-21T12:00:00Z'],
    ['2026-11-21T11:00:00Z', '2026-11-21T13:00:00Z'],
  ]);
});

it('a slot that is made up for behind a success has the stretch since the slot before it, and moves nothing', async () => {
  const s = await up(() => ({}));
  await s.advanceTo('2026-11-21T11:00:01Z');
  await s.service.pause({ job: 'work', by: 'ann', reason: null, until: null });
  await s.advanceTo('2026-11-21T13:30:00Z');
  await s.service.resume({ job: 'work', by: 'ann' });
  await s.advanceTo('2026-11-21T14:00:01Z');
  await s.service.backfill('work', { from: at('12:00:00'), to: at('13:00:00'), by: 'ann' });
  await s.advanceTo('2026-11-21T15:00:01Z');
  expect(s.calls.map(({ ctx }) => window(ctx))).toEqual([
    [null, '2026-11-21T11:00:00Z'],
    ['2026-11-21T11:00:00Z', '2026-11-21T14:00:00Z'],
    ['2026-11-21T11:00:00Z', '2026-11-21T12:00:00Z'],
    ['2026-11-21T12:00:00Z', '2026-11-21T13:00:00Z'],
    ['2026-11-21T14:00:00Z', '2026-11-21T15:00:00Z'],
  ]);
});

it('skip ends the run as skipped by the handler, with its text, and nothing follows', async () => {
  const s = await up((ctx) => ctx.skip('no notes'));
  await s.advanceTo('2026-11-21T11:30:00Z');
  expect(await s.rows('work')).toMatchObject([
    { state: 'skipped', reason: 'by_handler', attempt: 1, error: { message: 'no notes' } },
  ]);
});

it('retryAfter ends the attempt, and the next begins when it was asked for', async () => {
  const s = await up((ctx) => (ctx.attempt === 1 ? ctx.retryAfter('7m') : {}));
  await s.advanceTo('2026-11-21T11:30:00Z');
  expect(s.calls.map((call) => call.at)).toEqual(['2026-11-21T11:00:00Z', '2026-11-21T11:07:00Z']);
  expect(await s.rows('work')).toMatchObject([{ state: 'succeeded', attempt: 2 }]);
});

it('sleep is over after its time, and rejects with the reason of the abort when it is cut short', async () => {
  const cut: unknown[] = [];
  const s = await up(async (ctx) => {
    await ctx.sleep('10m');
    await ctx.sleep('2h').catch((error) => cut.push(error));
    ctx.signal.throwIfAborted();
  }, `${EACH_HOUR}, timeout: 20m, retries: 0`);
  await s.advanceTo('2026-11-21T11:20:01Z');
  expect(cut).toEqual([s.calls[0]!.ctx.signal.reason]);
  expect(await s.rows('work')).toMatchObject([{ state: 'timed_out', duration: 1200 }]);
});

it('paused() is true while all jobs are paused, for a run that goes on meanwhile', async () => {
  const seen: boolean[] = [];
  const s = await up(async (ctx) => {
    for (let i = 0; i < 3; i++) {
      seen.push(ctx.paused());
      await ctx.sleep('10m');
    }
  });
  await s.advanceTo('2026-11-21T11:05:00Z');
  await s.service.pause({ by: 'ann', reason: null, until: null });
  await s.advanceTo('2026-11-21T11:15:00Z');
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T11:30:00Z');
  expect(seen).toEqual([false, true, false]);
});

it('stateDir is a directory of its own below the state directory, and there when it is asked for', async () => {
  const s = await up(async (ctx) => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(path.join(ctx.stateDir, 'known.json'), '{}');
  });
  await s.advanceTo('2026-11-21T11:00:01Z');
  await s.quiet();
  expect(s.calls[0]!.ctx.stateDir).toBe(path.join(s.dir, 'data/jobs/work'));
});

it('call performs an operation of the service in the name of the job', async () => {
  const answers: Json[] = [];
  const asked = gate();
  const s = await up(async (ctx) => {
    if (ctx.job === 'other') return;
    answers.push(await ctx.call('get_job', { job: 'other' }));
    answers.push(await ctx.call('run_job', { job: 'other' }));
    asked.open();
  }, `${EACH_HOUR} }\n  other: { enabled: true, manual_only: true, handler: work`);
  await s.advanceTo('2026-11-21T11:00:01Z');
  await asked.promise;
  expect(answers).toMatchObject([{ id: 'other' }, { state: 'queued', by: 'job:work' }]);
});

it('call refuses what it does not know, what does not fit, and cleans up by the rules', async () => {
  const answers: unknown[] = [];
  const asked = gate();
  const s = await up(async (ctx) => {
    answers.push(await ctx.call('get_jbo').catch((error) => error));
    answers.push(await ctx.call('get_job', { jbo: 'x' }).catch((error) => error));
    answers.push(await ctx.call('cleanup.run', { dry_run: true }));
    asked.open();
  });
  await s.advanceTo('2026-11-21T11:00:01Z');
  await asked.promise;
  expect(answers).toMatchObject([
    { code: 'INVALID_PARAMETERS', fix: expect.stringContaining('did you mean get_job?') },
    { code: 'INVALID_PARAMETERS', message: expect.stringContaining('jbo') },
    { report: { total_files_deleted: 0, dry_run: true } },
  ]);
});

it('who tries a job out says which slot and attempt it is told, and the row stays a run by hand', async () => {
  const s = await up((ctx) => {
    ctx.state = 'kept';
  });
  await s.advanceTo('2026-11-21T11:00:01Z');
  const slot = at('13:00:00');
  await s.service.runNow('work', { by: 'ann', slot, attempt: 2 });
  await s.advanceTo('2026-11-21T12:00:01Z');
  const [, tried, next] = s.calls.map(({ ctx }) => ctx);
  expect(tried).toMatchObject({ slot, dueAt: slot, attempt: 2, idempotencyKey: 'work@2026-11-21T13:00:00Z' });
  expect(window(tried!)).toEqual(['2026-11-21T11:00:00Z', '2026-11-21T13:00:00Z']);
  expect((await s.rows('work'))[1]).toMatchObject({
    kind: 'manual',
    slot: null,
    attempt: 1,
    state: 'succeeded',
  });
  expect(next).toMatchObject({ slot: at('12:00:00'), attempt: 1, state: 'kept' });
  expect(window(next!)).toEqual(['2026-11-21T11:00:00Z', '2026-11-21T12:00:00Z']);
});

it('inline runs the code of a job file in the thread of the service, for that run', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: `jobs:\n  where: { enabled: true, manual_only: true }`,
    files: {
      'where.mjs': `import { isMainThread, threadId } from 'node:worker_threads';
export default class { runJob() { return { isMainThread, threadId }; } }`,
    },
  });
  await s.start();
  const { threadId } = await import('node:worker_threads');
  for (const inline of [true, false]) await s.service.runNow('where', { by: 'ann', inline, force: true });
  await s.quiet();
  const [inside, outside] = await s.rows('where');
  expect(inside?.statistics?.threadId).toBe(threadId);
  expect(outside?.statistics?.threadId).not.toBe(threadId);
});
