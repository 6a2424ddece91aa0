// Rule 9: cancelling a run is the same stop sequence, outcome `cancelled`, no retry, schedule untouched.
import { expect, it } from 'vitest';
import { jobFile } from '../support/job-thread.ts';
import { createScenario, gate } from '../support/scenario.ts';
import { FOR_EVER, UNTIL_ABORTED } from '../support/thread-watch.ts';

/** A run that began at 10:01:00 and was cancelled at 10:01:10. */
async function cancelled(body: string) {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  slow: { enabled: true, cron: "* * * * *" }',
    files: { 'slow.ts': jobFile(body) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [run] = await s.rows('slow');
  await s.service.cancelRun(run!.run_id, 'ann');
  await s.quiet();
  return s;
}

it('a handler that hears the abort signal ends by itself, at once', async () => {
  const s = await cancelled(UNTIL_ABORTED);
  expect(await s.rows('slow')).toMatchObject([{ state: 'cancelled', ended_at: '2026-11-21T10:01:10Z' }]);
});

it('one that does not is stopping, and ended with its thread 10 s later', async () => {
  const s = await cancelled(FOR_EVER);
  await s.advanceTo('2026-11-21T10:01:19Z');
  expect(await s.rows('slow')).toMatchObject([{ state: 'stopping' }]);
  await s.advanceTo('2026-11-21T10:01:20Z');
  expect(await s.rows('slow')).toMatchObject([{ state: 'cancelled', ended_at: '2026-11-21T10:01:20Z' }]);
});

it('the outcome is cancelled, and there is no retry', async () => {
  const s = await cancelled(UNTIL_ABORTED);
  await s.advanceTo('2026-11-21T10:01:59Z');
  expect(await s.rows('slow')).toMatchObject([
    { state: 'cancelled', attempt: 1, success: false, error: null },
  ]);
});

it('the schedule is untouched', async () => {
  const s = await cancelled(UNTIL_ABORTED);
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
