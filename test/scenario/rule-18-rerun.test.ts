// Rule 18: a run is repeated with its own input and config.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

/** Up; the slot 10:01 of `tick` has run. */
async function ran(keys = 'cron: "1 10 * * *"', tick: HandlerFunction = () => ({})): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  tick: { enabled: true, ${keys} }`,
    handlers: { tick, other: () => ({ by: 'other' }) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  return s;
}

const rewrite = async (s: Scenario, entry: string) => {
  await s.writeSettings(`${OFF}  tick: ${entry}`);
  await s.installed.reload();
  await s.quiet();
};
const first = async (s: Scenario) => (await s.rows())[0]!.run_id;
const again = async (s: Scenario, options = {}) => {
  const run = await s.service.rerun(await first(s), { by: 'ann', ...options });
  await s.quiet();
  return await s.service.run(run.run_id);
};

it('it is a manual run without a slot, under the key of the run that it repeats', async () => {
  const s = await ran();
  expect(await again(s)).toMatchObject({ kind: 'manual', slot: null, state: 'succeeded', by: 'ann' });
  expect(s.calls.map(({ ctx }) => ctx.idempotencyKey)).toEqual([
    'tick@2026-11-21T10:01:00Z',
    'tick@2026-11-21T10:01:00Z',
  ]);
});

it('a repeated repetition keeps the key of the first', async () => {
  const s = await ran();
  const second = await again(s);
  await s.service.rerun(second.run_id, { by: 'ann' });
  await s.quiet();
  expect(new Set(s.calls.map(({ ctx }) => ctx.idempotencyKey))).toEqual(
    new Set(['tick@2026-11-21T10:01:00Z']),
  );
});

it('with its own input and config, whatever the settings say now', async () => {
  const s = await ran('cron: "1 10 * * *", input: { folder: old }, timeout: 10s');
  const before = await s.service.run(await first(s));
  await rewrite(s, '{ enabled: true, cron: "1 11 * * *", input: { folder: new }, handler: other }');
  const after = await again(s);
  expect(after).toMatchObject({ input: { folder: 'old' }, config_hash: before.config_hash, statistics: {} });
  expect(s.calls.map(({ ctx }) => ctx.input)).toEqual([{ folder: 'old' }, { folder: 'old' }]);
});

it('a run by hand is repeated with the input that was given to it', async () => {
  const s = await ran('cron: "0 12 * * *", input: { a: 1, b: 2 }');
  await s.service.runNow('tick', { by: 'ann', input: { b: 3 }, dryRun: true });
  await s.quiet();
  expect(await again(s)).toMatchObject({ input: { a: 1, b: 3 } });
  expect(s.calls.map(({ ctx }) => ctx.dryRun)).toEqual([true, true]);
});

it('it moves neither the cursor nor max_executions', async () => {
  const s = await ran('cron: "* * * * *", max_executions: 2');
  await again(s);
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.ledger()).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    'manual succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('it is tried once unless asked, and then as the run was', async () => {
  const s = await ran('cron: "1 10 * * *", retries: 1, retry_delay: 5s', () => {
    throw new Error('no luck');
  });
  expect(await again(s)).toMatchObject({ state: 'failed', attempt: 1 });
  const asked = await again(s, { retry: true });
  expect(asked).toMatchObject({ state: 'queued', attempt: 1 });
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.service.run(asked.run_id)).toMatchObject({ state: 'failed', attempt: 2 });
});

it('it obeys the overlap: refused while a run is live, and force allows it', async () => {
  const work = gate();
  const s = await ran('cron: "1 10 * * *"', (ctx) => (ctx.slot === null ? work.promise : {}));
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  await expect(s.service.rerun(await first(s), { by: 'ann' })).rejects.toMatchObject({
    code: 'ALREADY_RUNNING',
  });
  expect(await again(s, { force: true })).toMatchObject({ state: 'running' });
  work.open({});
});

it('of a job that is disabled it needs force', async () => {
  const s = await ran();
  await rewrite(s, '{ enabled: false, cron: "1 10 * * *" }');
  await expect(s.service.rerun(await first(s), { by: 'ann' })).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
  });
  expect(await again(s, { force: true })).toMatchObject({ state: 'succeeded' });
});

it('a run that has not ended is refused, an unknown one is an error', async () => {
  const work = gate();
  const s = await ran('cron: "1 10 * * *"', () => work.promise);
  await expect(s.service.rerun(await first(s), { by: 'ann', force: true })).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    fix: 'wait for its end',
  });
  await expect(s.service.rerun('nope', { by: 'ann' })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  work.open({});
});

it('a failed one is repeated, and one that was cancelled before it started', async () => {
  const s = await ran('cron: "1 10 * * *", overlap: queue_one, retries: 0', () => {
    throw new Error('no luck');
  });
  expect(await again(s)).toMatchObject({ kind: 'manual', state: 'failed' });
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.stop();
  await rewriteWhileDown(s);
  await s.start();
  const waiting = (await s.rows()).at(-1)!;
  expect(waiting).toMatchObject({ kind: 'startup', state: 'queued' });
  await s.service.cancelRun(waiting.run_id, 'ann');
  const run = await s.service.rerun(waiting.run_id, { by: 'ann' });
  await s.quiet();
  expect(await s.service.run(run.run_id)).toMatchObject({ kind: 'manual', state: 'failed', attempt: 1 });
});

const rewriteWhileDown = (s: Scenario) =>
  s.writeSettings(`${OFF}  tick: { enabled: true, cron: "1 10 * * *", retries: 0, run_on_start: true }`);

it('what never was a run is made up for with backfill instead', async () => {
  const s = await ran('cron: "* * * * *"', () => gate().promise);
  await s.advanceTo('2026-11-21T10:02:30Z');
  const skipped = (await s.rows())[1]!;
  expect(skipped).toMatchObject({ state: 'skipped', reason: 'overlap' });
  await expect(s.service.rerun(skipped.run_id, { by: 'ann', force: true })).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    fix: 'slots that never ran are made up for with backfill',
  });
});
