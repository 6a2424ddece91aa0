// Rules 21, 23, 25 and 26: interval grids, shutdown, zones, durations.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30.400Z';

it('an interval is a fixed grid from its creation in whole seconds, never measured from completion', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  beat: { enabled: true, every: 90s }',
    handlers: { beat: (ctx) => ctx.sleep('40s').then(() => ({})) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:06:00Z');
  expect(await s.ledger('beat')).toEqual([
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:30Z succeeded',
    '2026-11-21T10:05:00Z succeeded',
  ]);
});

it('the grid survives a restart and a change of anything else', async () => {
  const off = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  beat: { enabled: true, every: 90s }',
    handlers: { beat: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:10Z');
  await s.stop();
  await s.writeSettings(`${off}  beat: { enabled: true, every: 90s, priority: 5 }`);
  await s.start();
  await s.advanceTo('2026-11-21T10:03:40Z');
  expect(await s.ledger('beat')).toEqual([
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:30Z succeeded',
  ]);
});

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

it.each([
  [
    'SCHEDULER_TIMEZONE wins',
    { SCHEDULER_TIMEZONE: 'Asia/Tokyo', TZ: 'UTC' },
    'timezone: Europe/Paris\n',
    'Asia/Tokyo',
  ],
  ['then the file', { TZ: 'Asia/Tokyo' }, 'timezone: Europe/Paris\n', 'Europe/Paris'],
  ['then TZ', { TZ: 'Asia/Tokyo' }, '', 'Asia/Tokyo'],
  ['else UTC', {}, '', 'UTC'],
])('time zone: %s', async (_case, env, line, zone) => {
  const s = await createScenario({
    at,
    env: env as Record<string, string>,
    scheduler: `${line}jobs:\n  daily: { enabled: true, cron: "0 9 * * *" }\n  own: { enabled: true, cron: "0 9 * * *", timezone: America/Havana }`,
    handlers: { daily: () => ({}), own: () => ({}) },
  });
  await s.start();
  expect(await s.service.next({ job: 'daily', count: 1 })).toMatchObject([{ timezone: zone }]);
  expect(await s.service.next({ job: 'own', count: 1 })).toMatchObject([
    { timezone: 'America/Havana', slot: '2026-11-21T09:00:00-05:00' },
  ]);
  expect(await s.installed.status()).toMatchObject({ timezone: zone, tzdata: process.versions.tz });
});

it('bare numbers are seconds', async () => {
  const s = await createScenario({
    at,
    scheduler:
      'jobs:\n  x: { enabled: true, cron: "0 9 * * *", timeout: 90, retry_delay: "1m", misfire_grace_time: "2h" }',
    handlers: { x: () => ({}) },
  });
  await s.start();
  expect((await s.service.find('x')).policy).toMatchObject({
    timeout: 90,
    retry_delay: 60,
    misfire_grace_time: 7200,
  });
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
