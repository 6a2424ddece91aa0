// Rules 3 and 4: slots of one pass become one run; a full job skips and names what was in the way.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

it('all eligible slots of one pass become one run at the latest of them, with covers', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.start();
  expect(await s.rows('tick')).toMatchObject([
    {
      slot: '2026-11-21T10:04:00Z',
      covers: { from: '2026-11-21T10:01:00Z', to: '2026-11-21T10:04:00Z', count: 4 },
    },
  ]);
});

it('a full job skips the slot, and the row names the run in the way', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  const [running, skipped] = await s.rows('tick');
  expect(running).toMatchObject({ slot: '2026-11-21T10:01:00Z', state: 'running' });
  expect(skipped).toMatchObject({
    slot: '2026-11-21T10:02:00Z',
    state: 'skipped',
    reason: 'overlap',
    by: running?.run_id,
  });
  work.open({});
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect((await s.ledger('tick'))[2]).toBe('2026-11-21T10:03:00Z succeeded');
});

it('max_instances lets more than one run at a time', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", max_instances: 2 }',
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:02:00Z running',
    '2026-11-21T10:03:00Z skipped: overlap',
  ]);
  work.open({});
});

it('a refused manual start is an error and writes no row; force allows it', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await expect(s.service.runNow('tick', { by: 'test' })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z running']);
  await s.service.runNow('tick', { by: 'test', force: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z running', 'manual running']);
  work.open({});
});
