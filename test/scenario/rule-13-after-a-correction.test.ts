// Rule 13 and the others: a clock that was set far back, and what happens to a job after it.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

const HOUR = 3_600_000;
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

/** Hourly from 06:00 to 11:00, then the clock goes back by 4 h, and 08:00 passes again. */
async function corrected(): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T05:30:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T11:30:00Z');
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  await s.advanceTo('2026-11-21T08:10:00Z');
  return s;
}

it.each([
  ['another schedule', '  tick: { enabled: true, cron: "30 * * * *" }'],
  ['switched off', '  tick: { enabled: false, cron: "0 * * * *" }'],
  ['gone', ''],
])('a job that is %s in the settings then gives no slot a second row', async (_name, jobs) => {
  const s = await corrected();
  await s.writeSettings(`${OFF}${jobs}`);
  await s.installed.reload();
  await s.quiet();
  expect(s.lines.filter((line) => line.level === 'ERROR')).toEqual([]);
  expect((await s.ledger('tick')).toSorted()).toEqual(
    ['06', '07', '08', '09', '10', '11'].map((hour) => `2026-11-21T${hour}:00:00Z succeeded`),
  );
  await s.stop();
  await s.start();
  expect((await s.installed.status()).state).toBe('running');
});

it('a pause outside that is gone at the start after it held nothing beyond that start', async () => {
  const s = await createScenario({
    at: '2026-11-21T12:00:00Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T13:30:00Z');
  await s.stop();
  s.clock.jumpWall(-5 * HOUR);
  const marker = path.join(s.dir, 'vault/.aclarai_pause');
  await writeFile(marker, '');
  await s.start({ acceptClock: true });
  await s.clock.advance(60_000);
  await s.stop();
  await rm(marker);
  await s.start();
  await s.advanceTo('2026-11-21T09:30:00Z');
  expect(s.calls.map((call) => call.slot)).toEqual(['2026-11-21T13:00:00Z', '2026-11-21T09:00:00Z']);
});

it('an open circuit has its next probe as soon as it would have had it', async () => {
  const s = await createScenario({
    at: '2026-11-21T12:00:30Z',
    scheduler:
      'jobs:\n  bad: { enabled: true, cron: "*/10 * * * *", retries: 0, circuit_after: 1, circuit_probe: 15m }',
    handlers: { bad: () => ({ success: false }) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T12:11:00Z');
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  await s.advanceTo('2026-11-21T08:41:00Z');
  expect(s.calls.map((call) => call.slot)).toEqual(['2026-11-21T12:10:00Z', '2026-11-21T08:30:00Z']);
});

it('a run that waits for its place waits as long as it would have', async () => {
  const s = await createScenario({
    at: '2026-11-21T12:00:30Z',
    scheduler:
      'jobs:\n  slow: { enabled: true, cron: "1,5 12 * * *", overlap: queue_one, queue_timeout: 30m, timeout: 1d }',
    handlers: { slow: () => new Promise(() => {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T12:06:00Z');
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  await s.clock.advance(31 * 60_000);
  expect((await s.ledger('slow'))[1]).toBe('2026-11-21T12:05:00Z missed: queue_timeout');
});

/** Every ten minutes; up since 12:00:30, and at once set back to 08:00:30. */
async function setBack(): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T12:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "*/10 * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  return s;
}

it('what was missed after it, at a time before the start, is no downtime', async () => {
  const s = await setBack();
  s.clock.block(HOUR);
  await s.clock.advance(60_000);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T08:50:00Z missed: blocked x5',
    '2026-11-21T09:00:00Z succeeded',
  ]);
});

it('nor is what nobody decided when the settings change then', async () => {
  const s = await setBack();
  await s.writeSettings(`enabled: false\n${OFF}  tick: { enabled: true, cron: "*/10 * * * *" }`);
  await s.installed.reload();
  await s.clock.advance(30 * 60_000);
  await s.writeSettings(`enabled: false\n${OFF}  tick: { enabled: true, cron: "7 * * * *" }`);
  await s.installed.reload();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T08:30:00Z missed: schedule_changed x3']);
});

it('a schedule that was edited before it holds from the corrected instant on, and no slot is reported as lost', async () => {
  const s = await createScenario({
    at: '2026-11-21T05:30:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T06:10:00Z');
  await s.stop();
  await s.advanceTo('2026-11-21T11:15:00Z');
  await s.start();
  expect((await s.ledger('tick')).at(-1)).toBe('2026-11-21T11:00:00Z missed: downtime x5');
  await s.advanceTo('2026-11-21T11:20:00Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "30 * * * *" }`);
  await s.installed.reload();
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  await s.advanceTo('2026-11-21T12:40:00Z');
  expect((await s.ledger('tick')).toSorted()).toEqual([
    '2026-11-21T06:00:00Z succeeded',
    '2026-11-21T07:00:00Z missed: downtime x1',
    ...['07', '08', '09', '10', '11', '12'].map((hour) => `2026-11-21T${hour}:30:00Z succeeded`),
  ]);
  expect((await s.installed.status()).holes).toEqual([]);
  expect(await s.service.why('tick', '2026-11-21T09:00:00Z')).toMatchObject({ answer: 'not_scheduled' });
  expect(await s.service.why('tick', '2026-11-21T09:30:00Z')).toMatchObject({ answer: 'ran' });
});

it('a range around a pause that is cut right behind the pause ends with a slot of its own', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "0 * * * *", misfire_policy: all, handler: gone }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.stop();
  const command = await s.command();
  await s.advanceTo('2026-11-21T12:30:00Z');
  const until = Date.parse('2026-11-21T14:30:00Z');
  await command.service.pause({ reason: null, until, by: 'ann' });
  await s.advanceTo('2026-11-21T18:40:00Z');
  await s.start();
  const range = '2026-11-21T18:00:00Z skipped: handler_missing x6';
  expect((await s.ledger('tick')).toSorted()).toEqual(['2026-11-21T14:00:00Z skipped: paused x2', range]);
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  expect((await s.ledger('tick')).toSorted()).toEqual([
    '2026-11-21T12:00:00Z skipped: handler_missing x2',
    '2026-11-21T14:00:00Z skipped: paused x2',
  ]);
  await s.advanceTo('2026-11-21T16:40:00Z');
  expect((await s.installed.status()).holes).toEqual([]);
});

it.each([
  [
    'is resumed before its time comes again, runs at its time',
    '2026-11-21T10:00:00Z',
    '2026-11-21T12:00:00Z',
  ],
  [
    'is still paused when its time comes again, runs at resume',
    '2026-11-21T12:30:00Z',
    '2026-11-21T12:30:00Z',
  ],
])('a one-time job that a pause held, and that %s', async (_name, resumed, ran) => {
  const s = await createScenario({
    at: '2026-11-21T11:30:00Z',
    scheduler: 'jobs:\n  party: { enabled: true, at: "2026-11-21T12:00:00Z" }',
    handlers: { party: () => ({}) },
  });
  await s.start({ paused: true });
  await s.advanceTo('2026-11-21T12:10:00Z');
  expect(await s.ledger('party')).toEqual(['2026-11-21T12:00:00Z skipped: paused']);
  s.clock.jumpWall(-4 * HOUR);
  await s.clock.advance(30_000);
  expect(await s.service.find('party')).toMatchObject({ next_run: '2026-11-21T12:00:00Z' });
  await s.advanceTo(resumed);
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T12:40:00Z');
  expect(s.calls.map((call) => call.at)).toEqual([ran]);
  expect(await s.ledger('party')).toEqual(['2026-11-21T12:00:00Z succeeded']);
  expect(await s.service.find('party')).toMatchObject({ state: 'completed' });
});
