// Rule 11: a slot is admitted at most once and accounted for exactly once, and nothing starts that is not committed.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

it('a slot is never created again: a crash right after admission leaves one row', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('whoever decides first has decided: a second process adds nothing', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  const command = await s.command();
  await s.advanceTo('2026-11-21T10:02:10Z');
  await command.service.resume({ by: 'ben', catchUp: true });
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: paused',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:00Z succeeded',
  ]);
});

it('a handler that repeats sees its attempt, and the same key', async () => {
  let calls = 0;
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "1 * * * *" }',
    handlers: { hourly: () => ({ success: ++calls === 3 }) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(s.calls.map((call) => [call.attempt, call.ctx.idempotencyKey])).toEqual(
    [1, 2, 3].map((attempt) => [attempt, 'hourly@2026-11-21T10:01:00Z']),
  );
});

it('nothing starts that is not committed: a handler finds its own row, running, from outside', async () => {
  const seen: unknown[] = [];
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "1 * * * *" }',
    handlers: {
      hourly: async (ctx) => {
        seen.push(await outside.service.run(ctx.runId));
        await work.promise;
      },
    },
  });
  const outside = await s.command();
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  expect(seen).toMatchObject([{ state: 'running', attempt: 1, slot: '2026-11-21T10:01:00Z' }]);
  work.open();
  await s.quiet();
});

it('an ending is committed in the turn in which it is known: no time passes until another process sees it', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "1 * * * *" }',
    handlers: { hourly: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const outside = await s.command();
  work.open({ items_processed: 1 });
  await s.quiet();
  expect(s.clock.now()).toBe(Date.parse('2026-11-21T10:01:10Z'));
  expect(await outside.service.history({ limit: 1 })).toMatchObject([
    { state: 'succeeded', statistics: { items_processed: 1 } },
  ]);
});
