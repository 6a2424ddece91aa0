// Rule 6, at resume: which slots of the pause run after all.
import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const TICK = 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }';
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

async function onceAt1030(more = ''): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:29:30Z',
    scheduler: `jobs:\n  once: { enabled: true, at: "2026-11-21T10:30:00Z"${more} }`,
    handlers: { once: () => ({}) },
  });
  await s.start();
  return s;
}

it('a one-time slot that passed in a pause runs at resume if within 24 h', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: 'jobs:\n  once: { enabled: true, at: "2026-11-21T10:30:00Z" }',
    handlers: { once: () => ({}) },
  });
  await s.start();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T12:00:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z skipped: paused']);
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T12:01:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z succeeded']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('a one-time slot: later than that its skip stands', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: 'jobs:\n  once: { enabled: true, at: "2026-11-21T10:30:00Z" }',
    handlers: { once: () => ({}) },
  });
  await s.start();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:31:00Z');
  await s.stop();
  await s.advanceTo('2026-11-22T11:00:00Z');
  await s.start();
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-22T11:01:00Z');
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z skipped: paused']);
  expect(await s.service.find('once')).toMatchObject({ state: 'completed' });
});

it('resume --catch-up latest takes the newest slot out of the gap row', async () => {
  const s = await ticking();
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:05:30Z');
  const answer = await s.service.resume({ by: 'ann', catchUp: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:04:00Z skipped: paused x4',
    '2026-11-21T10:05:00Z succeeded',
  ]);
  const [gap, run] = await s.rows('tick');
  expect(gap?.covers).toEqual({ from: '2026-11-21T10:01:00Z', to: '2026-11-21T10:04:00Z', count: 4 });
  expect(run).toMatchObject({ kind: 'catchup', late_by: 30 });
  expect(answer.caught_up).toEqual([run?.run_id]);
});

it('--catch-up latest finds the newest slot also where a restart has closed its row', async () => {
  const s = await ticking();
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:03:10Z');
  await s.stop();
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.service.resume({ by: 'ann', catchUp: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z skipped: paused x2',
    '2026-11-21T10:03:00Z succeeded',
  ]);
});

it('--catch-up latest of a gap of one slot leaves no gap', async () => {
  const s = await ticking();
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.service.resume({ by: 'ann', catchUp: true });
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('--catch-up latest where nothing passed runs nothing', async () => {
  const s = await ticking();
  await s.service.pause(PAUSE);
  expect(await s.service.resume({ by: 'ann', catchUp: true })).toMatchObject({ caught_up: [] });
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('--catch-up latest of all jobs leaves out one that is paused by itself', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  a: { enabled: true, cron: "* * * * *" }\n  b: { enabled: true, cron: "* * * * *" }',
    handlers: { a: () => ({}), b: () => ({}) },
  });
  await s.start();
  await s.service.pause(PAUSE);
  await s.service.pause({ ...PAUSE, job: 'b' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.service.resume({ by: 'ann', catchUp: true });
  await s.quiet();
  expect(await s.ledger('a')).toEqual([
    '2026-11-21T10:01:00Z skipped: paused',
    '2026-11-21T10:02:00Z succeeded',
  ]);
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:02:00Z skipped: paused x2']);
});

it('--catch-up latest runs nothing while another source still holds', async () => {
  const s = await ticking({ AUTOMATION_PAUSE: 'true' });
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:02:30Z');
  const answer = await s.service.resume({ by: 'ann', catchUp: true });
  await s.quiet();
  expect(answer).toMatchObject({ caught_up: [], still_paused_by: [{ source: 'environment' }] });
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:02:00Z skipped: paused x2']);
});

it('--catch-up latest where the job has no place leaves the slot skipped', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: TICK,
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.service.resume({ by: 'ann', catchUp: true })).toMatchObject({ caught_up: [] });
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z running',
    '2026-11-21T10:03:00Z skipped: paused x2',
  ]);
  work.open({});
});

it('a one-time slot that passed in its own pause runs at resume, whatever the policy', async () => {
  const s = await onceAt1030(', misfire_policy: skip');
  await s.service.pause({ ...PAUSE, job: 'once' });
  await s.advanceTo('2026-11-21T10:40:00Z');
  await s.service.resume({ job: 'once', by: 'ann' });
  await s.quiet();
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z succeeded']);
});

it.each([
  ['exactly 24 h later it runs', '2026-11-22T10:30:00Z', 'succeeded'],
  ['a moment later it does not', '2026-11-22T10:30:00.001Z', 'skipped: paused'],
])('a one-time slot in a pause: %s', async (_case, back, end) => {
  const s = await onceAt1030();
  await s.service.pause(PAUSE);
  await s.advanceTo('2026-11-21T10:31:00Z');
  await s.stop();
  await s.advanceTo(back);
  await s.start();
  await s.service.resume({ by: 'ann' });
  await s.quiet();
  expect(await s.ledger('once')).toEqual([`2026-11-21T10:30:00Z ${end}`]);
});

it('a one-time slot still waits for its pause after a restart, and lists as paused', async () => {
  const s = await onceAt1030();
  await s.service.pause({ ...PAUSE, job: 'once' });
  await s.advanceTo('2026-11-21T10:31:00Z');
  await s.crash();
  await s.start();
  expect(await s.service.find('once')).toMatchObject({ state: 'paused' });
  await s.service.resume({ job: 'once', by: 'ann' });
  await s.quiet();
  expect(await s.ledger('once')).toEqual(['2026-11-21T10:30:00Z succeeded']);
});
