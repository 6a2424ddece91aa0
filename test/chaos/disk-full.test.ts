// The disk is full: nothing is admitted and status says so; with space again every slot gets its account by itself.

import { expect, it } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';
import { faultsOf } from './exactly-once.ts';
import { FaultyLedger } from './faulty-ledger.ts';
import type { LoadSchedule } from './slots.ts';

const START = Date.parse('2026-11-21T10:00:30Z');
const MINUTE = 60_000;

const SETTINGS = `
jobs:
  quick: { enabled: true, cron: "* * * * *" }
  late: { enabled: true, cron: "* * * * *", misfire_grace_time: 30, misfire_policy: all, catchup_max: 2 }
  slow: { enabled: true, cron: "*/10 * * * *" }
`;
const SCHEDULES: Record<string, LoadSchedule> = {
  quick: { kind: 'cron', expression: '* * * * *' },
  late: { kind: 'cron', expression: '* * * * *' },
  slow: { kind: 'cron', expression: '*/10 * * * *' },
};

async function onDisk(ledger: FaultyLedger): Promise<{ s: Scenario; work: ReturnType<typeof gate> }> {
  const work = gate();
  const s = await createScenario({
    at: new Date(START).toISOString(),
    scheduler: SETTINGS,
    handlers: { quick: () => ({ text: 'x'.repeat(2_000) }), late: () => ({}), slow: () => work.promise },
    openStore: ledger.open,
  });
  await s.start();
  return { s, work };
}

const lived = (s: Scenario) => [{ from: START, to: s.clock.now() }];

it('nothing is admitted or started, and status says since when the ledger takes nothing', async () => {
  const ledger = new FaultyLedger();
  const { s } = await onDisk(ledger);
  await s.clock.advance(2 * MINUTE);
  const calls = s.calls.length;
  expect((await s.installed.status()).warnings).toEqual([]);
  ledger.isFull = true;
  await s.clock.advance(5 * MINUTE);
  expect(s.calls).toHaveLength(calls);
  expect(ledger.refused).toBeGreaterThan(0);
  const { warnings, last_tick } = await s.installed.status();
  expect(warnings).toEqual([expect.stringContaining(`since ${last_tick}`)]);
  expect(s.lines).toContainEqual(
    expect.objectContaining({ level: 'ERROR', error: expect.stringContaining('full') }),
  );
  ledger.isFull = false;
});

it('with space again each slot has its account, and what ran meanwhile its end', async () => {
  const ledger = new FaultyLedger();
  const { s, work } = await onDisk(ledger);
  await s.clock.advance(10 * MINUTE);
  expect(s.installed.running).toHaveLength(1);
  ledger.isFull = true;
  work.open({ items_processed: 1 });
  await s.clock.advance(4 * MINUTE);
  ledger.isFull = false;
  await s.clock.advance(2 * MINUTE);
  expect(faultsOf(s.dir, SCHEDULES, lived(s))).toEqual([]);
  expect((await s.installed.status()).warnings).toEqual([]);
  expect(await s.ledger('slow')).toEqual(['2026-11-21T10:10:00Z succeeded']);
  expect(s.calls.filter(({ job }) => job === 'slow')).toHaveLength(1);
  const late = (await s.rows('late')).slice(10);
  expect(late.map(({ state, reason }) => reason ?? state)).toEqual(
    expect.arrayContaining(['blocked', 'succeeded']),
  );
});

it('a file that may not grow loses nothing: SQLite itself refuses, and takes back the whole step', async () => {
  const ledger = new FaultyLedger();
  const { s, work } = await onDisk(ledger);
  await s.clock.advance(MINUTE);
  ledger.stopGrowth();
  await s.clock.advance(40 * MINUTE);
  expect(JSON.stringify(s.lines)).toContain('is full: free some space; nothing of this step was written');
  const decided = await s.ledger('quick');
  expect(decided.length).toBeLessThan(41);
  ledger.allowGrowth();
  work.open({});
  await s.clock.advance(2 * MINUTE);
  expect(faultsOf(s.dir, SCHEDULES, lived(s))).toEqual([]);
  const begun = s.calls.map(({ ctx, attempt }) => `${ctx.idempotencyKey} ${attempt}`);
  expect(new Set(begun).size).toBe(begun.length);
  const others = (await s.rows()).filter(({ state }) => state !== 'succeeded');
  expect(others.filter(({ reason }) => reason === null)).toEqual([]);
});
