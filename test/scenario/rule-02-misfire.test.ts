// Rule 2: what becomes of slots beyond their grace.
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

async function downFrom9To13(policy: string): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: `jobs:\n  hourly: { enabled: true, cron: "0 * * * *", ${policy} }`,
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T13:30:00Z');
  await s.start();
  return s;
}

it('skip, the default of the YAML: none runs, all are one missed range', async () => {
  const s = await downFrom9To13('description: x');
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T13:00:00Z missed: downtime x5']);
  const [row] = await s.rows('hourly');
  expect(row?.covers).toEqual({ from: '2026-11-21T09:00:00Z', to: '2026-11-21T13:00:00Z', count: 5 });
});

it('latest: the newest runs, as catch-up; the others are missed', async () => {
  const s = await downFrom9To13('misfire_policy: latest');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T12:00:00Z missed: downtime x4',
    '2026-11-21T13:00:00Z succeeded',
  ]);
  expect((await s.rows('hourly'))[1]).toMatchObject({ kind: 'catchup', late_by: 1800 });
});

it('latest adds nothing when a slot of the pass is within the grace', async () => {
  const s = await downFrom9To13('misfire_policy: latest, misfire_grace_time: 1h');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T12:00:00Z missed: downtime x4',
    '2026-11-21T13:00:00Z succeeded',
  ]);
  expect((await s.rows('hourly'))[1]).toMatchObject({ kind: 'scheduled' });
});

it('all: each is eligible, coalesced into one run', async () => {
  const s = await downFrom9To13('misfire_policy: all');
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T13:00:00Z succeeded x5']);
});

it('only the newest catchup_max are eligible, also for grace null', async () => {
  const s = await downFrom9To13('misfire_grace_time: null, catchup_max: 2');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T11:00:00Z missed: downtime x3',
    '2026-11-21T13:00:00Z succeeded x2',
  ]);
});

it('only those within catchup_window are eligible', async () => {
  const s = await downFrom9To13('misfire_policy: all, catchup_window: 2h');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T11:00:00Z missed: downtime x3',
    '2026-11-21T13:00:00Z succeeded x2',
  ]);
});

it('never catches up before the job was created', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *", misfire_policy: all }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  expect(await s.ledger('hourly')).toEqual([]);
});

it('an unbounded range is not walked: ten years of minutes are two rows', async () => {
  const s = await createScenario({
    at: '2016-11-21T08:30:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.stop();
  s.clock.jumpWall(Date.parse('2026-11-21T08:30:30Z') - s.clock.now());
  await s.start();
  const minutes = (Date.parse('2026-11-21T08:30:00Z') - Date.parse('2016-11-21T08:30:00Z')) / 60_000;
  expect(await s.ledger('tick')).toEqual([
    `2026-11-21T08:25:00Z missed: downtime x${minutes - 5}`,
    '2026-11-21T08:30:00Z succeeded x5',
  ]);
});

it('blocked: the process was up but could not decide in time', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:59:50Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *" }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  s.clock.block(3_620_000);
  await s.clock.advance(1);
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T09:00:00Z missed: blocked',
    '2026-11-21T10:00:00Z succeeded',
  ]);
});
