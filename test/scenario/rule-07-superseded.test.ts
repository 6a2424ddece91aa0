// Rule 7: a waiting retry is given up when a newer slot of the job is admitted.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

/** Up at 10:00:30; `flaky` has a slot each minute. The first attempt of the slot 10:01 fails; its next one waits 10 min. */
async function waitingRetry(keys: string, more: HandlerFunction = () => ({})): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  flaky: { enabled: true, cron: "* * * * *", retry_delay: 10m, ${keys} }`,
    handlers: {
      flaky: (ctx) => {
        if (ctx.slot === Date.parse('2026-11-21T10:01:00Z') && ctx.attempt === 1) throw new Error('no luck');
        return more(ctx);
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  return s;
}

it.each(['skip', 'queue_one', 'cancel_previous'])(
  'with overlap %s it ends failed: superseded, with the last error',
  async (overlap) => {
    const s = await waitingRetry(`overlap: ${overlap}`);
    await s.advanceTo('2026-11-21T10:02:30Z');
    expect(await s.rows('flaky')).toMatchObject([
      {
        state: 'failed',
        reason: 'superseded',
        attempt: 1,
        success: false,
        ended_at: '2026-11-21T10:02:00Z',
        error: { message: 'no luck' },
      },
      { slot: '2026-11-21T10:02:00Z', state: 'succeeded' },
    ]);
    expect(s.calls.map((call) => call.attempt)).toEqual([1, 1]);
  },
);

it.each(['queue_all', 'allow'])('with overlap %s it is kept, and tried again', async (overlap) => {
  const s = await waitingRetry(`overlap: ${overlap}`);
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('flaky')).toEqual(['2026-11-21T10:01:00Z queued', '2026-11-21T10:02:00Z succeeded']);
  await s.advanceTo('2026-11-21T10:11:30Z');
  expect((await s.ledger('flaky'))[0]).toBe('2026-11-21T10:01:00Z succeeded');
});

it('it is a final failure: counted, and the last error of the job', async () => {
  const s = await waitingRetry('description: x');
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.service.find('flaky')).toMatchObject({
    failure_count: 1,
    success_count: 1,
    last_error: { message: 'no luck' },
  });
});

it('a newer slot that waits for its place is admitted too', async () => {
  const work = gate();
  const s = await waitingRetry('overlap: queue_one', () => work.promise);
  await s.service.runNow('flaky', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z failed: superseded',
    'manual running',
    '2026-11-21T10:02:00Z queued',
  ]);
  work.open({});
});

it('a newer slot that is refused gives nothing up', async () => {
  const work = gate();
  const s = await waitingRetry('description: x', () => work.promise);
  await s.service.runNow('flaky', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z queued',
    'manual running',
    '2026-11-21T10:02:00Z skipped: overlap',
  ]);
  work.open({});
});

it('a newer slot that a pause skips gives nothing up', async () => {
  const s = await waitingRetry('description: x');
  await s.service.pause({ job: 'flaky', reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z queued',
    '2026-11-21T10:02:00Z skipped: paused',
  ]);
});

it('a run by hand gives nothing up, and a retry of one is not given up', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  flaky: { enabled: true, cron: "1 10 * * *", retry_delay: 10m, retries: 1 }',
    handlers: {
      flaky: (ctx) => {
        if (ctx.slot === null && ctx.attempt === 1) throw new Error('no luck');
        return {};
      },
    },
  });
  await s.start();
  await s.service.runNow('flaky', { by: 'ann', retry: true });
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('flaky')).toEqual(['manual queued', '2026-11-21T10:01:00Z succeeded']);
  await s.advanceTo('2026-11-21T10:11:00Z');
  expect((await s.ledger('flaky'))[0]).toBe('manual succeeded');
});

it('a retry whose time and whose newer slot are the same instant is given up', async () => {
  const s = await waitingRetry('retries: 5');
  await s.stop();
  await s.advanceTo('2026-11-21T10:11:00Z');
  await s.start();
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z failed: superseded',
    '2026-11-21T10:05:00Z missed: downtime x4',
    '2026-11-21T10:11:00Z succeeded x6',
  ]);
});

it('a retry that runs again has its place: the newer slot meets it', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  flaky: { enabled: true, cron: "* * * * *", retry_delay: 30s }',
    handlers: {
      flaky: (ctx) => {
        if (ctx.attempt === 1) throw new Error('no luck');
        return work.promise;
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:02:00Z skipped: overlap',
  ]);
  work.open({});
});

it('a run that a crash cut is given up like any other', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  flaky: { enabled: true, cron: "* * * * *", retry_delay: 10m }',
    handlers: { flaky: (ctx) => (ctx.slot === Date.parse('2026-11-21T10:01:00Z') ? gate().promise : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z failed: superseded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
  expect((await s.rows('flaky'))[0]?.attempts).toMatchObject([{ n: 1, outcome: 'interrupted' }]);
});
