// Rule 1: due and late.
import { expect, it } from 'vitest';
import { createScenario } from '../support/scenario.ts';

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

it('due is slot + jitter, and lateness is counted from there', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *", jitter: 5m }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T11:05:00Z');
  await s.start();
  const [row] = await s.rows('hourly');
  const due = Date.parse(row!.due_at);
  expect(due).toBeGreaterThanOrEqual(Date.parse('2026-11-21T11:00:00Z'));
  expect(row).toMatchObject({
    slot: '2026-11-21T11:00:00Z',
    late_by: (Date.parse('2026-11-21T11:05:00Z') - due) / 1000,
    state: 'succeeded',
  });
});

it.each([
  ['within', '', '2026-11-21T10:04:59Z', 'succeeded', 299],
  ['exactly at', '', '2026-11-21T10:05:00Z', 'succeeded', 300],
  ['beyond', '', '2026-11-21T10:05:00.001Z', 'missed', 300.001],
  ['within its own', ', misfire_grace_time: 1h', '2026-11-21T10:59:59Z', 'succeeded', 3599],
  ['beyond its own', ', misfire_grace_time: 10', '2026-11-21T10:00:10.001Z', 'missed', 10.001],
])('%s the grace, 300 s unless it is written', async (_case, keys, back, state, late) => {
  const s = await createScenario({
    at: '2026-11-21T09:59:00Z',
    scheduler: `jobs:\n  hourly: { enabled: true, cron: "0 * * * *"${keys} }`,
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo(back);
  await s.start();
  expect(await s.rows('hourly')).toMatchObject([
    { slot: '2026-11-21T10:00:00Z', state, late_by: late, kind: 'scheduled' },
  ]);
});

it('a grace of zero: what is on time runs, though timers wake a little late', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", misfire_grace_time: 0 }',
    handlers: { tick: () => ({}) },
  });
  const timer = s.clock.timer.bind(s.clock);
  s.clock.timer = (ms, wake) => timer(ms + 4, wake);
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.stop();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z missed: downtime',
  ]);
  expect((await s.rows('tick'))[0]).toMatchObject({ late_by: 0.004, kind: 'scheduled' });
});

it('the service is busy for a while: lateness is recorded, the slot runs', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  s.clock.block(70_000);
  await s.clock.advance(1);
  expect(await s.rows('tick')).toMatchObject([
    { slot: '2026-11-21T10:01:00Z', late_by: 40, state: 'succeeded' },
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
