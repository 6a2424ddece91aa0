// Rule 5: the global cap and the order of those who wait for it.
import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario, type ScenarioOptions } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

/** Up at 10:01:10; `jobs` as lines of keys, each due at 10:01 unless it says otherwise. */
async function at1001(
  cap: number,
  jobs: Record<string, string>,
  handlers: ScenarioOptions['handlers'],
): Promise<Scenario> {
  const lines = Object.entries(jobs).map(
    ([id, keys]) =>
      `  ${id}: { enabled: true, ${keys.includes('cron') ? '' : 'cron: "1 10 * * *", '}${keys} }`,
  );
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `max_concurrent_executions: ${cap}\njobs:\n${lines.join('\n')}`,
    handlers: handlers ?? {},
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  return s;
}

const started = (s: Scenario) => s.calls.map((call) => call.job);

it('at most max_concurrent_executions run; the others wait by priority', async () => {
  const [one, two] = [gate(), gate()];
  const s = await at1001(
    2,
    { late: 'priority: 200', plain: 'description: x', first: 'priority: 1', second: 'priority: 2' },
    { late: () => ({}), plain: () => ({}), first: () => one.promise, second: () => two.promise },
  );
  expect(started(s).toSorted()).toEqual(['first', 'second']);
  // One place comes free; what follows takes it in turn.
  one.open({});
  await s.quiet();
  expect(started(s).slice(2)).toEqual(['plain', 'late']);
  two.open({});
});

it('ten unless it is written', async () => {
  const work = gate();
  const ids = Array.from({ length: 12 }, (_, n) => `job${n}`);
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n${ids.map((id) => `  ${id}: { enabled: true, cron: "1 10 * * *" }`).join('\n')}`,
    handlers: Object.fromEntries(ids.map((id) => [id, () => work.promise])),
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(s.calls).toHaveLength(10);
  expect(await s.installed.status()).toMatchObject({ running: 10, queued: 2 });
  work.open({});
  await s.quiet();
  expect(s.calls).toHaveLength(12);
});

it.each([0, 101, 2.5])('a cap of %s is refused', async (cap) => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `max_concurrent_executions: ${cap}`,
  });
  await expect(s.start()).rejects.toThrow(/scheduler\.max_concurrent_executions: found .*1.*100/);
});

it.each(['max_concurrent_executions: 1', 'maxConcurrentTasks: 1', 'max_concurrent_executions: 100'])(
  '%s is taken',
  async (line) => {
    const s = await createScenario({ at: '2026-11-21T10:00:30Z', scheduler: line });
    await s.start();
    expect(s.installed.settings.scheduler.maxConcurrentExecutions).toBe(line.endsWith('100') ? 100 : 1);
  },
);

it('100 is the priority of a job that has none; 0 goes before all', async () => {
  const work = gate();
  const handlers = Object.fromEntries(['a101', 'b', 'c99', 'd0'].map((id) => [id, () => ({})]));
  const s = await at1001(
    1,
    {
      blocker: 'cron: "0 10 * * *", run_on_start: true',
      a101: 'priority: 101',
      b: 'description: x',
      c99: 'priority: 99',
      d0: 'priority: 0',
    },
    { blocker: () => work.promise, ...handlers },
  );
  expect((await s.service.find('b')).policy.priority).toBe(100);
  work.open({});
  await s.quiet();
  expect(started(s)).toEqual(['blocker', 'd0', 'c99', 'b', 'a101']);
});

it('of equal priority the older slot starts first, whenever it was admitted', async () => {
  const work = gate();
  const s = await at1001(
    1,
    {
      blocker: 'cron: "0 10 * * *", run_on_start: true',
      minute3: 'cron: "3 10 * * *"',
      minute2: 'cron: "2 10 * * *"',
      urgent: 'cron: "4 10 * * *", priority: 99',
    },
    { blocker: () => work.promise, minute2: () => ({}), minute3: () => ({}), urgent: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:04:10Z');
  expect(await s.installed.status()).toMatchObject({ running: 1, queued: 3 });
  work.open({});
  await s.quiet();
  expect(started(s)).toEqual(['blocker', 'urgent', 'minute2', 'minute3']);
});

it('a run without a slot stands in the order by the time it was queued', async () => {
  const work = gate();
  const s = await at1001(
    1,
    {
      blocker: 'cron: "0 10 * * *", run_on_start: true',
      early: 'cron: "2 10 * * *"',
      late: 'cron: "3 10 * * *"',
      hand: 'cron: "0 12 * * *"',
    },
    { blocker: () => work.promise, early: () => ({}), late: () => ({}), hand: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.service.runNow('hand', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:30Z');
  work.open({});
  await s.quiet();
  expect(started(s)).toEqual(['blocker', 'early', 'hand', 'late']);
});

it('the cap holds for runs by hand too, forced ones included', async () => {
  const work = gate();
  const s = await at1001(
    1,
    { a: 'description: x', b: 'cron: "0 12 * * *"' },
    { a: () => work.promise, b: () => ({}) },
  );
  await s.service.runNow('b', { by: 'ann' });
  await s.service.runNow('a', { by: 'ann', force: true });
  await s.quiet();
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z running', 'manual queued', 'manual queued']);
  work.open({});
  await s.quiet();
  expect(await s.ledger()).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    'manual succeeded',
    'manual succeeded',
  ]);
});

it('a retry asks for a place again, and its slot keeps its turn', async () => {
  const work = gate();
  const s = await at1001(
    1,
    { shaky: 'retry_delay: 30s, priority: 1', long: 'priority: 2', other: 'priority: 3' },
    {
      shaky: (ctx) => {
        if (ctx.attempt === 1) throw new Error('no luck');
        return {};
      },
      long: () => work.promise,
      other: () => ({}),
    },
  );
  await s.advanceTo('2026-11-21T10:02:00Z');
  for (const [job, state] of Object.entries({ shaky: 'queued', long: 'running', other: 'queued' }))
    expect(await s.ledger(job)).toEqual([`2026-11-21T10:01:00Z ${state}`]);
  work.open({});
  await s.quiet();
  expect(s.calls.map((call) => `${call.job} ${call.attempt}`)).toEqual([
    'shaky 1',
    'long 1',
    'shaky 2',
    'other 1',
  ]);
});

it('a run that is told to stop has its place until it has ended', async () => {
  const work = gate();
  const s = await at1001(
    1,
    { deaf: 'timeout: 20s, retries: 0, priority: 1', next: 'description: x' },
    { deaf: () => work.promise, next: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.ledger('deaf')).toEqual(['2026-11-21T10:01:00Z stopping']);
  expect(await s.ledger('next')).toEqual(['2026-11-21T10:01:00Z queued']);
  work.open({});
  await s.quiet();
  expect(await s.ledger('next')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('waiting for the cap keeps the place in the own job', async () => {
  const work = gate();
  const s = await at1001(
    1,
    { a: 'priority: 1', b: 'cron: "* * * * *"' },
    { a: () => work.promise, b: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.ledger('b')).toEqual([
    '2026-11-21T10:01:00Z queued',
    '2026-11-21T10:02:00Z skipped: overlap',
  ]);
  work.open({});
});

it('a raised cap holds after a reload', async () => {
  const work = gate();
  const jobs = '  a: { enabled: true, cron: "1 10 * * *" }\n  b: { enabled: true, cron: "1 10 * * *" }';
  const s = await at1001(1, { a: '', b: '' }, { a: () => work.promise, b: () => work.promise });
  expect(s.calls).toHaveLength(1);
  await s.writeSettings(`max_concurrent_executions: 2\n${OFF}${jobs}`);
  await s.installed.reload();
  await s.quiet();
  expect(s.calls).toHaveLength(2);
  work.open({});
});

it('a lowered cap ends nothing, and starts nothing until it is kept', async () => {
  const gates = { a: gate(), b: gate(), c: gate() };
  const s = await at1001(
    2,
    { a: 'priority: 1', b: 'priority: 2', c: 'priority: 3' },
    { a: () => gates.a.promise, b: () => gates.b.promise, c: () => gates.c.promise },
  );
  const jobs = ['a', 'b', 'c'].map(
    (id, n) => `  ${id}: { enabled: true, cron: "1 10 * * *", priority: ${n + 1} }`,
  );
  await s.writeSettings(`max_concurrent_executions: 1\n${OFF}${jobs.join('\n')}`);
  await s.installed.reload();
  await s.quiet();
  expect(await s.installed.status()).toMatchObject({ running: 2, queued: 1 });
  gates.a.open({});
  await s.quiet();
  expect(started(s)).toEqual(['a', 'b']);
  gates.b.open({});
  await s.quiet();
  expect(started(s)).toEqual(['a', 'b', 'c']);
  gates.c.open({});
});

it('the order outlives a crash', async () => {
  const work = gate();
  const s = await at1001(
    1,
    { blocker: 'priority: 0', last: 'priority: 300', first: 'priority: 5' },
    {
      blocker: (ctx) => (ctx.attempt === 1 ? work.promise : {}),
      last: () => ({}),
      first: () => work.promise,
    },
  );
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  work.open({});
  await s.quiet();
  // The run that was cut waits five seconds for its second attempt, and goes first again then.
  expect(started(s)).toEqual(['blocker', 'first', 'blocker', 'last']);
});
