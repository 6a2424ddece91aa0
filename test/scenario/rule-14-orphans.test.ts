// Rule 14, second half: what becomes of runs that wait and of jobs that go away when the settings change.
import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const TICK = '  tick: { enabled: true, cron: "* * * * *" }';

async function rewrite(s: Scenario, jobs: string): Promise<void> {
  await s.writeSettings(`${OFF}${jobs}`);
  await s.installed.reload();
  await s.quiet();
}

async function ticking(handlers = { tick: () => ({}) as unknown }): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers,
  });
  await s.start();
  return s;
}

it('queued runs of a job that is disabled are skipped with that reason; a waiting retry fails with it', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: true, cron: "1 10 * * *" }\n  c: { enabled: true, cron: "1 10 * * *", priority: 0, retry_delay: 1h }',
    handlers: {
      a: () => work.promise,
      b: () => ({}),
      c: () => {
        throw new Error('no luck');
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.writeSettings(
    `max_concurrent_executions: 1\n${OFF}  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: false, cron: "1 10 * * *" }\n  c: { enabled: false, cron: "1 10 * * *", priority: 0, retry_delay: 1h }`,
  );
  await s.installed.reload();
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:01:00Z skipped: disabled']);
  expect(await s.rows('c')).toMatchObject([
    { state: 'failed', reason: 'disabled', error: { message: 'no luck' } },
  ]);
  work.open({});
});

it('removed from the YAML: no new starts, the history stays; it returns and goes on from now', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await rewrite(s, '');
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.service.find('tick')).toMatchObject({ state: 'orphaned', next_run: null });
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *" }');
  await s.advanceTo('2026-11-21T10:04:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:03:00Z skipped: orphaned x2',
    '2026-11-21T10:04:00Z succeeded',
  ]);
});

it('a run that goes on while its job is switched off starts no further attempt', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  a: { enabled: true, cron: "1 10 * * *" }\n  o: { enabled: true, cron: "1 10 * * *" }',
    handlers: { a: () => work.promise, o: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await rewrite(s, '  a: { enabled: false, cron: "1 10 * * *" }');
  work.fail(new Error('no luck'));
  await s.quiet();
  expect(await s.rows('a')).toMatchObject([
    { state: 'failed', reason: 'disabled', error: { message: 'no luck' } },
  ]);
  expect(await s.rows('o')).toMatchObject([{ state: 'failed', reason: 'orphaned' }]);
});

it('queued runs of an orphaned job are skipped: orphaned', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: true, cron: "1 10 * * *" }',
    handlers: { a: () => work.promise, b: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await rewrite(s, '  a: { enabled: true, cron: "1 10 * * *", priority: 1 }');
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:01:00Z skipped: orphaned']);
  work.open({});
});

it('queued manual runs run all the same, forced ones too', async () => {
  const work = gate();
  const head = 'max_concurrent_executions: 1\n';
  const long = '  long: { enabled: true, cron: "1 10 * * *", priority: 1 }\n';
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `${head}jobs:\n${long}  off: { enabled: true, cron: "0 12 * * *" }\n  gone: { enabled: true, cron: "0 12 * * *" }`,
    handlers: { long: () => work.promise, off: () => ({}), gone: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.runNow('off', { by: 'ann' });
  await s.service.runNow('gone', { by: 'ann' });
  await s.writeSettings(`${head}${OFF}${long}  off: { enabled: false, cron: "0 12 * * *" }`);
  await s.installed.reload();
  await s.service.runNow('gone', { by: 'ann', force: true });
  work.open({});
  await s.quiet();
  expect(await s.ledger('off')).toEqual(['manual succeeded']);
  expect(await s.ledger('gone')).toEqual(['manual succeeded', 'manual succeeded']);
});

it('a live run of a job that goes away finishes and is recorded', async () => {
  const work = gate();
  const s = await ticking({ tick: () => work.promise });
  await s.advanceTo('2026-11-21T10:01:10Z');
  await rewrite(s, '');
  work.open({ items_processed: 3 });
  await s.quiet();
  expect(await s.rows('tick')).toMatchObject([{ state: 'succeeded', statistics: { items_processed: 3 } }]);
});

it('an orphaned job starts nothing; a run by hand needs force', async () => {
  const s = await ticking();
  await rewrite(s, '');
  await expect(s.service.runNow('tick', { by: 'ann' })).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
  });
  await s.service.runNow('tick', { by: 'ann', force: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['manual succeeded']);
  expect(await s.service.next({ job: 'tick', count: 3 })).toEqual([]);
});

it('the time away is one gap row, also where a restart lies in it, and also beyond an hour', async () => {
  const s = await ticking();
  await rewrite(s, '');
  await s.stop();
  await s.advanceTo('2026-11-21T12:00:30Z');
  await s.writeSettings(OFF);
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T13:30:30Z');
  await s.writeSettings(`${OFF}${TICK}`);
  await s.start();
  await s.advanceTo('2026-11-21T13:31:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T13:30:00Z skipped: orphaned x210',
    '2026-11-21T13:31:00Z succeeded',
  ]);
});

it('it returns with another schedule: the time away is accounted for by the old one', async () => {
  const s = await ticking();
  await rewrite(s, '');
  await s.advanceTo('2026-11-21T10:03:30Z');
  await rewrite(s, '  tick: { enabled: true, cron: "*/5 * * * *" }');
  await s.advanceTo('2026-11-21T10:05:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:03:00Z skipped: orphaned x3',
    '2026-11-21T10:05:00Z succeeded',
  ]);
});

it('a job that goes away while no service is up: what it missed before is downtime', async () => {
  const s = await ticking();
  await s.stop();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.writeSettings(OFF);
  await s.start();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z missed: downtime x2']);
  expect(await s.service.find('tick')).toMatchObject({ state: 'orphaned' });
});

it('it returns as the same job: history, counters and its own pause are there', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await rewrite(s, '');
  await rewrite(s, TICK);
  expect(await s.service.find('tick')).toMatchObject({ state: 'paused', success_count: 1 });
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z skipped: paused',
  ]);
});

/** Away since 10:00:30 on the 21st; the service is up from half an hour before the end of its day. */
async function awayForADay(): Promise<Scenario> {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:00:40Z');
  await rewrite(s, '');
  await s.stop();
  await s.advanceTo('2026-11-22T10:00:00Z');
  await s.start();
  return s;
}

it('it is removed after 24 h, to the second, without anything else happening', async () => {
  const s = await awayForADay();
  await s.advanceTo('2026-11-22T10:00:39Z');
  expect(await s.service.find('tick')).toMatchObject({ state: 'orphaned' });
  await s.advanceTo('2026-11-22T10:00:40Z');
  await expect(s.service.find('tick')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  expect(s.lines).toContainEqual(expect.objectContaining({ level: 'WARN', msg: 'tick: removed' }));
});

it('it returns just before: it goes on', async () => {
  const s = await awayForADay();
  await s.advanceTo('2026-11-22T10:00:39Z');
  await rewrite(s, TICK);
  await s.advanceTo('2026-11-22T10:01:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-22T10:00:00Z skipped: orphaned x1440',
    '2026-11-22T10:01:00Z succeeded',
  ]);
});

it('one that returns after its removal is a new job', async () => {
  const s = await awayForADay();
  await s.advanceTo('2026-11-22T10:00:40Z');
  await rewrite(s, TICK);
  await s.advanceTo('2026-11-22T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-22T10:01:00Z succeeded']);
  expect(await s.service.find('tick')).toMatchObject({ created_at: '2026-11-22T10:00:40Z', run_count: 1 });
});

it('a day that ends while no service is up ends at the next start', async () => {
  const s = await ticking();
  await rewrite(s, '');
  await s.stop();
  await s.advanceTo('2026-11-23T10:00:00Z');
  await s.start();
  await expect(s.service.find('tick')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});
