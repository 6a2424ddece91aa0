// Rule 7: retries.
import { expect, it } from 'vitest';
import { createScenario } from '../support/scenario.ts';

const failing = () => {
  throw new Error('no luck');
};

async function failingJob(keys: string, handler: () => unknown = failing) {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  flaky: { enabled: true, cron: "1 * * * *", ${keys} }`,
    handlers: { flaky: handler },
  });
  await s.start();
  return s;
}

it('three extra attempts of the same run after 5 s, 10 s and 20 s, then failed with the last error', async () => {
  const s = await failingJob('description: x');
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(s.calls.map((call) => [call.attempt, call.at])).toEqual([
    [1, '2026-11-21T10:01:00Z'],
    [2, '2026-11-21T10:01:05Z'],
    [3, '2026-11-21T10:01:15Z'],
    [4, '2026-11-21T10:01:35Z'],
  ]);
  const rows = await s.rows('flaky');
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ state: 'failed', reason: null, attempt: 4, error: { message: 'no luck' } });
  expect(rows[0]?.attempts.map((attempt) => attempt.outcome)).toEqual([
    'failed',
    'failed',
    'failed',
    'failed',
  ]);
});

it('waiting is queued with not_before, and holds no place', async () => {
  const s = await failingJob(
    'retry_delay: 30m, cron: "* * * * *"'.replace('cron: "* * * * *"', 'description: y'),
  );
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.rows('flaky')).toMatchObject([
    { state: 'queued', not_before: '2026-11-21T10:31:00Z', attempt: 1 },
  ]);
  await s.service.runNow('flaky', { by: 'test' });
  await s.quiet();
  expect((await s.rows('flaky'))[1]).toMatchObject({ kind: 'manual', state: 'failed' });
});

it('the delay never grows beyond 300 s', async () => {
  const s = await failingJob('retries: 8, retry_delay: 100s');
  await s.advanceTo('2026-11-21T10:30:00Z');
  const at = s.calls.map((call) => Date.parse(call.at) / 1000);
  expect(at.slice(1).map((each, i) => each - at[i]!)).toEqual([100, 200, 300, 300, 300, 300]);
});

it('attempts are counted per run: the next slot starts anew, and the job goes on', async () => {
  const s = await failingJob('retries: 1');
  await s.advanceTo('2026-11-21T11:05:00Z');
  expect(s.calls.map((call) => call.attempt)).toEqual([1, 2, 1, 2]);
  expect(await s.service.find('flaky')).toMatchObject({
    state: 'active',
    failure_count: 2,
    last_error: { message: 'no luck' },
  });
});

it('a later success of the same run is a success', async () => {
  let calls = 0;
  const s = await failingJob('retries: 3', () => {
    calls++;
    return calls < 3 ? failing() : { items_processed: 7 };
  });
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.rows('flaky')).toMatchObject([
    { state: 'succeeded', attempt: 3, statistics: { items_processed: 7 }, error: null },
  ]);
});

it('retryable: false, and an error that says so, are final', async () => {
  const s = await failingJob('retryable: false');
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(s.calls).toHaveLength(1);
  const marked = await failingJob('description: x', () => {
    throw Object.assign(new Error('hopeless'), { retryable: false });
  });
  await marked.advanceTo('2026-11-21T10:05:00Z');
  expect(marked.calls).toHaveLength(1);
});

it('a manual run is tried once unless asked', async () => {
  const s = await failingJob('description: x');
  await s.service.runNow('flaky', { by: 'test' });
  await s.quiet();
  expect(await s.rows('flaky')).toMatchObject([{ state: 'failed', attempt: 1 }]);
  await s.service.runNow('flaky', { by: 'test', retry: true });
  await s.quiet();
  expect((await s.rows('flaky'))[1]).toMatchObject({ state: 'queued', attempt: 1 });
});

it('ctx.retryAfter chooses the wait', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  busy: { enabled: true, cron: "1 * * * *" }',
    handlers: { busy: (ctx) => ctx.retryAfter('2m') },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(s.calls.map((call) => call.at)).toEqual(['2026-11-21T10:01:00Z', '2026-11-21T10:03:00Z']);
});

it('success: false with an error fails the run; a skip is none', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  no: { enabled: true, cron: "1 * * * *", retries: 0 }\n  skips: { enabled: true, cron: "1 * * * *" }',
    handlers: { no: () => ({ success: false, error: 'disk full' }), skips: (ctx) => ctx.skip('nothing new') },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.rows('no')).toMatchObject([{ state: 'failed', error: { message: 'disk full' } }]);
  expect(await s.rows('skips')).toMatchObject([
    { state: 'skipped', reason: 'by_handler', attempt: 1, error: { message: 'nothing new' } },
  ]);
});
