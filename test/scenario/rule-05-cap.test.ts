// Rule 5: the global cap and the order of those who wait for it.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

it('at most max_concurrent_executions run; the others wait by priority, then slot', async () => {
  const [one, two] = [gate(), gate()];
  const jobs = [
    ['late', 'priority: 200'],
    ['plain', 'description: x'],
    ['first', 'priority: 1'],
    ['second', 'priority: 2'],
  ].map(([id, keys]) => `  ${id}: { enabled: true, cron: "1 10 * * *", ${keys} }`);
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `max_concurrent_executions: 2\njobs:\n${jobs.join('\n')}`,
    handlers: { late: () => ({}), plain: () => ({}), first: () => one.promise, second: () => two.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  expect(s.calls.map((call) => call.job).toSorted()).toEqual(['first', 'second']);
  // One place comes free; what follows takes it in turn.
  one.open({});
  await s.quiet();
  expect(s.calls.slice(2).map((call) => call.job)).toEqual(['plain', 'late']);
  two.open({});
});

it('a raised cap holds after a reload', async () => {
  const work = gate();
  const jobs =
    'jobs:\n  a: { enabled: true, cron: "1 10 * * *" }\n  b: { enabled: true, cron: "1 10 * * *" }';
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `max_concurrent_executions: 1\n${jobs}`,
    handlers: { a: () => work.promise, b: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:00Z');
  expect(s.calls).toHaveLength(1);
  await s.writeSettings(`max_concurrent_executions: 2\n${jobs}`);
  await s.installed.reload();
  await s.quiet();
  expect(s.calls).toHaveLength(2);
  work.open({});
});
