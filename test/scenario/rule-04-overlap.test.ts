// Rule 4: places, what a slot does that finds none, groups; one admission for all starts.
import { expect, it } from 'vitest';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

/** Up at 10:00:30 with `tick` each minute, and what else is written. */
async function up(
  keys: string,
  handlers: Record<string, HandlerFunction>,
  more = '',
  head = '',
): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `${head}jobs:\n  tick: { enabled: true, cron: "* * * * *", ${keys} }${more}`,
    handlers,
  });
  await s.start();
  return s;
}

const at = (minute: number) => `2026-11-21T10:${String(minute).padStart(2, '0')}:10Z`;
const begun = (s: Scenario) =>
  s.calls.map((call) => `${call.job} ${call.slot?.slice(11, 16) ?? '-'} ${call.attempt}`);

/** A handler that ends when its signal aborts, or when it is told to. */
function obedient() {
  const work = gate();
  const handler: HandlerFunction = (ctx) =>
    Promise.race([
      work.promise,
      new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason))),
    ]);
  return { handler, open: work.open };
}

it('max_instances places a job: one unless it is written', async () => {
  const work = gate();
  const s = await up('description: x', { tick: () => work.promise });
  await s.advanceTo(at(2));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:02:00Z skipped: overlap',
  ]);
  work.open({});
});

it('max_instances lets more than one run at a time', async () => {
  const work = gate();
  const s = await up('max_instances: 2', { tick: () => work.promise });
  await s.advanceTo(at(3));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:02:00Z running',
    '2026-11-21T10:03:00Z skipped: overlap',
  ]);
  work.open({});
});

it('skip: the slot is skipped, and the row names the run in the way', async () => {
  const work = gate();
  const s = await up('overlap: skip', { tick: () => work.promise });
  await s.advanceTo(at(2));
  const [running, skipped] = await s.rows('tick');
  expect(running).toMatchObject({ slot: '2026-11-21T10:01:00Z', state: 'running' });
  expect(skipped).toMatchObject({
    slot: '2026-11-21T10:02:00Z',
    state: 'skipped',
    reason: 'overlap',
    by: running?.run_id,
  });
  work.open({});
  await s.advanceTo(at(3));
  expect((await s.ledger('tick'))[2]).toBe('2026-11-21T10:03:00Z succeeded');
});

it('queue_one: the first waits, later ones are skipped and name the one that waits', async () => {
  const work = gate();
  const s = await up('overlap: queue_one', { tick: () => work.promise });
  await s.advanceTo(at(4));
  const [, waits, third, fourth] = await s.rows('tick');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:02:00Z queued',
    '2026-11-21T10:03:00Z skipped: overlap',
    '2026-11-21T10:04:00Z skipped: overlap',
  ]);
  expect([third?.by, fourth?.by]).toEqual([waits?.run_id, waits?.run_id]);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['tick 10:01 1', 'tick 10:02 1']);
});

it('queue_all: each waits, and they run one after another in their order', async () => {
  const work = gate();
  const s = await up('overlap: queue_all', { tick: () => work.promise });
  await s.advanceTo(at(4));
  expect((await s.ledger('tick')).slice(1)).toEqual([
    '2026-11-21T10:02:00Z queued',
    '2026-11-21T10:03:00Z queued',
    '2026-11-21T10:04:00Z queued',
  ]);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['tick 10:01 1', 'tick 10:02 1', 'tick 10:03 1', 'tick 10:04 1']);
});

it('queue_all keeps a hundred waiting; what comes then is skipped: queue_full', async () => {
  const work = gate();
  const s = await up('overlap: queue_all', { tick: () => work.promise });
  await s.advanceTo('2026-11-21T11:42:10Z');
  const ledger = await s.ledger('tick');
  expect(ledger).toHaveLength(102);
  expect(ledger.filter((row) => row.endsWith(' queued'))).toHaveLength(100);
  expect(ledger.slice(-2)).toEqual([
    '2026-11-21T11:41:00Z queued',
    '2026-11-21T11:42:00Z skipped: queue_full',
  ]);
  expect((await s.rows('tick'))[101]?.by).toBe((await s.rows('tick'))[0]?.run_id);
  work.open({});
});

it('cancel_previous waits for the confirmed end of the run before', async () => {
  const work = gate();
  const s = await up('overlap: cancel_previous', { tick: () => work.promise });
  await s.advanceTo(at(2));
  const [first] = await s.rows('tick');
  expect(s.calls[0]?.ctx.signal.aborted).toBe(true);
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z stopping', '2026-11-21T10:02:00Z queued']);
  work.open({});
  await s.quiet();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z cancelled',
    '2026-11-21T10:02:00Z succeeded',
  ]);
  expect(await s.service.run(first!.run_id)).toMatchObject({ state: 'cancelled', attempt: 1 });
});

it('cancel_previous: of those that wait only the newest stays', async () => {
  const work = gate();
  const s = await up('overlap: cancel_previous', { tick: () => work.promise });
  await s.advanceTo(at(4));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z stopping',
    '2026-11-21T10:02:00Z skipped: superseded',
    '2026-11-21T10:03:00Z skipped: superseded',
    '2026-11-21T10:04:00Z queued',
  ]);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['tick 10:01 1', 'tick 10:04 1']);
});

it('cancel_previous: a run that waits for the global cap gives its place up too', async () => {
  const work = gate();
  const s = await up(
    'overlap: cancel_previous',
    { tick: () => ({}), long: () => work.promise },
    '\n  long: { enabled: true, cron: "0 12 * * *", run_on_start: true }',
    'max_concurrent_executions: 1\n',
  );
  await s.advanceTo(at(2));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z skipped: superseded',
    '2026-11-21T10:02:00Z queued',
  ]);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['long - 1', 'tick 10:02 1']);
});

it('cancel_previous with two instances makes one place, that of the oldest', async () => {
  const { handler } = obedient();
  const s = await up('overlap: cancel_previous, max_instances: 2', { tick: handler });
  await s.advanceTo(at(3));
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z cancelled',
    '2026-11-21T10:02:00Z running',
    '2026-11-21T10:03:00Z running',
  ]);
});

it('allow: a slot runs beside whatever runs', async () => {
  const work = gate();
  const s = await up('overlap: allow', { tick: () => work.promise });
  await s.advanceTo(at(3));
  expect(begun(s)).toEqual(['tick 10:01 1', 'tick 10:02 1', 'tick 10:03 1']);
  work.open({});
});

it.each([
  ['skip', 'ALREADY_RUNNING', null],
  ['queue_one', null, 'queued'],
  ['queue_all', null, 'queued'],
  ['cancel_previous', null, 'queued'],
  ['allow', null, 'running'],
])('a manual start asks the same admission: %s', async (overlap, code, state) => {
  const work = gate();
  const s = await up(`overlap: ${overlap}`, { tick: () => work.promise });
  await s.advanceTo(at(1));
  const asked = s.service.runNow('tick', { by: 'ann' });
  if (code) await expect(asked).rejects.toMatchObject({ code });
  else await asked;
  await s.quiet();
  expect((await s.ledger('tick'))[1]).toBe(state ? `manual ${state}` : undefined);
  expect(s.calls[0]?.ctx.signal.aborted).toBe(overlap === 'cancel_previous');
  work.open({});
});

it('a refused manual start is an error and writes no row; force allows it', async () => {
  const work = gate();
  const s = await up('description: x', { tick: () => work.promise });
  await s.advanceTo(at(1));
  await expect(s.service.runNow('tick', { by: 'test' })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z running']);
  await s.service.runNow('tick', { by: 'test', force: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z running', 'manual running']);
  work.open({});
});

it('a run by hand takes the place of the next slot, which names it', async () => {
  const work = gate();
  const s = await up('description: x', { tick: () => work.promise });
  const run = await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo(at(1));
  expect((await s.rows('tick'))[1]).toMatchObject({ state: 'skipped', reason: 'overlap', by: run.run_id });
  work.open({});
});

it('a retry asks for a place again: it waits while a run by hand has it', async () => {
  const work = gate();
  const s = await up('retry_delay: 20s', {
    tick: (ctx) => {
      if (ctx.slot === null) return work.promise;
      if (ctx.attempt === 1) throw new Error('no luck');
      return {};
    },
  });
  await s.advanceTo(at(1));
  await s.service.runNow('tick', { by: 'ann' });
  await s.advanceTo('2026-11-21T10:01:40Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z queued', 'manual running']);
  work.open({});
  await s.quiet();
  expect(begun(s)).toEqual(['tick 10:01 1', 'tick - 1', 'tick 10:01 2']);
});

it('catch-up meets it too: what a blocked process decides late finds the job full', async () => {
  const work = gate();
  const s = await up('misfire_grace_time: 10s, misfire_policy: latest', { tick: () => work.promise });
  await s.advanceTo(at(1));
  s.clock.block(170_000);
  await s.advanceTo('2026-11-21T10:04:05Z');
  const [running, , skipped] = await s.rows('tick');
  expect(skipped).toMatchObject({ state: 'skipped', reason: 'overlap', by: running?.run_id });
  work.open({});
});
