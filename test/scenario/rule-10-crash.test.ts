// Rule 10: what a crash leaves, and what a start makes of it.
import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

/** `hourly` at a minute past, whose handler never ends; up at 10:00:30. */
async function hanging(keys = ''): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  hourly: { enabled: true, cron: "1 * * * *"${keys} }`,
    handlers: { hourly: () => gate().promise },
  });
  await s.start();
  return s;
}

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
  const s = await hanging(', rerun_on_interrupt: false');
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T10:01:00Z interrupted']);
});

it('a run that was being cancelled ends as cancelled, whether or not it would have been tried again', async () => {
  const s = await hanging(', rerun_on_interrupt: false');
  await s.advanceTo('2026-11-21T10:01:30Z');
  const [run] = await s.rows('hourly');
  await s.service.cancelRun(run!.run_id, 'ann');
  await s.quiet();
  await s.crash();
  await s.start();
  expect(await s.rows('hourly')).toMatchObject([
    { state: 'cancelled', attempts: [{ outcome: 'interrupted' }] },
  ]);
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

/** Killed in a run of `hung` that began at :01, `times` times, each at the next hour. */
async function crashing(
  times: number,
  between: (s: Scenario) => Promise<void> = async () => {},
): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  hung: { enabled: true, cron: "1 * * * *", retries: 0 }\n  other: { enabled: true, cron: "1 10 * * *" }',
    handlers: { hung: () => gate().promise, other: () => ({}) },
  });
  for (let hour = 10; hour < 10 + times; hour++) {
    await s.start();
    await s.advanceTo(`2026-11-21T${hour}:01:30Z`);
    await s.crash();
    if (hour < 9 + times) await between(s);
  }
  await s.start();
  return s;
}

it('a live run carries boot and lease, and a heartbeat that its handler cannot hold up', async () => {
  const s = await hanging();
  await s.advanceTo('2026-11-21T10:01:25Z');
  const [run] = await s.rows('hourly');
  const status = await s.installed.status();
  expect(run).toMatchObject({ state: 'running', boot: status.boot });
  expect(status.last_tick).toBe('2026-11-21T10:01:20Z');
});

it('a run cut by a crash ends failed: superseded when a newer slot is admitted before it is tried again', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", retry_delay: 60 }',
    handlers: { tick: (ctx) => (ctx.slot === Date.parse('2026-11-21T10:01:00Z') ? gate().promise : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:02:10Z');
  const [first, second] = await s.rows('tick');
  expect(first).toMatchObject({ state: 'failed', reason: 'superseded', attempt: 1 });
  expect(first?.error?.message).toMatch(/ended without recording/);
  expect(second).toMatchObject({ state: 'succeeded' });
  // A final failure has its line, although no attempt of it ended just now.
  expect(s.lines.filter((line) => line.run_id === first?.run_id && line.level === 'ERROR')).toMatchObject([
    { job_id: first?.name, success: false, reason: 'superseded', error: first?.error?.message },
  ]);
});

it('a job whose run was live at two unclean ends in a row is paused: crash_loop', async () => {
  const s = await crashing(2);
  expect(await s.service.find('hung')).toMatchObject({
    state: 'paused',
    paused_by: [{ source: 'crash_loop', why: expect.stringMatching(/two|twice/i) }],
  });
  expect(await s.service.find('other')).toMatchObject({ state: 'active', paused_by: [] });
  await s.advanceTo('2026-11-21T12:01:30Z');
  expect((await s.ledger('hung')).at(-1)).toBe('2026-11-21T12:01:00Z skipped: paused');
});

it('one is not enough', async () => {
  const s = await crashing(1);
  expect(await s.service.find('hung')).toMatchObject({ state: 'active', paused_by: [] });
});

it('a clean end between them counts anew', async () => {
  const s = await crashing(2, async (between) => {
    await between.start();
    await between.stop();
  });
  expect(await s.service.find('hung')).toMatchObject({ state: 'active', paused_by: [] });
});

it('an unclean end without its run counts anew', async () => {
  const s = await crashing(2, async (between) => {
    await between.start();
    await between.clock.advance(60_000);
    await between.crash();
  });
  expect(await s.service.find('hung')).toMatchObject({ state: 'active', paused_by: [] });
});

it('resume lifts it, and the next two crashes are counted anew', async () => {
  const s = await crashing(2);
  await s.service.resume({ job: 'hung', by: 'ann' });
  await s.advanceTo('2026-11-21T12:01:30Z');
  expect(await s.rows('hung')).toContainEqual(expect.objectContaining({ state: 'running' }));
  await s.crash();
  await s.start();
  expect(await s.service.find('hung')).toMatchObject({ state: 'active', paused_by: [] });
});
