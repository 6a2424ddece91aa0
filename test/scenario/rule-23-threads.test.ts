// Rule 23 where jobs run in threads: drained, aborted, ended, given back, all of it recorded before the exit.
import { expect, it } from 'vitest';
import { jobFile } from '../support/job-thread.ts';
import { createScenario } from '../support/scenario.ts';
import { FOR_EVER, UNTIL_ABORTED } from '../support/thread-watch.ts';

const scheduler = 'shutdown: { drain: 5s, abort: 3s }\njobs:\n  work: { enabled: true, cron: "1 10 * * *" }';

it.each([
  ['that does not hear the signal', FOR_EVER, 8],
  ['that stops when it is told to', UNTIL_ABORTED, 5],
])('a run %s is given back without using an attempt', async (_what, body, seconds) => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler,
    files: { 'work.ts': jobFile(`if (!ctx.state && ctx.dueAt < 0) return; ${body}`) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:00Z');
  const installed = s.installed;
  await s.stop();
  expect(installed.running).toEqual([]);
  expect(s.clock.now()).toBeLessThanOrEqual(Date.parse('2026-11-21T10:02:00Z') + (seconds + 1) * 1000);
  await s.start({ paused: true });
  const [row] = await s.rows('work');
  expect(row).toMatchObject({ state: 'queued', attempt: 0 });
  expect(row?.attempts).toMatchObject([{ outcome: 'given_back' }]);
});

it('a time limit that came before the shutdown stands', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: scheduler.replace('cron:', 'timeout: 20s, retries: 0, cron:'),
    files: { 'work.ts': jobFile(FOR_EVER) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:21Z');
  await s.stop();
  await s.start({ paused: true });
  expect(await s.rows('work')).toMatchObject([{ state: 'timed_out' }]);
});

it('shutdown.abort is its own to flush in, also where a cancelled run would have been ended before', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: scheduler.replace('abort: 3s', 'abort: 15s'),
    files: { 'work.ts': jobFile(FOR_EVER) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.stop();
  expect(s.clock.now()).toBe(Date.parse('2026-11-21T10:02:20Z'));
  expect(s.lines.filter((line) => /told to/.test(String(line.msg)))).toEqual([]);
});
