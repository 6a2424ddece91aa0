// Rule 1, second half: how long a run may wait for a place after its slot was decided.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

/** `long` holds the only place of all from 10:01 until `free`; `job` is due at 10:01 too. */
async function behindLong(
  job: string,
  handler: HandlerFunction = () => ({}),
): Promise<{ s: Scenario; free: () => Promise<void> }> {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `max_concurrent_executions: 1\njobs:\n  long: { enabled: true, cron: "1 10 * * *", priority: 1, timeout: 1d }\n  job: { enabled: true, ${job} }`,
    handlers: { long: () => work.promise, job: handler },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const free = async () => {
    work.open({});
    await s.quiet();
  };
  return { s, free };
}

it('waiting is bounded by queue_timeout, not by the grace: then it is missed', async () => {
  const { s } = await behindLong('cron: "1 10 * * *", queue_timeout: 5m, misfire_grace_time: 10');
  await s.advanceTo('2026-11-21T10:05:59Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued']);
  await s.advanceTo('2026-11-21T10:06:00Z');
  expect(await s.rows('job')).toMatchObject([
    {
      slot: '2026-11-21T10:01:00Z',
      state: 'missed',
      reason: 'queue_timeout',
      ended_at: '2026-11-21T10:06:00Z',
      attempts: [],
    },
  ]);
});

it('one that gets its place in time runs', async () => {
  const { s, free } = await behindLong('cron: "1 10 * * *", queue_timeout: 5m');
  await s.advanceTo('2026-11-21T10:05:59Z');
  await free();
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('by default until the next slot', async () => {
  const { s } = await behindLong('cron: "1 10,12 * * *", overlap: queue_one');
  await s.advanceTo('2026-11-21T12:00:59Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued']);
  await s.advanceTo('2026-11-21T12:01:10Z');
  // It leaves before the new slot is decided, so that this one finds the place free.
  expect(await s.ledger('job')).toEqual([
    '2026-11-21T10:01:00Z missed: queue_timeout',
    '2026-11-21T12:01:00Z queued',
  ]);
});

it('by default at least an hour', async () => {
  const { s } = await behindLong('cron: "*/10 * * * *", run_on_start: false');
  await s.advanceTo('2026-11-21T11:09:59Z');
  const first = (await s.ledger('job'))[0];
  expect(first).toBe('2026-11-21T10:10:00Z queued');
  await s.advanceTo('2026-11-21T11:10:10Z');
  expect((await s.ledger('job'))[0]).toBe('2026-11-21T10:10:00Z missed: queue_timeout');
  expect((await s.ledger('job')).at(-1)).toBe('2026-11-21T11:10:00Z queued');
});

it('a one-time job has no next slot: an hour', async () => {
  const { s } = await behindLong('at: "2026-11-21T10:01:00Z"');
  await s.advanceTo('2026-11-21T11:00:59Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued']);
  await s.advanceTo('2026-11-21T11:01:00Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z missed: queue_timeout']);
  expect(await s.service.find('job')).toMatchObject({ state: 'completed' });
});

it('none for queue_all', async () => {
  const { s, free } = await behindLong('cron: "1 10,11 * * *", overlap: queue_all');
  await s.advanceTo('2026-11-21T11:30:00Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued', '2026-11-21T11:01:00Z queued']);
  await free();
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z succeeded', '2026-11-21T11:01:00Z succeeded']);
});

it.each([
  ['all jobs', undefined],
  ['this job', 'job'],
])('time in a pause of %s does not count', async (_who, job) => {
  const { s } = await behindLong('cron: "1 10 * * *", queue_timeout: 5m');
  await s.advanceTo('2026-11-21T10:02:00Z');
  const target = job === undefined ? {} : { job };
  await s.service.pause({ ...target, reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:12:00Z');
  await s.service.resume({ ...target, by: 'ann' });
  await s.advanceTo('2026-11-21T10:15:59Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued']);
  await s.advanceTo('2026-11-21T10:16:00Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z missed: queue_timeout']);
});

it('time in two pauses at once counts once', async () => {
  const { s } = await behindLong('cron: "1 10 * * *", queue_timeout: 5m');
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:00Z');
  await s.service.pause({ job: 'job', reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:06:00Z');
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:08:00Z');
  await s.service.resume({ job: 'job', by: 'ann' });
  await s.advanceTo('2026-11-21T10:11:59Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued']);
  await s.advanceTo('2026-11-21T10:12:00Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z missed: queue_timeout']);
});

it('time before not_before does not count; a retry that waits too long has failed', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  job: { enabled: true, cron: "1 10 * * *", retry_delay: 4m, queue_timeout: 2m }\n  long: { enabled: true, cron: "2 10 * * *" }',
    handlers: {
      long: () => work.promise,
      job: () => {
        throw new Error('no luck');
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:06:59Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z queued']);
  await s.advanceTo('2026-11-21T10:07:00Z');
  expect(await s.rows('job')).toMatchObject([
    { state: 'failed', reason: 'queue_timeout', attempt: 1, error: { message: 'no luck' } },
  ]);
});

it('time in a line of slots does not count', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  job: { enabled: true, cron: "*/10 * * * *", coalesce: false, queue_timeout: 1m, misfire_policy: all }',
    handlers: { job: (ctx) => ctx.sleep('3m').then(() => ({})) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T10:35:00Z');
  await s.start();
  await s.advanceTo('2026-11-21T10:44:30Z');
  expect((await s.ledger('job')).slice(0, 3)).toEqual([
    '2026-11-21T10:10:00Z succeeded',
    '2026-11-21T10:20:00Z succeeded',
    '2026-11-21T10:30:00Z succeeded',
  ]);
});

it('a run by hand waits for ever', async () => {
  const { s, free } = await behindLong('cron: "0 9 * * *", queue_timeout: 1m');
  await s.service.runNow('job', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:30:00Z');
  expect(await s.ledger('job')).toEqual(['manual queued']);
  await free();
  expect(await s.ledger('job')).toEqual(['manual succeeded']);
});

it('time without a service counts', async () => {
  const { s } = await behindLong('cron: "1 10 * * *", queue_timeout: 5m');
  await s.crash();
  await s.advanceTo('2026-11-21T10:20:00Z');
  await s.start();
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z missed: queue_timeout']);
});

it('queue_timeout: 0 runs at once or not at all', async () => {
  const { s } = await behindLong('cron: "1,3 10 * * *", queue_timeout: 0, max_instances: 2');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z missed: queue_timeout']);
  const idle = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  job: { enabled: true, cron: "1 10 * * *", queue_timeout: 0 }',
    handlers: { job: () => ({}) },
  });
  await idle.start();
  await idle.advanceTo('2026-11-21T10:01:10Z');
  expect(await idle.ledger('job')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});
