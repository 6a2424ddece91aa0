// Rule 3: the eligible slots of one pass become one run, or a line of runs.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const UP_AGAIN = '2026-11-21T10:04:30Z';

/** Down from 10:00:30 to 10:04:30: the slots 10:01 to 10:04 of `tick` are decided in one pass. */
async function afterDowntime(keys: string, tick: HandlerFunction = () => ({})): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  tick: { enabled: true, cron: "* * * * *", ${keys} }`,
    handlers: { tick },
  });
  await s.start();
  await s.stop();
  await s.advanceTo(UP_AGAIN);
  await s.start();
  return s;
}

const IN_LINE = 'description: x, coalesce: false';

/** Each call waits for the gate of its slot's minute. */
function gates() {
  const all = [gate(), gate(), gate(), gate(), gate(), gate()];
  const handler: HandlerFunction = (ctx) => all[new Date(ctx.slot ?? 0).getUTCMinutes() - 1]?.promise ?? {};
  return { handler, open: (minute: number) => all[minute - 1]!.open({}) };
}

const begun = (s: Scenario) => s.calls.map((call) => `${call.slot?.slice(11, 16)} ${call.attempt}`);

it('all eligible slots of one pass become one run at the latest of them, with covers', async () => {
  const s = await afterDowntime('description: x');
  expect(await s.rows('tick')).toMatchObject([
    {
      kind: 'scheduled',
      slot: '2026-11-21T10:04:00Z',
      state: 'succeeded',
      late_by: 30,
      covers: { from: '2026-11-21T10:01:00Z', to: '2026-11-21T10:04:00Z', count: 4 },
    },
  ]);
  expect(begun(s)).toEqual(['10:04 1']);
});

it('one slot alone covers nothing else', async () => {
  const s = await afterDowntime('catchup_max: 1');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:03:00Z missed: downtime x3',
    '2026-11-21T10:04:00Z succeeded',
  ]);
  expect((await s.rows('tick'))[1]).toMatchObject({ covers: null });
});

it('only what is eligible is covered, the others are missed', async () => {
  const s = await afterDowntime('misfire_grace_time: 2m');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z missed: downtime x2',
    '2026-11-21T10:04:00Z succeeded x2',
  ]);
});

it('what the policy adds and what is within the grace become one run together', async () => {
  const s = await afterDowntime('misfire_grace_time: 1m, misfire_policy: all');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:04:00Z succeeded x4']);
});

it('slots before and after a pause become one run; those of the pause are not counted', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  const command = await s.command();
  s.clock.block(60_000);
  await command.service.pause({ reason: null, until: Date.parse('2026-11-21T10:02:30Z'), by: 'ann' });
  s.clock.block(120_000);
  await s.advanceTo('2026-11-21T10:03:31Z');
  expect((await s.ledger('tick')).toSorted()).toEqual([
    '2026-11-21T10:02:00Z skipped: paused',
    '2026-11-21T10:03:00Z succeeded x2',
  ]);
});

it('coalesce: false gives one run a slot, oldest first, one after another', async () => {
  const { handler, open } = gates();
  const s = await afterDowntime(IN_LINE, handler);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:02:00Z queued',
    '2026-11-21T10:03:00Z queued',
    '2026-11-21T10:04:00Z queued',
  ]);
  open(1);
  await s.quiet();
  expect(begun(s)).toEqual(['10:01 1', '10:02 1']);
  for (const minute of [2, 3, 4]) open(minute);
  await s.quiet();
  expect(begun(s)).toEqual(['10:01 1', '10:02 1', '10:03 1', '10:04 1']);
  expect((await s.rows('tick')).map((row) => [row.state, row.covers])).toEqual([
    ['succeeded', null],
    ['succeeded', null],
    ['succeeded', null],
    ['succeeded', null],
  ]);
});

it('each ends, its retries included, before the next starts; a failure does not end the line', async () => {
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 2, retries: 1, retry_delay: 10s`, (ctx) => {
    if (new Date(ctx.slot ?? 0).getUTCMinutes() === 3) throw new Error('no luck');
    return {};
  });
  expect(begun(s)).toEqual(['10:03 1']);
  await s.advanceTo('2026-11-21T10:04:41Z');
  expect(begun(s)).toEqual(['10:03 1', '10:03 2', '10:04 1']);
  expect((await s.ledger('tick')).slice(-2)).toEqual([
    '2026-11-21T10:03:00Z failed',
    '2026-11-21T10:04:00Z succeeded',
  ]);
});

it('a slot that becomes due later meets the overlap policy: it is skipped, and the line goes on', async () => {
  const { handler, open } = gates();
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 2`, handler);
  await s.advanceTo('2026-11-21T10:05:10Z');
  const [, head, , later] = await s.rows('tick');
  expect(later).toMatchObject({ slot: '2026-11-21T10:05:00Z', reason: 'overlap', by: head?.run_id });
  open(3);
  open(4);
  await s.quiet();
  expect((await s.ledger('tick')).slice(1)).toEqual([
    '2026-11-21T10:03:00Z succeeded',
    '2026-11-21T10:04:00Z succeeded',
    '2026-11-21T10:05:00Z skipped: overlap',
  ]);
});

it.each(['queue_one', 'queue_all', 'cancel_previous'])(
  'with overlap %s a later slot waits until the last run of the line has ended',
  async (overlap) => {
    const { handler, open } = gates();
    const s = await afterDowntime(`${IN_LINE}, catchup_max: 2, overlap: ${overlap}`, handler);
    await s.advanceTo('2026-11-21T10:05:10Z');
    expect(s.calls[0]?.ctx.signal.aborted).toBe(false);
    open(3);
    await s.quiet();
    expect(begun(s)).toEqual(['10:03 1', '10:04 1']);
    open(4);
    await s.quiet();
    expect(begun(s)).toEqual(['10:03 1', '10:04 1', '10:05 1']);
    open(5);
    await s.quiet();
    expect((await s.ledger('tick')).slice(1)).toEqual([
      '2026-11-21T10:03:00Z succeeded',
      '2026-11-21T10:04:00Z succeeded',
      '2026-11-21T10:05:00Z succeeded',
    ]);
  },
);

it('queue_timeout does not cut the line', async () => {
  const { handler, open } = gates();
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 2, queue_timeout: 10s`, handler);
  await s.advanceTo('2026-11-21T10:04:55Z');
  open(3);
  open(4);
  await s.quiet();
  expect((await s.ledger('tick')).slice(1)).toEqual([
    '2026-11-21T10:03:00Z succeeded',
    '2026-11-21T10:04:00Z succeeded',
  ]);
});

it('a newer slot that has a place does not give up the retry of a line', async () => {
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 2, max_instances: 2, retry_delay: 1m`, (ctx) => {
    if (ctx.attempt === 1 && new Date(ctx.slot ?? 0).getUTCMinutes() === 3) throw new Error('no luck');
    return {};
  });
  await s.advanceTo('2026-11-21T10:05:10Z');
  expect(begun(s)).toEqual(['10:03 1', '10:05 1']);
  await s.advanceTo('2026-11-21T10:05:31Z');
  expect(begun(s)).toEqual(['10:03 1', '10:05 1', '10:03 2', '10:04 1']);
});

it('a waiting retry of the line keeps the place of the line', async () => {
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 2, retry_delay: 1m`, (ctx) => {
    if (ctx.attempt === 1) throw new Error('no luck');
    return {};
  });
  await s.advanceTo('2026-11-21T10:05:10Z');
  expect((await s.ledger('tick')).slice(1)).toEqual([
    '2026-11-21T10:03:00Z queued',
    '2026-11-21T10:04:00Z queued',
    '2026-11-21T10:05:00Z skipped: overlap',
  ]);
  await expect(s.service.runNow('tick', { by: 'ann' })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
});

it('the line outlives a crash: the run that was cut is tried again before the next starts', async () => {
  const { handler, open } = gates();
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 2`, handler);
  await s.crash();
  open(3);
  open(4);
  await s.start();
  expect(begun(s)).toEqual(['10:03 1']);
  await s.advanceTo('2026-11-21T10:04:36Z');
  expect(begun(s)).toEqual(['10:03 1', '10:03 2', '10:04 1']);
});

it('a pause holds what of the line has not started', async () => {
  const { handler, open } = gates();
  const s = await afterDowntime(`${IN_LINE}, catchup_max: 3`, handler);
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  for (const minute of [2, 3, 4]) open(minute);
  await s.quiet();
  expect(begun(s)).toEqual(['10:02 1']);
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(begun(s)).toEqual(['10:02 1', '10:03 1', '10:04 1']);
});

it('whoever of the line is cancelled, running or waiting, the others go on in order', async () => {
  const { handler, open } = gates();
  const s = await afterDowntime(IN_LINE, handler);
  const [first, , third] = await s.rows('tick');
  await s.service.cancelRun(third!.run_id, 'ann');
  await s.service.cancelRun(first!.run_id, 'ann');
  await s.quiet();
  for (const minute of [1, 2, 4]) open(minute);
  await s.quiet();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z cancelled',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:03:00Z cancelled',
    '2026-11-21T10:04:00Z succeeded',
  ]);
});

it.each(['every: 1s', 'cron: "* * * * * *"'])(
  'an unbounded range is never walked slot by slot (%s, ten years down)',
  async (schedule) => {
    const s = await createScenario({
      at: '2026-01-01T00:00:00Z',
      scheduler: `jobs:\n  tick: { enabled: true, ${schedule}, misfire_grace_time: null, catchup_window: 3650d }`,
      handlers: { tick: () => ({}) },
    });
    await s.start();
    await s.stop();
    await s.advanceTo('2035-12-30T00:00:00Z');
    await s.start();
    const [missed, run] = await s.rows('tick');
    expect([missed?.covers?.count, run?.covers?.count]).toEqual([315_360_000 - 10, 10]);
    expect(run).toMatchObject({ slot: '2035-12-30T00:00:00Z', state: 'succeeded' });
  },
);
