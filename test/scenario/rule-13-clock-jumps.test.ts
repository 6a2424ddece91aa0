// Rule 13: a clock that is set, a machine that sleeps, a clock that is wrong at start.
import { expect, it } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import type { Store } from '#store/store';
import { altered } from '../support/altered-store.ts';
import { createScenario, type Scenario, type ScenarioOptions } from '../support/scenario.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function ticking(
  policy = '',
  cron = '* * * * *',
  openStore: ScenarioOptions['openStore'] = openSqliteStore,
): Promise<Scenario> {
  const s = await createScenario({
    openStore,
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n  tick: { enabled: true, cron: "${cron}"${policy} }`,
    handlers: { tick: () => ({}) },
  });
  await s.start();
  return s;
}

/** The clock is set, and the next wake comes. */
async function jump(s: Scenario, ms: number): Promise<void> {
  s.clock.jumpWall(ms);
  await s.clock.advance(30_000);
}

const told = (s: Scenario) => s.lines.filter((line) => /clock was set/.test(String(line.msg)));

it('two seconds are drift, more is a jump, which is told', async () => {
  const s = await ticking();
  await jump(s, 2_000);
  expect(told(s)).toHaveLength(0);
  await jump(s, 2_001);
  expect(told(s)).toHaveLength(1);
});

it('it is compared at every wake, and no sleep is longer than 30 s', async () => {
  const s = await ticking('', '0 0 1 1 *');
  s.clock.jumpWall(10 * 60_000);
  await s.clock.advance(29_999);
  await s.clock.advance(1);
  expect(told(s)).toHaveLength(1);
});

it('nor is it longer after a fault of the ledger, whatever check_interval says', async () => {
  let isBroken = false;
  const broken = altered((store) => ({
    nextWake: (at) => (isBroken ? Promise.reject(new Error('broken')) : store.nextWake(at)),
  }));
  const s = await ticking('', '1 10 * * *', broken);
  isBroken = true;
  await s.advanceTo('2026-11-21T10:01:00Z');
  isBroken = false;
  s.clock.jumpWall(10 * MINUTE);
  await s.clock.advance(29_999);
  expect(told(s)).toHaveLength(0);
  await s.clock.advance(1);
  expect(told(s)).toHaveLength(1);
});

it('a wake on the way to the next slot reads nothing and writes nothing while the clock is right', async () => {
  const asked: string[] = [];
  const s = await ticking('', '0 0 1 1 *', async (options) => {
    const store = await openSqliteStore(options);
    return new Proxy(store, {
      get(target, name: keyof Store) {
        const own: unknown = target[name];
        if (typeof own !== 'function') return own;
        if (name !== 'tick' && name !== 'changedElsewhere') asked.push(name);
        return own.bind(target);
      },
    });
  });
  asked.length = 0;
  await s.clock.advance(30 * MINUTE);
  expect(asked).toEqual([]);
  await jump(s, HOUR);
  expect(asked).toContain('fire');
});

it('forward: what is within the grace runs, the rest is missed: clock_jump', async () => {
  const s = await ticking();
  await jump(s, HOUR);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:55:00Z missed: clock_jump x55',
    '2026-11-21T11:01:00Z succeeded x6',
  ]);
});

it('forward, by the misfire policy: the newest', async () => {
  const s = await ticking(', misfire_policy: latest, misfire_grace_time: 10', '0 * * * *');
  await jump(s, 3.5 * HOUR);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T12:00:00Z missed: clock_jump x2',
    '2026-11-21T13:00:00Z succeeded',
  ]);
});

it('a machine that slept for a day is a clock set forward', async () => {
  const s = await ticking();
  await jump(s, DAY);
  expect(await s.ledger('tick')).toEqual([
    '2026-11-22T09:55:00Z missed: clock_jump x1435',
    '2026-11-22T10:01:00Z succeeded x6',
  ]);
  expect(await s.service.why('tick', Date.parse('2026-11-21T20:00:00Z'))).toMatchObject({
    answer: 'missed',
    reason: 'clock_jump',
  });
});

it.each([1, 60, 3 * 3600])('back by %d s: no slot at or before the cursor runs again', async (seconds) => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await jump(s, -seconds * 1000);
  await s.advanceTo('2026-11-21T10:03:59Z');
  expect(s.calls).toHaveLength(3);
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toEqual(
    [1, 2, 3, 4, 5].map((minute) => `2026-11-21T10:0${minute}:00Z succeeded`),
  );
});

it('back by more than 3 h is a correction: the next slot is the first after now, nothing runs twice', async () => {
  const s = await ticking('', '0 * * * *');
  await s.advanceTo('2026-11-21T14:30:00Z');
  expect(s.calls).toHaveLength(4);
  await jump(s, -5 * HOUR);
  expect((await s.service.next({ count: 1 }))[0]?.slot).toBe('2026-11-21T10:00:00Z');
  await s.advanceTo('2026-11-21T15:30:00Z');
  expect((await s.ledger('tick')).toSorted()).toEqual(
    [10, 11, 12, 13, 14, 15].map((hour) => `2026-11-21T${hour}:00:00Z succeeded`),
  );
});

it('the correction is recorded', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await jump(s, -30 * DAY);
  expect(s.lines).toContainEqual(expect.objectContaining({ msg: expect.stringMatching(/corrected/) }));
});

it('ranges of skipped slots that reach past the corrected now are cut there, the rest counts anew', async () => {
  const s = await ticking('', '*/10 * * * *');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T15:05:00Z');
  await s.service.resume({ by: 'ann' });
  await s.clock.advance(1_000);
  expect(await s.ledger('tick')).toContainEqual(expect.stringMatching(/skipped: paused x/));
  await jump(s, -4 * HOUR);
  await s.advanceTo('2026-11-21T15:25:00Z');
  const rows = await s.rows('tick');
  const slots = rows.flatMap((row) => {
    const to = Date.parse(row.slot!);
    return Array.from({ length: row.covers?.count ?? 1 }, (_, n) => to - n * 10 * MINUTE);
  });
  const first = Date.parse('2026-11-21T10:10:00Z');
  expect(slots.toSorted()).toEqual(Array.from({ length: 32 }, (_, n) => first + n * 10 * MINUTE));
  expect(s.calls[0]?.slot).toBe('2026-11-21T11:10:00Z');
});

it('a pause that was made before the correction still holds', async () => {
  const s = await ticking();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await jump(s, -10 * HOUR);
  await s.clock.advance(5 * 60_000);
  expect(s.calls).toHaveLength(0);
});

it('a retry that waits does not wait for the old time', async () => {
  let calls = 0;
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  flaky: { enabled: true, cron: "1 10 * * *", retry_delay: 60 }',
    handlers: { flaky: () => ({ success: ++calls > 1 }) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await jump(s, -30 * DAY);
  await s.clock.advance(2 * 60_000);
  expect(calls).toBe(2);
});

it('far ahead and back again: each slot has one account', async () => {
  const s = await ticking('', '0 * * * *');
  await jump(s, 30 * DAY);
  await jump(s, -30 * DAY);
  await s.advanceTo('2026-11-21T12:30:00Z');
  expect((await s.ledger('tick')).slice(-2)).toEqual([
    '2026-11-21T11:00:00Z succeeded',
    '2026-11-21T12:00:00Z succeeded',
  ]);
});

/** A service that stopped at 10:02:30, and a clock that shows less than then. */
async function stoppedAhead(hours: number): Promise<Scenario> {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.stop();
  s.clock.jumpWall(-hours * HOUR);
  return s;
}

it('at start more than 3 h before the newest row: nothing is admitted, and status says so', async () => {
  const s = await stoppedAhead(3.1);
  await s.begin();
  await s.clock.advance(2 * 60_000);
  expect(s.calls).toHaveLength(2);
  expect(await s.installed.status()).toMatchObject({ state: 'stopped', clock_behind: expect.any(Number) });
  expect(s.lines).toContainEqual(
    expect.objectContaining({ level: 'ERROR', msg: expect.stringMatching(/behind the newest row/) }),
  );
});

it('exactly 3 h is none yet, a millisecond more is', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:02:00Z');
  await s.stop();
  const newest = Date.parse('2026-11-21T10:02:00Z');
  s.clock.jumpWall(newest - 3 * HOUR - s.clock.now() - 1);
  const { up, ended } = await s.begin();
  await s.clock.advance(0);
  expect(await s.installed.status()).toMatchObject({ clock_behind: expect.any(Number) });
  s.clock.jumpWall(-29_999);
  await s.clock.advance(30_000);
  await up;
  expect(await s.installed.status()).toMatchObject({ state: 'running', clock_behind: null });
  await s.stop();
  await ended;
});

it('less is no suspicion', async () => {
  const s = await stoppedAhead(2.9);
  await s.start();
  expect(await s.installed.status()).toMatchObject({ state: 'running', clock_behind: null });
});

it('until the clock is right', async () => {
  const s = await stoppedAhead(48);
  const { up } = await s.begin();
  await s.clock.advance(60_000);
  s.clock.jumpWall(48 * HOUR);
  await s.clock.advance(30_000);
  await up;
  await s.clock.advance(60_000);
  expect(await s.installed.status()).toMatchObject({ state: 'running', clock_behind: null });
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:04:00Z succeeded x2',
    '2026-11-21T10:05:00Z succeeded',
  ]);
});

it('or until start --accept-clock: from then on time counts anew, also at the start after', async () => {
  const s = await stoppedAhead(48);
  await s.start({ acceptClock: true });
  await s.clock.advance(2 * 60_000);
  expect(s.calls).toHaveLength(4);
  await s.stop();
  await s.start();
  await s.clock.advance(60_000);
  expect(s.calls).toHaveLength(5);
});
