// Rule 19: a job with max_executions has so many planned runs, and is completed then.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const AT = '2026-11-21T10:00:30Z';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';
const entry = (keys: string) => `  tick: { enabled: true, cron: "* * * * *", ${keys} }`;

/** Up at 10:00:30 with `tick` each minute. */
async function limited(
  keys: string,
  tick: HandlerFunction = () => ({}),
  head = '',
  more = '',
): Promise<Scenario> {
  const s = await createScenario({
    at: AT,
    scheduler: `${head}jobs:\n${entry(keys)}${more}`,
    handlers: { tick, long: tick },
  });
  await s.start();
  return s;
}

const reload = async (s: Scenario, keys: string) => {
  await s.writeSettings(`${OFF}${entry(keys)}`);
  await s.installed.reload();
  await s.quiet();
};
const stateOf = async (s: Scenario) => (await s.service.find('tick')).state;

it('counts admitted runs; at the limit the job is completed', async () => {
  const s = await limited('max_executions: 2');
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
  expect(await s.service.find('tick')).toMatchObject({
    state: 'completed',
    next_run: null,
    max_executions: 2,
  });
});

it('it is completed with the admission of the last one, which still runs', async () => {
  const work = gate();
  const s = await limited('max_executions: 1', () => work.promise);
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await stateOf(s)).toBe('completed');
  work.open({});
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('a run counts once, however it ends and however often it is tried', async () => {
  const s = await limited('max_executions: 3, retry_delay: 10s, retries: 1', (ctx) => {
    const minute = new Date(ctx.slot ?? 0).getUTCMinutes();
    if (minute === 1) throw new Error('no luck');
    if (minute === 2) ctx.skip('nothing new');
    return {};
  });
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z failed',
    '2026-11-21T10:02:00Z skipped: by_handler',
    '2026-11-21T10:03:00Z succeeded',
  ]);
});

it('slots that are skipped or missed do not count', async () => {
  const work = gate();
  const s = await limited('max_executions: 2, misfire_grace_time: 0', () => work.promise);
  await s.advanceTo('2026-11-21T10:02:30Z');
  work.open({});
  await s.service.pause({ reason: null, until: Date.parse('2026-11-21T10:03:30Z'), by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:40Z');
  s.clock.block(60_000);
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z skipped: overlap',
    '2026-11-21T10:03:00Z skipped: paused',
    '2026-11-21T10:04:00Z missed: blocked',
    '2026-11-21T10:05:00Z succeeded',
  ]);
});

it('only the kinds scheduled and catchup count: not runs by hand, at start, or made up for', async () => {
  const s = await limited(
    'max_executions: 2, misfire_policy: latest, misfire_grace_time: 10s, run_on_start: true',
  );
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.rerun((await s.rows('tick'))[2]!.run_id, { by: 'ann' });
  await s.quiet();
  await s.stop();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.start();
  await s.service.backfill('tick', {
    from: Date.parse('2026-11-21T10:02:00Z'),
    to: Date.parse('2026-11-21T10:02:00Z'),
    by: 'ann',
  });
  await s.advanceTo('2026-11-21T10:10:00Z');
  const rows = await s.rows('tick');
  expect(rows.map((row) => `${row.kind} ${row.state}`)).toEqual([
    'startup succeeded',
    'manual succeeded',
    'scheduled succeeded',
    'manual succeeded',
    'catchup succeeded',
    'startup skipped',
    'backfill succeeded',
  ]);
  expect(await stateOf(s)).toBe('completed');
});

it('a completed job can still be run by hand', async () => {
  const s = await limited('max_executions: 1');
  await s.advanceTo('2026-11-21T10:05:00Z');
  await s.service.runNow('tick', { by: 'ann' });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded', 'manual succeeded']);
  expect(await stateOf(s)).toBe('completed');
});

it('several slots that become one run are one execution; in a line each is one, the oldest first', async () => {
  const down = async (keys: string) => {
    const s = await limited(keys);
    await s.stop();
    await s.advanceTo('2026-11-21T10:04:30Z');
    await s.start();
    await s.advanceTo('2026-11-21T10:10:00Z');
    return await s.ledger('tick');
  };
  expect(await down('max_executions: 2')).toEqual([
    '2026-11-21T10:04:00Z succeeded x4',
    '2026-11-21T10:05:00Z succeeded',
  ]);
  expect(await down('max_executions: 2, coalesce: false')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('it stays completed over a restart, and its count over a change of the schedule', async () => {
  const s = await limited('max_executions: 2');
  await s.advanceTo('2026-11-21T10:05:00Z');
  await s.stop();
  await s.start();
  await s.advanceTo('2026-11-21T10:10:00Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/2 * * * *", max_executions: 2 }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:20:00Z');
  expect(await s.ledger('tick')).toHaveLength(2);
  expect(await stateOf(s)).toBe('completed');
});

it('a raised limit makes it active again from now on; a lowered one completes it', async () => {
  const s = await limited('max_executions: 1');
  await s.advanceTo('2026-11-21T10:05:30Z');
  await reload(s, 'max_executions: 3');
  expect(await s.service.find('tick')).toMatchObject({ state: 'active', next_run: '2026-11-21T10:06:00Z' });
  await s.advanceTo('2026-11-21T10:06:30Z');
  await reload(s, 'max_executions: 2');
  expect(await stateOf(s)).toBe('completed');
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:06:00Z succeeded',
  ]);
});

it('next lists no more slots than there are executions left', async () => {
  const s = await limited('max_executions: 3');
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect((await s.service.next({ job: 'tick', count: 10 })).map((each) => each.slot)).toEqual([
    '2026-11-21T10:02:00Z',
    '2026-11-21T10:03:00Z',
  ]);
});

const LONG = '\n  long: { enabled: true, cron: "0 12 * * *", run_on_start: true, priority: 1 }';
const ONE_PLACE = 'max_concurrent_executions: 1\n';

/** The only global place is taken: the run of 10:01 waits, and the job is at its limit. */
async function atTheLimitWaiting(keys: string) {
  const work = gate();
  const s = await limited(
    `max_executions: 1, ${keys}`,
    (ctx) => (ctx.job === 'long' ? work.promise : {}),
    ONE_PLACE,
    LONG,
  );
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z queued']);
  expect(await stateOf(s)).toBe('completed');
  return { s, work };
}

it('given back if it never starts: one that is cancelled while it waits', async () => {
  const { s, work } = await atTheLimitWaiting('description: x');
  await s.service.cancelRun((await s.rows('tick'))[0]!.run_id, 'ann');
  await s.quiet();
  expect(await s.service.find('tick')).toMatchObject({ state: 'active', next_run: '2026-11-21T10:02:00Z' });
  work.open({});
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z cancelled',
    '2026-11-21T10:02:00Z succeeded',
  ]);
  expect(await stateOf(s)).toBe('completed');
});

it('given back if it never starts: one that waits too long', async () => {
  const { s, work } = await atTheLimitWaiting('queue_timeout: 90s');
  await s.advanceTo('2026-11-21T10:02:31Z');
  work.open({});
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z missed: queue_timeout',
    '2026-11-21T10:03:00Z succeeded',
  ]);
});

it('given back if it never starts: one that a run by hand takes the place of', async () => {
  const { s, work } = await atTheLimitWaiting('overlap: cancel_previous');
  await s.service.runNow('tick', { by: 'ann' });
  work.open({});
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: superseded',
    'manual succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('given back if it never starts: one that a newer slot takes the place of', async () => {
  const { handler, open } = stubborn();
  const s = await limited('max_executions: 3, overlap: cancel_previous', handler);
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await stateOf(s)).toBe('active');
  open();
  await s.advanceTo('2026-11-21T10:10:00Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z cancelled',
    '2026-11-21T10:02:00Z skipped: superseded',
    '2026-11-21T10:03:00Z succeeded',
    '2026-11-21T10:04:00Z succeeded',
  ]);
});

it('given back while no service is up: it goes on at the next start, which accounts for the time between', async () => {
  const { s, work } = await atTheLimitWaiting('misfire_policy: latest');
  const [row] = await s.rows('tick');
  work.open({});
  await s.crash();
  const command = await s.command();
  await command.service.cancelRun(row!.run_id, 'ann');
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.start();
  await s.advanceTo('2026-11-21T10:06:00Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z cancelled',
    '2026-11-21T10:04:00Z succeeded x3',
  ]);
});

it('what a shutdown cut has started: it counts, and goes on', async () => {
  const s = await limited('max_executions: 1', (ctx) =>
    s.calls.length === 1 ? gate().promise : { n: ctx.attempt },
  );
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.stop();
  await s.start();
  await s.advanceTo('2026-11-21T10:05:00Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

/** The first call ends only when told to. */
function stubborn() {
  const work = gate();
  const handler: HandlerFunction = (ctx) =>
    ctx.slot === Date.parse('2026-11-21T10:01:00Z') ? work.promise : {};
  return { handler, open: () => work.open({}) };
}
