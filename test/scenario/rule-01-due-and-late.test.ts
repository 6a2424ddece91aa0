// Rule 1: due and late.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

it('records how late a slot was decided', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [row] = await s.rows('tick');
  expect(row).toMatchObject({
    slot: '2026-11-21T10:01:00Z',
    due_at: '2026-11-21T10:01:00Z',
    late_by: 0,
    kind: 'scheduled',
  });
});

it('a slot within its grace is eligible, its lateness recorded', async () => {
  const s = await createScenario({
    at: '2026-11-21T09:59:00Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *", misfire_grace_time: 300 }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:59Z');
  await s.start();
  expect(await s.rows('hourly')).toMatchObject([
    { slot: '2026-11-21T10:00:00Z', state: 'succeeded', late_by: 299, kind: 'scheduled' },
  ]);
});

it('a grace of null is unlimited', async () => {
  const s = await createScenario({
    at: '2026-11-21T09:59:00Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *", misfire_grace_time: null }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T12:30:00Z');
  await s.start();
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T12:00:00Z succeeded x3']);
});

it('waiting for a place afterwards is not bounded by the grace', async () => {
  const first = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1, misfire_grace_time: 10 }\n  b: { enabled: true, cron: "1 10 * * *", misfire_grace_time: 10 }',
    handlers: { a: () => first.promise, b: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z running', '2026-11-21T10:01:00Z queued']);
  first.open({});
  await s.quiet();
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('an unknown handler is named, its slots skipped, the others run', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  ghost: { enabled: true, cron: "* * * * *" }\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('ghost')).toEqual(['2026-11-21T10:03:00Z skipped: handler_missing x3']);
  expect(await s.ledger('tick')).toHaveLength(3);
  expect((await s.service.find('ghost')).warnings.join()).toContain('ghost');
  await expect(s.service.runNow('ghost', { by: 'ann' })).rejects.toMatchObject({ code: 'HANDLER_NOT_FOUND' });
});
