// Rule 2: what becomes of slots beyond their grace.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { createScenario, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

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

it('latest is written in the shipped settings for both built-in jobs', async () => {
  const text = await readFile(new URL('../../settings/aclarai.config.yaml', import.meta.url), 'utf8');
  const { jobs } = parse(text).scheduler;
  expect([jobs.vault_sync.misfire_policy, jobs.housekeeping.misfire_policy]).toEqual(['latest', 'latest']);
});

it('a one-time job in the YAML without a policy has latest', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: 'jobs:\n  once: { enabled: true, at: "2026-11-21T09:00:00Z" }',
    handlers: { once: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T13:30:00Z');
  await s.start();
  expect(await s.ledger('once')).toEqual(['2026-11-21T09:00:00Z succeeded']);
});

it('latest looks at the slots of the pass: what a pause took is not one of them', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *", misfire_policy: latest }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T12:59:00Z');
  const down = await s.command();
  await down.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T13:01:00Z');
  await down.service.resume({ by: 'ann' });
  await s.start();
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T11:00:00Z missed: downtime x3',
    '2026-11-21T12:00:00Z succeeded',
    '2026-11-21T13:00:00Z skipped: paused',
  ]);
});

it('all, one run a slot: each of them runs, oldest first', async () => {
  const s = await downFrom9To13('misfire_policy: all, coalesce: false');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T09:00:00Z succeeded',
    '2026-11-21T10:00:00Z succeeded',
    '2026-11-21T11:00:00Z succeeded',
    '2026-11-21T12:00:00Z succeeded',
    '2026-11-21T13:00:00Z succeeded',
  ]);
});

it('what is within the grace is bounded by catchup_max and catchup_window too', async () => {
  const newest = await downFrom9To13('misfire_grace_time: 12h, catchup_max: 1');
  expect(await newest.ledger('hourly')).toEqual([
    '2026-11-21T12:00:00Z missed: downtime x4',
    '2026-11-21T13:00:00Z succeeded',
  ]);
  const window = await downFrom9To13('misfire_grace_time: 12h, catchup_window: 90m');
  expect(await window.ledger('hourly')).toEqual([
    '2026-11-21T11:00:00Z missed: downtime x3',
    '2026-11-21T13:00:00Z succeeded x2',
  ]);
});

it('without a word, ten slots within 24 hours are the most that run', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler:
      'jobs:\n  often: { enabled: true, cron: "*/10 * * * *", misfire_policy: all }\n  rarely: { enabled: true, cron: "0 */8 * * *", misfire_policy: all }',
    handlers: { often: () => ({}), rarely: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-23T08:00:00Z');
  await s.start();
  expect(await s.ledger('often')).toEqual([
    '2026-11-23T06:20:00Z missed: downtime x275',
    '2026-11-23T08:00:00Z succeeded x10',
  ]);
  // A slot exactly as old as the window is still inside.
  expect(await s.ledger('rarely')).toEqual([
    '2026-11-22T00:00:00Z missed: downtime x2',
    '2026-11-23T08:00:00Z succeeded x4',
  ]);
});

it('a window of zero lets only what is on time run', async () => {
  const s = await downFrom9To13('misfire_grace_time: null, catchup_window: 0');
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T13:00:00Z missed: downtime x5']);
  const timer = s.clock.timer.bind(s.clock);
  s.clock.timer = (ms, wake) => timer(ms + 3, wake);
  await s.stop();
  await s.advanceTo('2026-11-21T13:59:50Z');
  await s.start();
  await s.advanceTo('2026-11-21T14:00:10Z');
  expect((await s.ledger('hourly'))[1]).toBe('2026-11-21T14:00:00Z succeeded');
});

it('never catches up before the job was enabled', async () => {
  const s = await downFrom9To13('misfire_policy: all, description: x');
  await s.writeSettings(`${OFF}  hourly: { enabled: false, cron: "0 * * * *", misfire_policy: all }`);
  await s.installed.reload();
  await s.stop();
  await s.advanceTo('2026-11-21T16:59:50Z');
  await s.writeSettings(`${OFF}  hourly: { enabled: true, cron: "0 * * * *", misfire_policy: all }`);
  await s.start();
  await s.advanceTo('2026-11-21T17:00:10Z');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T13:00:00Z succeeded x5',
    '2026-11-21T17:00:00Z succeeded',
  ]);
});

it('never catches up across a change of the schedule, whatever the policy', async () => {
  const s = await downFrom9To13('misfire_policy: all');
  await s.stop();
  await s.advanceTo('2026-11-21T17:29:50Z');
  await s.writeSettings(`${OFF}  hourly: { enabled: true, cron: "30 * * * *", misfire_policy: all }`);
  await s.start();
  await s.advanceTo('2026-11-21T17:30:10Z');
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T13:00:00Z succeeded x5',
    '2026-11-21T17:00:00Z missed: downtime x4',
    '2026-11-21T17:30:00Z succeeded',
  ]);
});

it('a changed policy decides what is still undecided', async () => {
  const s = await downFrom9To13('misfire_policy: skip');
  await s.stop();
  await s.advanceTo('2026-11-21T16:30:00Z');
  await s.writeSettings(`${OFF}  hourly: { enabled: true, cron: "0 * * * *", misfire_policy: all }`);
  await s.start();
  expect((await s.ledger('hourly'))[1]).toBe('2026-11-21T16:00:00Z succeeded x3');
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

it('clock_jump: the clock was set forward past them', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *" }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  s.clock.jumpWall(4 * 3_600_000);
  await s.clock.advance(30_000);
  expect(await s.ledger('hourly')).toEqual(['2026-11-21T12:00:00Z missed: clock_jump x4']);
});

it('each reason has its own range row', async () => {
  const s = await createScenario({
    at: '2026-11-21T07:30:00Z',
    scheduler: 'jobs:\n  hourly: { enabled: true, cron: "0 * * * *", catchup_max: 1 }',
    handlers: { hourly: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T09:30:00Z');
  await s.start();
  s.clock.block(2 * 3_600_000);
  s.clock.jumpWall(2 * 3_600_000);
  await s.clock.advance(30_000);
  expect(await s.ledger('hourly')).toEqual([
    '2026-11-21T09:00:00Z missed: downtime x2',
    '2026-11-21T11:00:00Z missed: blocked x2',
    '2026-11-21T13:00:00Z missed: clock_jump x2',
  ]);
});

it('one late slot is a row without a range', async () => {
  const s = await createScenario({
    at: '2026-11-21T08:30:00Z',
    scheduler: 'jobs:\n  daily: { enabled: true, cron: "0 9 * * *" }',
    handlers: { daily: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T10:00:00Z');
  await s.start();
  expect(await s.rows('daily')).toMatchObject([
    { slot: '2026-11-21T09:00:00Z', state: 'missed', reason: 'downtime', covers: null, late_by: 3600 },
  ]);
});
