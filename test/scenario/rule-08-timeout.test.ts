// Rule 8: a time limit per attempt, abort, 10 s, the end of the thread; `timed_out` only once that is confirmed.
import { expect, it } from 'vitest';
import { jobFile } from '../support/job-thread.ts';
import { createScenario, gate } from '../support/scenario.ts';
import { FOR_EVER, UNTIL_ABORTED } from '../support/thread-watch.ts';

const at = '2026-11-21T10:00:30Z';
const first = '2026-11-21T10:01:00Z';

it('the limit counts for each attempt', async () => {
  const s = await createScenario({
    at,
    scheduler:
      'jobs:\n  slow: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 1, retry_delay: 5s }',
    files: { 'slow.ts': jobFile(UNTIL_ABORTED) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:05:00Z');
  const [row] = await s.rows('slow');
  expect(row).toMatchObject({ state: 'timed_out', error: { message: expect.stringContaining('20s') } });
  expect(row?.attempts).toMatchObject([
    { n: 1, outcome: 'timed_out', started_at: first, ended_at: '2026-11-21T10:01:20Z' },
    { n: 2, outcome: 'timed_out', started_at: '2026-11-21T10:01:25Z', ended_at: '2026-11-21T10:01:45Z' },
  ]);
});

it('a handler that hears the abort signal ends by itself, at once', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  slow: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 0 }',
    files: { 'slow.ts': jobFile(UNTIL_ABORTED) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:19Z');
  expect(await s.ledger('slow')).toEqual([`${first} running`]);
  await s.advanceTo('2026-11-21T10:01:20Z');
  expect(await s.ledger('slow')).toEqual([`${first} timed_out`]);
});

it('what it answers after the limit does not make it a success', async () => {
  const answering = `ctx.log.info('until aborted');
    await new Promise((done) => ctx.signal.addEventListener('abort', done)); return { n: 1 };`;
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  slow: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 0 }',
    files: { 'slow.ts': jobFile(answering) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.rows('slow')).toMatchObject([{ state: 'timed_out', statistics: { n: 1 } }]);
});

it('one that does not is ended with its thread, 10 s after the abort', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 0 }',
    files: { 'deaf.ts': jobFile(FOR_EVER) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:29Z');
  expect(await s.ledger('deaf')).toEqual([`${first} stopping`]);
  await s.advanceTo('2026-11-21T10:01:30Z');
  const [row] = await s.rows('deaf');
  expect(row).toMatchObject({ state: 'timed_out', ended_at: '2026-11-21T10:01:30Z' });
  expect(s.installed.running).toEqual([]);
});

it('until the end is confirmed it is stopping, its place taken', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "* * * * *", timeout: 55s, retries: 0 }',
    files: { 'deaf.ts': jobFile(FOR_EVER) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.ledger('deaf')).toEqual([`${first} stopping`, '2026-11-21T10:02:00Z skipped: overlap']);
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect((await s.ledger('deaf'))[0]).toBe(`${first} timed_out`);
});

it('the others are on time meanwhile', async () => {
  const s = await createScenario({
    at,
    scheduler:
      'jobs:\n  deaf: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 0 }\n  good: { enabled: true, every: 10s, anchor: "2026-11-21T10:00:00Z" }',
    files: { 'deaf.ts': jobFile(FOR_EVER) },
    handlers: { good: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:35Z');
  const good = await s.rows('good');
  expect(good).toHaveLength(6);
  for (const row of good) expect(row).toMatchObject({ state: 'succeeded', late_by: 0, started_at: row.slot });
});

it('it counts as a failed attempt: tried again, and in the end a failure of the job', async () => {
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "1 * * * *", timeout: 20s, retries: 1 }',
    files: { 'deaf.ts': jobFile(`if (ctx.attempt === 2) throw new Error('boo'); ${FOR_EVER}`) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:00Z');
  const [row] = await s.rows('deaf');
  expect(row).toMatchObject({ state: 'failed', attempt: 2 });
  expect(row?.attempts.map(({ outcome }) => outcome)).toEqual(['timed_out', 'failed']);
  expect(await s.service.find('deaf')).toMatchObject({ failure_count: 1 });
});

it('inline code cannot be ended: it keeps its place until it ends, and that is told', async () => {
  const work = gate();
  const s = await createScenario({
    at,
    scheduler: 'jobs:\n  deaf: { enabled: true, cron: "* * * * *", timeout: 20s, retries: 0 }',
    handlers: { deaf: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('deaf')).toEqual([`${first} stopping`, '2026-11-21T10:02:00Z skipped: overlap']);
  expect(s.lines.some((line) => String(line.msg).includes('does not end'))).toBe(true);
  work.open({ success: true });
  await s.quiet();
  expect((await s.ledger('deaf'))[0]).toBe(`${first} timed_out`);
});
