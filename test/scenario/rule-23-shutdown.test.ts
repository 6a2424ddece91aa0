// Rule 23: shutdown.
import { expect, it } from 'vitest';
import { altered } from '../support/altered-store.ts';
import { createScenario, gate, type HandlerFunction } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30.400Z';

it('shutdown drains, then aborts; what was cut is given back without using an attempt', async () => {
  const s = await createScenario({
    at,
    scheduler: 'shutdown: { drain: 5s, abort: 3s }\njobs:\n  long: { enabled: true, cron: "1 10 * * *" }',
    handlers: {
      long: (ctx) =>
        ctx.attempt === 1 && s.calls.length === 1
          ? new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)))
          : {},
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.stop();
  expect(s.calls[0]?.ctx.signal.aborted).toBe(true);
  await s.start();
  expect(await s.rows('long')).toMatchObject([
    { state: 'succeeded', attempt: 1, attempts: [{ outcome: 'given_back' }, { outcome: 'succeeded' }] },
  ]);
});

it('work that ends while draining is recorded as it ended', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  short: { enabled: true, cron: "1 10 * * *" }',
    handlers: { short: (ctx) => ctx.sleep('3s').then(() => ({ items_processed: 1 })) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  await s.stop();
  await s.start();
  expect(await s.rows('short')).toMatchObject([{ state: 'succeeded', statistics: { items_processed: 1 } }]);
});

it('a handler that ignores the signal does not hold the shutdown; its late answer is lost', async () => {
  const work = gate();
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "1 10 * * *" }',
    handlers: { deaf: () => (s.calls.length === 1 ? work.promise : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.stop();
  work.open({ items_processed: 99 });
  await s.start();
  expect(await s.rows('deaf')).toMatchObject([{ state: 'succeeded', statistics: {} }]);
});

it('a time limit that came before the shutdown stands: the run is not given back', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "1 10 * * *", timeout: 1m, retries: 0 }',
    handlers: { deaf: () => gate().promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.stop();
  await s.start();
  expect(await s.rows('deaf')).toMatchObject([{ state: 'timed_out', attempt: 1 }]);
});

it.each<[string, HandlerFunction]>([
  ['a plain sleep', (ctx) => ctx.sleep('1h').then(() => ({ items_processed: 1 }))],
  [
    'an answer that it failed',
    (ctx) =>
      new Promise((resolve) =>
        ctx.signal.addEventListener('abort', () => resolve({ success: false, error: 'aborted' })),
      ),
  ],
])('%s that the shutdown cuts is given back', async (_name, handler) => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  long: { enabled: true, cron: "1 10 * * *", retries: 0 }',
    handlers: { long: (ctx) => (s.calls.length === 1 ? handler(ctx) : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.stop();
  await s.start();
  expect(await s.rows('long')).toMatchObject([{ state: 'succeeded', attempt: 1 }]);
});

it('the drain lets work end before anything is aborted', async () => {
  const s = await createScenario({
    at,
    scheduler: 'shutdown: { drain: 20s, abort: 3s }\njobs:\n  short: { enabled: true, cron: "1 10 * * *" }',
    handlers: { short: (ctx) => ctx.sleep('15s').then(() => ({ aborted: ctx.signal.aborted })) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  await s.stop();
  await s.start();
  expect(await s.rows('short')).toMatchObject([{ state: 'succeeded', statistics: { aborted: false } }]);
});

it('it admits nothing: a slot that is due while it drains is decided at the next start', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:01:50Z',
    scheduler:
      'shutdown: { drain: 60 }\njobs:\n  long: { enabled: true, every: 1d, anchor: "2026-11-20T10:01:55Z" }\n  tick: { enabled: true, cron: "2 10 * * *" }',
    handlers: { long: (ctx) => ctx.sleep('15s').then(() => ({})), tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:57Z');
  await s.stop();
  expect(s.calls.map((call) => call.job)).toEqual(['long']);
  await s.start();
  expect(await s.rows('tick')).toMatchObject([
    { slot: '2026-11-21T10:02:00Z', state: 'succeeded', late_by: 10 },
  ]);
});

it('what it cuts is recorded before it exits: queued again, for another process to see', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  long: { enabled: true, cron: "1 10 * * *", retries: 0 }',
    handlers: { long: () => gate().promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.stop();
  const outside = await s.command();
  expect(await outside.service.history({ limit: 1 })).toMatchObject([
    { state: 'queued', attempt: 0, attempts: [{ n: 1, outcome: 'given_back' }] },
  ]);
});

it('nor what falls due in the very moment in which it is asked to stop', async () => {
  let isAsked = false;
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "1 10 * * *" }',
    handlers: { tick: () => ({}) },
    openStore: altered((store) => ({
      observe(...args) {
        if (isAsked) s.terminate();
        return store.observe(...args);
      },
    })),
  });
  await s.start();
  isAsked = true;
  await s.advanceTo('2026-11-21T10:01:00Z');
  await s.stop();
  expect(s.calls).toEqual([]);
  isAsked = false;
  await s.start();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('settings that change while it drains are for the next start', async () => {
  const job = 'long: { enabled: true, cron: "1 10 * * *" }';
  const off = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
  const s = await createScenario({
    at,
    scheduler: `shutdown: { drain: 60s }\njobs:\n  ${job}`,
    handlers: { long: (ctx) => ctx.sleep('10s').then(() => ({})), fresh: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  s.terminate();
  await s.writeSettings(`${off}  ${job}\n  fresh: { enabled: true, cron: "* * * * *" }`);
  await s.installed.reload();
  await expect(s.service.find('fresh')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  await s.stop();
  await s.start();
  expect(await s.service.find('fresh')).toMatchObject({ state: 'active' });
});

it('asked before it is up, it does not begin', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", run_on_start: true }',
    handlers: { tick: () => ({}) },
  });
  const { ended } = await s.begin();
  s.terminate();
  await ended;
  expect(s.calls).toEqual([]);
});
