// Rules 10 and 11: what a crash leaves, and that no slot is admitted twice.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

it('a run cut by a crash is one failed attempt and goes on by rule 7, with the same key', async () => {
  const work = gate();
  let calls = 0;
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "1 * * * *" }',
    handlers: { hourly: () => (++calls === 1 ? work.promise : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  expect(await s.rows('hourly')).toMatchObject([
    { state: 'queued', attempt: 1, attempts: [{ outcome: 'interrupted' }] },
  ]);
  await s.clock.advance(6_000);
  expect(await s.rows('hourly')).toMatchObject([
    { state: 'succeeded', attempt: 2, slot: '2026-11-21T10:01:00Z' },
  ]);
  const keys = s.calls.map((call) => call.ctx.idempotencyKey);
  expect(keys).toEqual(['hourly@2026-11-21T10:01:00Z', 'hourly@2026-11-21T10:01:00Z']);
});

it('rerun_on_interrupt: false ends it as interrupted', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "1 * * * *", rerun_on_interrupt: false }',
    handlers: { hourly: () => gate().promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T10:01:00Z interrupted']);
});

it('interrupted is also the end when no attempt is left', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "1 * * * *", retries: 0 }',
    handlers: { hourly: () => gate().promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T10:01:00Z interrupted']);
});

it('queued rows stay queued and run after the restart', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1, retries: 0 }\n  b: { enabled: true, cron: "1 10 * * *" }',
    handlers: { a: () => gate().promise, b: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  await s.quiet();
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

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

it('start --paused admits nothing until resume', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start({ paused: true });
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect((await s.ledger('tick'))[1]).toBe('2026-11-21T10:02:00Z succeeded');
});

it('why says that no service was up, from when to when', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *" }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.clock.advance(20_000);
  await s.crash();
  await s.advanceTo('2026-11-21T13:30:00Z');
  await s.start();
  expect(await s.service.why('hourly', Date.parse('2026-11-21T12:00:00Z'))).toMatchObject({
    answer: 'missed',
    reason: 'downtime',
    because: { down: { from: '2026-11-21T10:00:50Z', to: '2026-11-21T13:30:00Z' } },
  });
});
