// Rule 7: extra attempts of a failed run, and when there are none.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScenario, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const failing = () => {
  throw new Error('no luck');
};

/** Up at 10:00:30; `flaky` has a slot at one minute past each hour. */
async function failingJob(keys: string, flaky: HandlerFunction = failing): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  flaky: { enabled: true, cron: "1 * * * *", ${keys} }`,
    handlers: { flaky },
  });
  await s.start();
  return s;
}

const waits = (s: Scenario) => {
  const at = s.calls.map((call) => Date.parse(call.at) / 1000);
  return at.slice(1).map((each, i) => each - at[i]!);
};

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
  expect(rows[0]?.attempts.map((attempt) => [attempt.n, attempt.outcome])).toEqual([
    [1, 'failed'],
    [2, 'failed'],
    [3, 'failed'],
    [4, 'failed'],
  ]);
});

it('every attempt is of the same slot and has the same key', async () => {
  const s = await failingJob('retries: 1');
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(s.calls.map(({ slot, attempt, ctx }) => [slot, attempt, ctx.idempotencyKey])).toEqual([
    ['2026-11-21T10:01:00Z', 1, 'flaky@2026-11-21T10:01:00Z'],
    ['2026-11-21T10:01:00Z', 2, 'flaky@2026-11-21T10:01:00Z'],
  ]);
});

it('retries: 0 is one attempt', async () => {
  const s = await failingJob('retries: 0');
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.rows('flaky')).toMatchObject([{ state: 'failed', attempt: 1 }]);
});

it('the delay doubles, and never grows beyond 300 s', async () => {
  const s = await failingJob('retries: 8, retry_delay: 100s');
  await s.advanceTo('2026-11-21T10:30:00Z');
  expect(waits(s)).toEqual([100, 200, 300, 300, 300, 300]);
});

it('a longer retry_delay stays as it is', async () => {
  const s = await failingJob('retries: 3, retry_delay: 10m');
  await s.advanceTo('2026-11-21T10:40:00Z');
  expect(waits(s)).toEqual([600, 600, 600]);
});

it('attempts are counted per run, never per lifetime: the next slot starts anew', async () => {
  const s = await failingJob('retries: 1');
  await s.advanceTo('2026-11-21T11:05:00Z');
  expect(s.calls.map((call) => call.attempt)).toEqual([1, 2, 1, 2]);
});

it('waiting is queued with not_before, and holds no place', async () => {
  const s = await failingJob('retry_delay: 30m');
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.rows('flaky')).toMatchObject([
    { state: 'queued', not_before: '2026-11-21T10:31:00Z', attempt: 1, error: { message: 'no luck' } },
  ]);
  await s.service.runNow('flaky', { by: 'test' });
  await s.quiet();
  expect((await s.rows('flaky'))[1]).toMatchObject({ kind: 'manual', state: 'failed' });
});

it('a later success of the same run is a success', async () => {
  const s = await failingJob('retries: 3', (ctx) => (ctx.attempt < 3 ? failing() : { items_processed: 7 }));
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.rows('flaky')).toMatchObject([
    { state: 'succeeded', attempt: 3, statistics: { items_processed: 7 }, error: null },
  ]);
  expect(await s.service.find('flaky')).toMatchObject({ run_count: 1, success_count: 1, failure_count: 0 });
});

it('not for a cancel, neither of the attempt nor of the wait', async () => {
  const s = await failingJob('retry_delay: 1m', (ctx) => {
    if (ctx.attempt === 1) failing();
    return new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('cut'))));
  });
  await s.advanceTo('2026-11-21T10:02:10Z');
  const [first] = await s.rows('flaky');
  await s.service.cancelRun(first!.run_id, 'ann');
  await s.advanceTo('2026-11-21T11:01:10Z');
  const [, second] = await s.rows('flaky');
  await s.service.cancelRun(second!.run_id, 'ann');
  await s.advanceTo('2026-11-21T11:30:00Z');
  expect(await s.rows('flaky')).toMatchObject([
    { state: 'cancelled', attempt: 2 },
    { state: 'cancelled', attempt: 1, error: { message: 'no luck' } },
  ]);
  expect(s.calls).toHaveLength(3);
});

it('not for input that is invalid when the run starts', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  picky: { enabled: true, cron: "1 * * * *", input: { absent: taken } }',
  });
  const taken = JSON.stringify(path.join(s.dir, 'taken'));
  await mkdir(path.join(s.dir, 'jobs'), { recursive: true });
  await writeFile(
    path.join(s.dir, 'jobs/picky.ts'),
    `import { existsSync } from 'node:fs';
import { defineJob, z } from 'aclarai-scheduler';
export default defineJob({
  input: z.object({ absent: z.string().refine(() => !existsSync(${taken}), 'it is taken') }),
  run: () => ({}),
});`,
  );
  await s.start();
  await writeFile(path.join(s.dir, 'taken'), '');
  await s.advanceTo('2026-11-21T10:30:00Z');
  expect(await s.rows('picky')).toMatchObject([
    { state: 'failed', attempt: 1, error: { code: 'INVALID_PARAMETERS' } },
  ]);
});

it('not with retryable: false of the job, of the error, or of the answer', async () => {
  const error = Object.assign(new Error('hopeless'), { retryable: false });
  const cases: [string, HandlerFunction][] = [
    ['retryable: false', failing],
    ['description: x', () => Promise.reject(error)],
    ['description: x', () => ({ success: false, error: 'hopeless', retryable: false })],
  ];
  for (const [keys, handler] of cases) {
    const s = await failingJob(keys, handler);
    await s.advanceTo('2026-11-21T10:05:00Z');
    expect(await s.rows('flaky')).toMatchObject([{ state: 'failed', attempt: 1 }]);
    await s.stop();
  }
});

it('not for a manual run unless asked', async () => {
  const s = await failingJob('description: x');
  await s.service.runNow('flaky', { by: 'test' });
  await s.quiet();
  expect(await s.rows('flaky')).toMatchObject([{ state: 'failed', attempt: 1 }]);
  await s.service.runNow('flaky', { by: 'test', retry: true });
  await s.quiet();
  expect((await s.rows('flaky'))[1]).toMatchObject({ state: 'queued', attempt: 1 });
});

it('ctx.retryAfter chooses the wait, of the attempts that there are', async () => {
  const s = await failingJob('retries: 1', (ctx) => ctx.retryAfter('2m'));
  await s.advanceTo('2026-11-21T10:30:00Z');
  expect(s.calls.map((call) => call.at)).toEqual(['2026-11-21T10:01:00Z', '2026-11-21T10:03:00Z']);
  expect(await s.rows('flaky')).toMatchObject([{ state: 'failed', attempt: 2 }]);
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

it('each start of an attempt asks the pause again', async () => {
  const s = await failingJob('retry_delay: 10s');
  await s.advanceTo('2026-11-21T10:01:05Z');
  await s.service.pause({ reason: null, until: Date.parse('2026-11-21T10:20:00Z'), by: 'ann' });
  await s.advanceTo('2026-11-21T10:21:00Z');
  expect(s.calls.map((call) => call.at).slice(0, 3)).toEqual([
    '2026-11-21T10:01:00Z',
    '2026-11-21T10:20:00Z',
    '2026-11-21T10:20:20Z',
  ]);
});

it('a waiting retry outlives a stop and a crash, with the attempts it has had', async () => {
  const s = await failingJob('retry_delay: 10m, retries: 1');
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.stop();
  await s.start();
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:30:00Z');
  expect(s.calls.map((call) => [call.attempt, call.at])).toEqual([
    [1, '2026-11-21T10:01:00Z'],
    [2, '2026-11-21T10:11:00Z'],
  ]);
  expect(await s.ledger('flaky')).toEqual(['2026-11-21T10:01:00Z failed']);
});

it('failing is the outcome of the run, never the end of the job: the schedule goes on', async () => {
  const s = await failingJob('retries: 0');
  await s.advanceTo('2026-11-21T12:30:00Z');
  expect(await s.ledger('flaky')).toEqual([
    '2026-11-21T10:01:00Z failed',
    '2026-11-21T11:01:00Z failed',
    '2026-11-21T12:01:00Z failed',
  ]);
  expect(await s.service.find('flaky')).toMatchObject({
    state: 'active',
    failure_count: 3,
    next_run: '2026-11-21T13:01:00Z',
    last_error: { message: 'no luck' },
  });
});

it('only the final failure is told as an error, and counted', async () => {
  const s = await failingJob('retries: 2');
  await s.advanceTo('2026-11-21T10:05:00Z');
  const errors = s.lines.filter((line) => line.level === 'ERROR');
  expect(errors).toMatchObject([{ job_name: 'flaky', details: { attempts: 3, outcome: 'failed' } }]);
  expect(await s.service.find('flaky')).toMatchObject({ run_count: 1, failure_count: 1 });
});
