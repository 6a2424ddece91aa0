// Rule 6, second half: what a pause does to slots, to what is queued and to what runs; what resume does.
import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const TICK = 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const PAUSE = { reason: null, until: null, by: 'ann' };

async function ticking(env: Record<string, string> = {}): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => ({}) },
    env,
  });
  await s.start();
  return s;
}

it('slots of one pause become one gap row, closed at resume', async () => {
  const s = await ticking();
  await s.service.pause({ reason: 'maintenance', until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:05:30Z');
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:06:30Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:07:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:05:00Z skipped: paused x5',
    '2026-11-21T10:06:00Z succeeded',
    '2026-11-21T10:07:00Z skipped: paused',
  ]);
});

it('a gap row is closed hourly', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T11:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T11:00:00Z skipped: paused x60',
    '2026-11-21T11:02:00Z skipped: paused x2',
  ]);
});

it('a gap row is closed at a restart, and a pause that held before and after held between', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: '1' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.stop();
  await s.advanceTo('2026-11-21T10:06:30Z');
  await s.start();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: paused x2',
    '2026-11-21T10:06:00Z skipped: paused x4',
  ]);
});

it('an open gap row survives a reload', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z skipped: paused x2']);
});
it('resume computes the next slot after now: nothing paused is caught up', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(s.calls).toEqual([]);
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:04:00Z' }]);
});

it('a slot whose due lay in a pause is skipped even if it is decided after the resume', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  s.clock.jumpWall(60_000);
  await s.service.resume({ by: 'ann' });
  await s.clock.advance(30_000);
  expect(await s.ledger('tick')).toContain('2026-11-21T10:01:00Z skipped: paused');
});

it('what is already queued waits; running work goes on; runs by hand stay allowed', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: true, cron: "1 10 * * *" }',
    handlers: { a: () => work.promise, b: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  work.open({});
  await s.advanceTo('2026-11-21T10:02:00Z');
  expect(await s.ledger()).toEqual(['2026-11-21T10:01:00Z succeeded', '2026-11-21T10:01:00Z queued']);
  await s.service.runNow('a', { by: 'ann' });
  await s.quiet();
  expect((await s.rows('a')).map((row) => `${row.kind} ${row.state}`)).toEqual([
    'scheduled succeeded',
    'manual succeeded',
  ]);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect((await s.ledger('b'))[0]).toBe('2026-11-21T10:01:00Z succeeded');
});

it('editing a paused job keeps it paused', async () => {
  const s = await ticking();
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.writeSettings(
    'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n  tick: { enabled: true, cron: "*/2 * * * *" }',
  );
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z skipped: paused']);
});

it('a pause made during a run sticks', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  work.open({});
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:03:00Z skipped: paused x2',
  ]);
});

it('one gap row, though the pause changes hands in it', async () => {
  const s = await ticking();
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:02:10Z');
  await s.service.pause({ ...PAUSE, job: 'tick' });
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:04:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:04:00Z skipped: paused x4']);
});

it('a pause in which no slot is due leaves no row', async () => {
  const s = await ticking();
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:00:50Z');
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('a retry waits for resume, each attempt asks anew', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  job: { enabled: true, cron: "1 10 * * *" }',
    handlers: {
      job: (ctx) => {
        if (ctx.attempt < 3) throw new Error('no luck');
        return {};
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:02Z');
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:03:00Z');
  expect(s.calls).toHaveLength(1);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(s.calls.map((call) => call.at)).toEqual(['2026-11-21T10:01:00Z', '2026-11-21T10:03:00Z']);
  await s.service.pause({ ...PAUSE, job: 'job' });
  await s.advanceTo('2026-11-21T10:05:00Z');
  await s.service.resume({ job: 'job', by: 'ann' });
  await s.quiet();
  expect(s.calls[2]?.at).toBe('2026-11-21T10:05:00Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('a catch-up run and a startup run wait for resume too', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  late: { enabled: true, cron: "1 10 * * *", misfire_policy: latest }\n  first: { enabled: true, cron: "0 12 * * *", run_on_start: true }',
    handlers: { late: () => ({}), first: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T11:00:00Z');
  await s.start({ paused: true });
  await s.advanceTo('2026-11-21T11:01:00Z');
  expect(await s.rows('late')).toMatchObject([{ kind: 'catchup', state: 'queued' }]);
  expect((await s.rows('first')).map((row) => `${row.kind} ${row.state}`)).toEqual([
    'startup succeeded',
    'startup queued',
  ]);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(await s.rows('late')).toMatchObject([{ kind: 'catchup', state: 'succeeded' }]);
  expect((await s.ledger('first'))[1]).toBe('startup succeeded');
});

it('runs by hand or call stay allowed: run, rerun, backfill, and their retries', async () => {
  let fails = 1;
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: {
      tick: () => {
        if (fails-- > 0) throw new Error('no luck');
        return {};
      },
    },
  });
  await s.start();
  await s.service.pause(PAUSE);
  await s.service.pause({ ...PAUSE, job: 'tick' });
  await s.advanceTo('2026-11-21T10:02:10Z');
  const run = await s.service.runNow('tick', { by: 'ann', retry: true });
  await s.clock.advance(10_000);
  expect(await s.service.run(run.run_id)).toMatchObject({ state: 'succeeded', attempt: 2 });
  await s.service.rerun(run.run_id, { by: 'ann' });
  await s.quiet();
  const from = Date.parse('2026-11-21T10:01:00Z');
  await s.service.backfill('tick', { from, to: from, by: 'ann' });
  await s.quiet();
  expect((await s.rows('tick')).map((row) => `${row.kind} ${row.state}`).toSorted()).toEqual([
    'backfill succeeded',
    'manual succeeded',
    'manual succeeded',
    'scheduled skipped',
  ]);
});

it('a job that is switched off and on in its pause is paused still', async () => {
  const s = await ticking();
  await s.service.pause({ ...PAUSE, job: 'tick' });
  for (const enabled of [false, true]) {
    await s.writeSettings(`${OFF}  tick: { enabled: ${enabled}, cron: "* * * * *" }`);
    await s.installed.reload();
  }
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z skipped: paused']);
});

it('pause --wait returns when nothing runs; what is queued is not waited for', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  long: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  next: { enabled: true, cron: "1 10 * * *" }',
    handlers: { long: () => work.promise, next: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause(PAUSE);
  const over: string[] = [];
  const { signal } = new AbortController();
  void s.service.untilNothingRuns(null, signal).then((quiet) => over.push(`all ${quiet}`));
  void s.service.untilNothingRuns('next', signal).then((quiet) => over.push(`next ${quiet}`));
  await s.clock.advance(60_000);
  expect(over).toEqual(['next true']);
  work.open({});
  await s.clock.advance(1_000);
  expect(over).toEqual(['next true', 'all true']);
  expect(await s.ledger('next')).toEqual(['2026-11-21T10:01:00Z queued']);
});

it('pause --wait can be given up', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  const stop = new AbortController();
  const waiting = s.service.untilNothingRuns(null, stop.signal);
  stop.abort();
  expect(await waiting).toBe(false);
  work.open({});
});
