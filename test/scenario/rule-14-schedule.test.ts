// Rule 14, changed schedules: unchanged jobs go on, changed ones go on from now.
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

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

it('unchanged jobs keep cursor and identity', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await rewrite(
    s,
    '  tick: { enabled: true, cron: "* * * * *" }\n  new: { enabled: true, cron: "0 * * * *", handler: tick }',
  );
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('a changed schedule goes on from now, without catch-up across the change', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await rewrite(s, '  tick: { enabled: true, cron: "*/10 * * * *" }');
  await s.advanceTo('2026-11-21T10:10:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:10:00Z succeeded',
  ]);
});

it('old slots still undecided at a change in downtime are missed: downtime', async () => {
  const s = await ticking();
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/10 * * * *" }`);
  await s.start();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:04:00Z missed: downtime x4']);
});

it('a schedule edited after the clock went back goes on from what is accounted for', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:05:30Z');
  s.clock.jumpWall(-180_000);
  await rewrite(s, '  tick: { enabled: true, cron: "*/2 * * * *" }');
  await s.advanceTo('2026-11-21T10:06:30Z');
  expect((await s.ledger('tick')).at(-1)).toBe('2026-11-21T10:06:00Z succeeded');
  expect(s.lines.filter((line) => line.level === 'ERROR')).toEqual([]);
});

it('max_executions lowered below the count completes the job', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *", max_executions: 2 }');
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toHaveLength(3);
  expect(await s.service.find('tick')).toMatchObject({ state: 'completed' });
  expect(await s.service.why('tick', Date.parse('2026-11-21T10:04:00Z'))).toMatchObject({
    answer: 'not_scheduled',
  });
});

it('pausing and resuming one job does not hide its schedule from why', async () => {
  const s = await ticking();
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.service.resume({ job: 'tick', by: 'ann' });
  await s.stop();
  await s.advanceTo('2026-11-21T10:30:30Z');
  await s.start();
  expect(await s.service.why('tick', Date.parse('2026-11-21T10:10:00Z'))).toMatchObject({
    answer: 'missed',
    reason: 'downtime',
  });
});

it('an unchanged job keeps its slot when the file is read in the middle of it', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:00:59Z');
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *", priority: 7, timeout: 5m }');
  await s.advanceTo('2026-11-21T10:01:10Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  expect((await s.service.find('tick')).policy).toMatchObject({ priority: 7, timeout: 300 });
});

it('a slot that is due at the very instant of the change is decided under the old schedule', async () => {
  const s = await ticking();
  s.clock.block(30_000);
  await rewrite(s, '  tick: { enabled: true, cron: "30 * * * *" }');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:30:00Z' }]);
});

it('old slots still undecided at a change while the service is up are missed: schedule_changed', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'enabled: false\njobs:\n  tick: { enabled: true, cron: "* * * * *", misfire_policy: all }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.writeSettings(`enabled: false\n${OFF}  tick: { enabled: true, cron: "*/10 * * * *" }`);
  await s.installed.reload();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:03:00Z missed: schedule_changed x3']);
});

it('slots of the downtime and of the time after it are told apart', async () => {
  const s = await ticking();
  await s.stop();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.writeSettings(`enabled: false\n${OFF}  tick: { enabled: true, cron: "* * * * *" }`);
  await s.start();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.writeSettings(`enabled: false\n${OFF}  tick: { enabled: true, cron: "*/10 * * * *" }`);
  await s.installed.reload();
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z missed: downtime x2',
    '2026-11-21T10:04:00Z missed: schedule_changed x2',
  ]);
});

it.each([
  ['the zone', 'cron: "* * * * *", timezone: Europe/Paris'],
  ['day_match', 'cron: "* * * * *", day_match: and'],
  ['the kind', 'every: 60s'],
  ['manual_only', 'cron: "* * * * *", manual_only: true'],
])('a change of %s is a change of the schedule: nothing is caught up', async (_what, keys) => {
  const s = await ticking();
  await s.stop();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, misfire_policy: all, ${keys} }`);
  await s.start();
  expect((await s.rows('tick')).map((row) => `${row.state} ${row.reason} ${row.covers?.count}`)).toEqual([
    'missed downtime 2',
  ]);
});

it('the last schedule of a day of many edits holds, and why knows each', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await rewrite(s, '  tick: { enabled: true, cron: "0 * * * *" }');
  await s.clock.advance(60_000);
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *" }');
  await s.advanceTo('2026-11-21T10:03:10Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:03:00Z succeeded',
  ]);
  expect(await s.service.why('tick', Date.parse('2026-11-21T10:02:00Z'))).toMatchObject({
    answer: 'not_scheduled',
    reason: null,
  });
});
