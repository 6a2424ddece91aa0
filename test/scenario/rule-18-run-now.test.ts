// Rule 18: runs by hand, at start, once more, and made up for.
import { expect, it } from 'vitest';
import { createScenario } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30Z';
const noop = () => ({});

it('run now: kind manual, input merged key by key, cursor and max_executions untouched', async () => {
  const s = await createScenario({
    at,
    scheduler:
      'jobs:\n  tick: { enabled: true, cron: "* * * * *", max_executions: 1, input: { a: 1, b: 2 } }',
    handlers: { tick: noop },
  });
  await s.start();
  await s.service.runNow('tick', { by: 'ann', input: { b: 3 } });
  await s.quiet();
  expect(await s.rows('tick')).toMatchObject([
    { kind: 'manual', slot: null, input: { a: 1, b: 3 }, by: 'ann', state: 'succeeded' },
  ]);
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['manual succeeded', '2026-11-21T10:01:00Z succeeded']);
});

it('run_on_start adds one run after the first pass, without a slot', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", run_on_start: true }',
    handlers: { tick: noop },
  });
  await s.start();
  expect(await s.rows('tick')).toMatchObject([{ kind: 'startup', slot: null, state: 'succeeded' }]);
});

it('it waits out a pause', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 12 * * *", run_on_start: true }',
    handlers: { tick: noop },
  });
  await s.start({ paused: true });
  expect(await s.ledger('tick')).toEqual(['startup queued']);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['startup succeeded']);
});

it('where the job already has a run queued or live it is a row skipped: overlap', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "1 10 * * *", run_on_start: true }',
    handlers: { tick: noop },
  });
  await s.start({ paused: true });
  await s.stop();
  await s.start();
  expect(await s.ledger('tick')).toEqual(['startup queued', 'startup skipped: overlap']);
});

it('a success by hand does not move the window of the next slot', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: noop },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(s.calls.at(-1)?.ctx.window).toEqual({
    from: Date.parse('2026-11-21T10:01:00Z'),
    to: Date.parse('2026-11-21T10:02:00Z'),
  });
});
