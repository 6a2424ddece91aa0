// Rule 18: runs by hand, and the run that a start of the service adds.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const noop = () => ({});

async function up(keys: string, tick: HandlerFunction = noop, options = {}): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  tick: { enabled: true, ${keys} }`,
    handlers: { tick },
  });
  await s.start(options);
  return s;
}

const EACH_MINUTE = 'cron: "* * * * *"';
const AT_NOON = 'cron: "0 12 * * *"';

it('kind manual, without a slot; who asked is on record', async () => {
  const s = await up(EACH_MINUTE);
  const queued = await s.service.runNow('tick', { by: 'ann' });
  expect(queued).toMatchObject({ kind: 'manual', state: 'queued', slot: null, by: 'ann' });
  await s.quiet();
  expect(await s.rows('tick')).toMatchObject([{ kind: 'manual', slot: null, by: 'ann', state: 'succeeded' }]);
  expect(s.calls[0]?.ctx.idempotencyKey).toBe(`tick@${queued.run_id}`);
});

it('it never moves the cursor or max_executions', async () => {
  const s = await up(`${EACH_MINUTE}, max_executions: 1`);
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect(await s.service.find('tick')).toMatchObject({ next_run: '2026-11-21T10:01:00Z', state: 'active' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['manual succeeded', '2026-11-21T10:01:00Z succeeded']);
});

it('a success by hand does not move the window of the next slot', async () => {
  const s = await up(EACH_MINUTE);
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(s.calls.at(-1)?.ctx.window).toEqual({
    from: Date.parse('2026-11-21T10:01:00Z'),
    to: Date.parse('2026-11-21T10:02:00Z'),
  });
});

it('while a run is live it is refused with ALREADY_RUNNING, and force allows it', async () => {
  const work = gate();
  const s = await up(EACH_MINUTE, () => work.promise);
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [running] = await s.rows('tick');
  await expect(s.service.runNow('tick', { by: 'ann' })).rejects.toMatchObject({
    code: 'ALREADY_RUNNING',
    message: `job tick already has a run that is running: ${running?.run_id}`,
  });
  await s.service.runNow('tick', { by: 'ann', force: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z running', 'manual running']);
  work.open({});
});

it('while the job waits for its next attempt it is allowed', async () => {
  const s = await up(`${EACH_MINUTE}, retry_delay: 40s`, (ctx) => {
    if (ctx.slot !== null) throw new Error('no luck');
    return {};
  });
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z queued', 'manual succeeded']);
});

it('input is merged key by key over that of the job, and recorded; the job keeps its own', async () => {
  const s = await up(`${EACH_MINUTE}, input: { a: 1, b: 2, deep: { x: 1, y: 1 } }`);
  await s.service.runNow('tick', { by: 'ann', input: { b: 3, deep: { x: 2 } } });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect((await s.rows('tick')).map((row) => row.input)).toEqual([
    { a: 1, b: 3, deep: { x: 2 } },
    { a: 1, b: 2, deep: { x: 1, y: 1 } },
  ]);
  expect(s.calls.map((call) => call.ctx.input.b)).toEqual([3, 2]);
});

it('a dry run is told to the handler, and is no success to build on', async () => {
  const s = await up(EACH_MINUTE);
  await s.service.runNow('tick', { by: 'ann', dryRun: true });
  await s.quiet();
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect(s.calls.map(({ ctx }) => [ctx.dryRun, ctx.lastSuccess])).toEqual([
    [true, null],
    [false, null],
  ]);
});

it('a pause does not hold it', async () => {
  const s = await up(EACH_MINUTE, noop, { paused: true });
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['manual succeeded']);
});

it('an unknown job is an error with the nearest, an unknown handler too', async () => {
  const s = await up(`${EACH_MINUTE}, handler: gone`);
  await expect(s.service.runNow('tikc', { by: 'ann' })).rejects.toMatchObject({
    code: 'JOB_NOT_FOUND',
    fix: 'did you mean tick?',
  });
  await expect(s.service.runNow('tick', { by: 'ann', force: true })).rejects.toMatchObject({
    code: 'HANDLER_NOT_FOUND',
  });
  expect(await s.ledger('tick')).toEqual([]);
});

it('run_on_start adds one run, kind startup, without a slot', async () => {
  const s = await up(`${AT_NOON}, run_on_start: true`);
  expect(await s.rows('tick')).toMatchObject([
    { kind: 'startup', slot: null, state: 'succeeded', by: 'run_on_start' },
  ]);
  expect(await s.service.find('tick')).toMatchObject({ next_run: '2026-11-21T12:00:00Z' });
});

it('each start adds one, a reload none', async () => {
  const s = await up(`${AT_NOON}, run_on_start: true`);
  const text =
    'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n  tick: { enabled: true, ';
  await s.writeSettings(`${text}cron: "5 12 * * *", run_on_start: true }`);
  await s.installed.reload();
  await s.quiet();
  await s.crash();
  await s.start();
  expect(await s.ledger('tick')).toEqual(['startup succeeded', 'startup succeeded']);
});

it('it comes after the first pass: a slot that is made up for goes before it', async () => {
  const s = await up(`${EACH_MINUTE}, misfire_policy: latest, run_on_start: true`);
  await s.stop();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.start();
  const [first, slot, startup] = await s.rows('tick');
  expect(first).toMatchObject({ kind: 'startup', state: 'succeeded' });
  expect(slot).toMatchObject({ slot: '2026-11-21T10:03:00Z', state: 'succeeded' });
  expect(startup).toMatchObject({ kind: 'startup', state: 'skipped', reason: 'overlap', by: slot?.run_id });
});

it('it waits out a pause', async () => {
  const s = await up(`${AT_NOON}, run_on_start: true`, noop, { paused: true });
  expect(await s.ledger('tick')).toEqual(['startup queued']);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['startup succeeded']);
});

it('where the job already has a run queued it is a row skipped: overlap', async () => {
  const s = await up(`${AT_NOON}, run_on_start: true`, noop, { paused: true });
  await s.stop();
  await s.start();
  expect(await s.ledger('tick')).toEqual(['startup queued', 'startup skipped: overlap']);
});

it('where the job already has a run that waits for its next attempt, too', async () => {
  const s = await up(`${EACH_MINUTE}, run_on_start: true`, (ctx) => {
    if (ctx.attempt === 1) throw new Error('no luck');
    return {};
  });
  await s.stop();
  await s.start();
  expect(await s.ledger('tick')).toEqual(['startup queued', 'startup skipped: overlap']);
  await s.advanceTo('2026-11-21T10:00:40Z');
  expect(await s.ledger('tick')).toEqual(['startup succeeded', 'startup skipped: overlap']);
});

it('it is tried again as a planned run is', async () => {
  const s = await up(`${AT_NOON}, run_on_start: true, retries: 1`, (ctx) => {
    if (ctx.attempt === 1) throw new Error('no luck');
    return {};
  });
  await s.advanceTo('2026-11-21T10:00:40Z');
  expect(await s.rows('tick')).toMatchObject([{ state: 'succeeded', attempt: 2 }]);
});

it('a job that is disabled has none; one that runs by hand only has', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:
  off: { enabled: false, ${AT_NOON}, run_on_start: true, handler: tick }
  hand: { enabled: true, manual_only: true, run_on_start: true, handler: tick }
  gone: { enabled: true, ${AT_NOON}, run_on_start: true }`,
    handlers: { tick: noop },
  });
  await s.start();
  expect(await s.ledger('off')).toEqual([]);
  expect(await s.ledger('hand')).toEqual(['startup succeeded']);
  expect(await s.ledger('gone')).toEqual(['startup skipped: handler_missing']);
});
