// Another process holds the ledger's file for longer than anybody waits: nothing is lost, nothing runs twice.

import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import { type Child, startChild } from '../support/child.ts';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';
import { faultsOf } from './exactly-once.ts';

const START = Date.parse('2026-11-21T10:00:30Z');
const MINUTE = 60_000;
const SCHEDULE = { kind: 'cron', expression: '* * * * *' } as const;

async function beside(handler: () => unknown): Promise<Scenario> {
  const s = await createScenario({
    at: new Date(START).toISOString(),
    scheduler: 'jobs:\n  quick: { enabled: true, cron: "* * * * *", max_instances: 2 }',
    handlers: { quick: handler },
    // The waiting itself is SQLite's and blocks the thread: a moment of it is enough here.
    openStore: (options) => openSqliteStore({ ...options, busyTimeoutMs: 5 }),
  });
  await s.start();
  return s;
}

async function holder(s: Scenario): Promise<Child> {
  const child = startChild('store-child.ts', ['hold', `${s.dir}/data`]);
  onTestFinished(() => void child.process.kill('SIGKILL'));
  expect(await child.answer()).toBe('held');
  return child;
}

async function letGo(child: Child): Promise<void> {
  child.process.stdin!.write('let go\n');
  expect(await child.answer()).toBe('free');
  await child.ended;
}

it('slots that became due meanwhile are decided when it is free again', async () => {
  const s = await beside(() => ({}));
  await s.clock.advance(2 * MINUTE);
  const other = await holder(s);
  await s.clock.advance(3 * MINUTE);
  expect(s.calls).toHaveLength(2);
  await letGo(other);
  await s.clock.advance(2 * MINUTE);
  expect(faultsOf(s.dir, { quick: SCHEDULE }, [{ from: START, to: s.clock.now() }])).toEqual([]);
  expect((await s.rows('quick')).filter(({ state }) => state !== 'succeeded')).toEqual([]);
});

it('a run that ends meanwhile is recorded once it is free again, as what it was', async () => {
  const work = gate();
  const s = await beside(() => work.promise);
  await s.clock.advance(MINUTE);
  const other = await holder(s);
  work.open({ items_processed: 3 });
  await s.clock.advance(MINUTE);
  expect(await s.rows('quick')).toMatchObject([{ state: 'running' }]);
  await letGo(other);
  await s.clock.advance(10_000);
  expect((await s.rows('quick'))[0]).toMatchObject({
    state: 'succeeded',
    attempt: 1,
    statistics: { items_processed: 3 },
  });
  expect(s.calls.filter(({ slot }) => slot === '2026-11-21T10:01:00Z')).toHaveLength(1);
});

it('whoever holds it and is killed lets go, as the system does it', async () => {
  const s = await beside(() => ({}));
  const other = await holder(s);
  await s.clock.advance(2 * MINUTE);
  expect(s.calls).toEqual([]);
  other.process.kill('SIGKILL');
  await other.ended;
  await s.clock.advance(MINUTE);
  expect(faultsOf(s.dir, { quick: SCHEDULE }, [{ from: START, to: s.clock.now() }])).toEqual([]);
});
