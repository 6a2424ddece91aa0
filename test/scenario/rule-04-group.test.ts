// Rule 4: jobs of one group exclude each other, by the overlap of the one that starts.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

/** Up at 10:00:30; each job as its keys, all of the group `disk`. */
async function group(
  jobs: Record<string, string>,
  handlers: Record<string, HandlerFunction>,
  head = '',
): Promise<Scenario> {
  const lines = Object.entries(jobs).map(([id, keys]) => `  ${id}: { enabled: true, group: disk, ${keys} }`);
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `${head}jobs:\n${lines.join('\n')}`,
    handlers,
  });
  await s.start();
  return s;
}

const FIRST = 'cron: "1 10 * * *"';
const SECOND = 'cron: "2 10 * * *"';
const begun = (s: Scenario) => s.calls.map((call) => call.job);

it('while one job of the group runs, a slot of another is skipped and names that run', async () => {
  const work = gate();
  const s = await group({ a: FIRST, b: SECOND }, { a: () => work.promise, b: () => ({}) });
  await s.advanceTo('2026-11-21T10:02:10Z');
  const [run] = await s.rows('a');
  expect(await s.rows('b')).toMatchObject([{ state: 'skipped', reason: 'overlap', by: run?.run_id }]);
  work.open({});
});

it('of two that are due at the same instant one runs, the other meets it', async () => {
  const work = gate();
  const s = await group({ a: FIRST, b: FIRST }, { a: () => work.promise, b: () => work.promise });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('a')).toEqual(['2026-11-21T10:01:00Z running']);
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:01:00Z skipped: overlap']);
  work.open({});
});

it('the overlap of the job that starts decides, not that of the one that runs', async () => {
  const work = gate();
  const s = await group(
    { a: `${FIRST}, overlap: skip`, b: `${SECOND}, overlap: queue_one`, c: `${SECOND}, overlap: allow` },
    { a: () => work.promise, b: () => ({}), c: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:02:00Z queued']);
  expect(await s.ledger('c')).toEqual(['2026-11-21T10:02:00Z succeeded']);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['a', 'c', 'b']);
});

it('cancel_previous ends the run of the other job, and waits for its end', async () => {
  const work = gate();
  const s = await group(
    { a: FIRST, b: `${SECOND}, overlap: cancel_previous` },
    { a: () => work.promise, b: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.ledger('a')).toEqual(['2026-11-21T10:01:00Z stopping']);
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:02:00Z queued']);
  work.open({});
  await s.quiet();
  expect(await s.ledger('a')).toEqual(['2026-11-21T10:01:00Z cancelled']);
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:02:00Z succeeded']);
});

it('of those that wait one starts at a time, lower priority first', async () => {
  const [work, next] = [gate(), gate()];
  const waits = `${SECOND}, overlap: queue_one`;
  const s = await group(
    { a: FIRST, b: waits, c: `${waits}, priority: 1` },
    { a: () => work.promise, b: () => ({}), c: () => next.promise },
  );
  await s.advanceTo('2026-11-21T10:02:10Z');
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['a', 'c']);
  next.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['a', 'c', 'b']);
});

it('who waits in the group is in nobody’s way: it holds no place', async () => {
  const work = gate();
  const s = await group(
    { a: FIRST, b: `${SECOND}, overlap: queue_one`, c: 'cron: "3 10 * * *"' },
    { a: () => work.promise, b: () => work.promise, c: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:02:10Z');
  const [first] = await s.rows('a');
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.rows('c')).toMatchObject([{ reason: 'overlap', by: first?.run_id }]);
  work.open({});
});

it('a run by hand meets the group too, force does not', async () => {
  const work = gate();
  const s = await group({ a: FIRST, b: SECOND }, { a: () => work.promise, b: () => ({}) });
  await s.advanceTo('2026-11-21T10:01:10Z');
  await expect(s.service.runNow('b', { by: 'ann' })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  expect(await s.ledger('b')).toEqual([]);
  await s.service.runNow('b', { by: 'ann', force: true });
  await s.quiet();
  expect(await s.ledger('b')).toEqual(['manual succeeded']);
  work.open({});
});

it('a startup run meets it: a row skipped: overlap that names the run of the other job', async () => {
  const work = gate();
  const s = await group(
    { a: `${FIRST}, run_on_start: true`, b: `${SECOND}, run_on_start: true` },
    { a: () => work.promise, b: () => ({}) },
  );
  const [run] = await s.rows('a');
  expect(await s.rows('b')).toMatchObject([
    { kind: 'startup', state: 'skipped', reason: 'overlap', by: run?.run_id },
  ]);
  work.open({});
});

it('a retry waits for the group: another job may have run meanwhile', async () => {
  const work = gate();
  const s = await group(
    { a: `${FIRST}, retry_delay: 90s`, b: SECOND },
    {
      a: (ctx) => {
        if (ctx.attempt === 1) throw new Error('no luck');
        return {};
      },
      b: () => work.promise,
    },
  );
  await s.advanceTo('2026-11-21T10:03:00Z');
  expect(await s.ledger('a')).toEqual(['2026-11-21T10:01:00Z queued']);
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:02:00Z running']);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['a', 'b', 'a']);
});

it('a line holds the group until its last run has ended', async () => {
  const gates = [gate(), gate()];
  const s = await group(
    { a: 'cron: "1,2 10 * * *", coalesce: false', b: 'cron: "4 10 * * *"' },
    { a: (ctx) => gates[new Date(ctx.slot ?? 0).getUTCMinutes() - 1]!.promise, b: () => ({}) },
  );
  await s.stop();
  await s.advanceTo('2026-11-21T10:03:00Z');
  await s.start();
  gates[0]!.open({});
  await s.advanceTo('2026-11-21T10:04:10Z');
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:04:00Z skipped: overlap']);
  gates[1]!.open({});
});

it('the group outlives a crash: the run that was cut waits, the others may run', async () => {
  const s = await group(
    { a: `${FIRST}, retry_delay: 2m`, b: SECOND },
    { a: (ctx) => (ctx.attempt === 1 ? gate().promise : {}), b: () => ({}) },
  );
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.crash();
  await s.start();
  await s.advanceTo('2026-11-21T10:02:10Z');
  expect(await s.ledger('a')).toEqual(['2026-11-21T10:01:00Z queued']);
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:02:00Z succeeded']);
});
