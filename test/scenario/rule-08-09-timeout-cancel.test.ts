// Rules 8 and 9 as far as code in this process can be ended: time limits and cancels by signal.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

const untilAborted = (ctx: { signal: AbortSignal }) =>
  new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));

it('the signal aborts at the time limit; the attempt is timed_out and counts as failed', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  slow: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 1 }',
    handlers: { slow: untilAborted },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:05:00Z');
  const [row] = await s.rows('slow');
  expect(row).toMatchObject({ state: 'timed_out', attempt: 2 });
  expect(row?.attempts.map((attempt) => attempt.outcome)).toEqual(['timed_out', 'timed_out']);
  expect(await s.service.find('slow')).toMatchObject({ failure_count: 1 });
});

it('until the end is confirmed it is stopping, its place taken', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "* * * * *", timeout: 20s, retries: 0 }',
    handlers: { deaf: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('deaf')).toEqual([
    '2026-11-21T10:01:00Z stopping',
    '2026-11-21T10:02:00Z skipped: overlap',
  ]);
  expect(s.lines.some((line) => String(line.msg).includes('does not end'))).toBe(true);
  work.open({ success: true });
  await s.quiet();
  expect((await s.ledger('deaf'))[0]).toBe('2026-11-21T10:01:00Z timed_out');
});

it('cancelling a run: the same stop sequence, cancelled, no retry, schedule untouched', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  slow: { enabled: true, cron: "* * * * *" }',
    handlers: { slow: untilAborted },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [run] = await s.rows('slow');
  await s.service.cancelRun(run!.run_id, 'ann');
  await s.quiet();
  expect(await s.rows('slow')).toMatchObject([{ state: 'cancelled', attempt: 1, success: false }]);
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect((await s.ledger('slow'))[1]).toBe('2026-11-21T10:02:00Z running');
});

it('a queued run that is cancelled never starts; an ended one is refused', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 * * * *", priority: 1 }\n  b: { enabled: true, cron: "1 * * * *" }',
    handlers: { a: () => work.promise, b: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [queued] = await s.rows('b');
  await s.service.cancelRun(queued!.run_id, 'ann');
  work.open({});
  await s.quiet();
  expect(await s.rows('b')).toMatchObject([{ state: 'cancelled', attempt: 0 }]);
  await expect(s.service.cancelRun(queued!.run_id, 'ann')).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
  });
  await expect(s.service.cancelRun('nope', 'ann')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
});
