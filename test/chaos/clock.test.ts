// The clock is set, or the machine sleeps, while jobs run: each slot has exactly one account, nothing runs twice (rule 13).

import { expect, it, vi } from 'vitest';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';
import { faultsOf, type Stretch } from './exactly-once.ts';
import type { LoadSchedule } from './slots.ts';

// Two hours of heartbeats are many steps of a clock moved by hand.
vi.setConfig({ testTimeout: 120_000 });

const START = Date.parse('2026-11-21T10:00:30Z');
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SCHEDULES: Record<string, LoadSchedule> = {
  quick: { kind: 'cron', expression: '*/5 * * * *' },
  slow: { kind: 'cron', expression: '*/10 * * * *' },
  grid: { kind: 'every', seconds: 450 },
  hourly: { kind: 'cron', expression: '0 * * * *' },
  each: { kind: 'cron', expression: '*/10 * * * *' },
};

const SETTINGS = `
jobs:
  quick: { enabled: true, cron: "*/5 * * * *" }
  slow: { enabled: true, cron: "*/10 * * * *", retries: 1, misfire_policy: latest }
  grid: { enabled: true, every: 450s, anchor: "2020-01-01T00:00:00Z", misfire_grace_time: null }
  hourly: { enabled: true, cron: "0 * * * *", misfire_policy: all }
  each: { enabled: true, cron: "*/10 * * * *", misfire_policy: all, coalesce: false, catchup_max: 3 }
`;

/** Rule 13: further back than this is a correction, after which slots without a row become due again. */
const CORRECTION = 3 * HOUR;

/** Wall time as it was lived, jumps forward included; a piece more for each correction. */
class Course {
  readonly s: Scenario;
  readonly lived: Stretch[] = [{ from: START, to: START }];

  constructor(s: Scenario) {
    this.s = s;
  }

  async advance(ms: number): Promise<void> {
    await this.s.clock.advance(ms);
    this.#reach();
  }

  /** Until it is so much later than it has ever been since the last correction. */
  async advancePast(ms: number): Promise<void> {
    await this.advance(this.lived.at(-1)!.to - this.s.clock.now() + ms);
  }

  set(ms: number): void {
    this.s.clock.jumpWall(ms);
    const now = this.s.clock.now();
    if (ms < -CORRECTION) this.lived.push({ from: now, to: now });
    this.#reach();
  }

  /** What is wrong with the ledger as it is now. */
  faults(): string[] {
    return faultsOf(this.s.dir, SCHEDULES, this.lived, this.s.clock.now());
  }

  #reach(): void {
    const last = this.lived.at(-1)!;
    last.to = Math.max(last.to, this.s.clock.now());
  }
}

async function course(): Promise<Course> {
  const done = () => ({});
  const s = await createScenario({
    at: new Date(START).toISOString(),
    scheduler: SETTINGS,
    handlers: { quick: done, grid: done, hourly: done, each: done, slow: done },
  });
  await s.start();
  return new Course(s);
}

/** Attempts that began more than once. */
function repeated(s: Scenario): string[] {
  const seen = s.calls.map(({ ctx, attempt }) => `${ctx.idempotencyKey} attempt ${attempt}`);
  return seen.filter((each, n) => seen.indexOf(each) !== n);
}

const JUMPS: [string, number][] = [
  ['+1 s', SECOND],
  ['-1 s', -SECOND],
  ['+1 min', MINUTE],
  ['-1 min', -MINUTE],
  ['+2 h', 2 * HOUR],
  ['-2 h', -2 * HOUR],
  ['+1 day, which is a machine that slept', DAY],
  ['-4 h', -4 * HOUR],
  ['+30 days', 30 * DAY],
  ['-30 days', -30 * DAY],
];

it.each(JUMPS)('%s while a job runs', async (_name, jump) => {
  const about = await course();
  const { s } = about;
  const work = gate();
  s.handlers.slow = () => work.promise;
  await about.advance(10 * MINUTE);
  expect(s.installed.running).toHaveLength(1);
  about.set(jump);
  await about.advance(40 * SECOND);
  work.open({});
  await about.advancePast(11 * MINUTE);
  expect(about.faults()).toEqual([]);
  expect(repeated(s)).toEqual([]);
  expect(await rowAt(s, 'slow', '2026-11-21T10:10:00Z')).toMatchObject({ state: 'succeeded', attempt: 1 });
});

it.each(JUMPS)('%s and back again', async (_name, jump) => {
  const about = await course();
  await about.advance(5 * MINUTE);
  about.set(jump);
  await about.advance(5 * MINUTE);
  about.set(-jump);
  const before = about.s.calls.length;
  await about.advancePast(11 * MINUTE);
  expect(about.s.calls.length).toBeGreaterThan(before);
  expect(about.faults()).toEqual([]);
  expect(repeated(about.s)).toEqual([]);
});

it.each(JUMPS.filter(([, jump]) => jump >= -CORRECTION))(
  '%s between a crash and the next start',
  async (_name, jump) => {
    const about = await course();
    await about.advance(5 * MINUTE);
    await about.s.crash();
    about.set(jump);
    await about.advance(MINUTE);
    await about.s.start();
    await about.advancePast(11 * MINUTE);
    expect(about.faults()).toEqual([]);
    expect(repeated(about.s)).toEqual([]);
  },
);

it.each(JUMPS.filter(([, jump]) => jump < -CORRECTION))(
  '%s between a crash and the next start: nothing is admitted until the clock is right',
  async (_name, jump) => {
    const about = await course();
    const { s } = about;
    await about.advance(5 * MINUTE);
    await s.crash();
    s.clock.jumpWall(jump);
    const { up } = await s.begin();
    const calls = s.calls.length;
    await s.clock.advance(10 * MINUTE);
    expect(s.calls).toHaveLength(calls);
    s.clock.jumpWall(-jump);
    await about.advance(MINUTE);
    await up;
    await about.advance(11 * MINUTE);
    expect(about.faults()).toEqual([]);
    expect(repeated(s)).toEqual([]);
  },
);

async function rowAt(s: Scenario, job: string, slot: string): Promise<unknown> {
  return (await s.rows(job)).find((row) => row.slot === slot);
}
