// Rule 20: the deterministic delay that keeps jobs of one slot from starting together.
import { expect, it } from 'vitest';
import type { StoredJob } from '#core/job';
import { openSqliteStore } from '#store/sqlite/open';
import { createScenario, isoOf, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function withJobs(at: string, jobs: Record<string, string>): Promise<Scenario> {
  const lines = Object.entries(jobs).map(([id, keys]) => `  ${id}: { enabled: true, ${keys} }`);
  const s = await createScenario({
    at,
    scheduler: `jobs:\n${lines.join('\n')}`,
    handlers: Object.fromEntries(Object.keys(jobs).map((id) => [id, () => ({})])),
  });
  await s.start();
  return s;
}

/** The delays in seconds of the slots that a job catches up one by one after `hours` without a service. */
async function delays(job: string, hours: number): Promise<number[]> {
  const s = await withJobs('2026-11-21T00:30:00Z', {
    job: `${job}, misfire_policy: all, coalesce: false, catchup_max: 1000, catchup_window: 30d`,
  });
  await s.stop();
  await s.clock.advance(hours * 3_600_000);
  await s.start();
  return (await s.rows('job')).map((row) => (Date.parse(row.due_at) - Date.parse(row.slot!)) / 1000);
}

/** As the ledger has it. */
async function stored(s: Scenario, id = 'job'): Promise<StoredJob> {
  const store = await openSqliteStore({ stateDir: s.installed.settings.stateDir, clock: s.clock });
  const found = (await store.jobs()).find((job) => job.id === id)!;
  await store.close();
  return found;
}

/** Up at 10:59:30 with eight jobs, and the one of them that is due last: long after its slot, as good as surely. */
async function latestOfEight(): Promise<{ s: Scenario; id: string; due: number }> {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const s = await withJobs(
    '2026-11-21T10:59:30Z',
    Object.fromEntries(ids.map((id) => [id, 'cron: "0 * * * *", jitter: 5m'])),
  );
  const jobs = await Promise.all(ids.map(async (id) => ({ id, due: (await stored(s, id)).nextDue! })));
  return { s, ...jobs.toSorted((a, b) => b.due - a.due)[0]! };
}

it('forward only, at most the jitter', async () => {
  const found = await delays('cron: "0 * * * *", jitter: 2m', 30);
  expect(found).toHaveLength(30);
  expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...found)).toBeLessThanOrEqual(120);
  // Spread over all of it.
  expect(new Set(found.map((delay) => Math.floor(delay / 30))).size).toBeGreaterThan(2);
});

it('at most a tenth of the period', async () => {
  const found = await delays('cron: "0 * * * *", jitter: 1w', 30);
  expect(Math.max(...found)).toBeLessThanOrEqual(360);
  expect(Math.max(...found)).toBeGreaterThan(180);
});

it('the period is the time to the next slot, not to the one before', async () => {
  // Two slots a minute apart, then an hour of nothing: only the second has room.
  const found = await delays('cron: "0,1 * * * *", jitter: 1h', 20);
  const [first, second] = [found.filter((_, n) => n % 2 === 0), found.filter((_, n) => n % 2 === 1)];
  expect(Math.max(...first)).toBeLessThanOrEqual(6);
  expect(Math.max(...second)).toBeGreaterThan(6);
  expect(Math.max(...second)).toBeLessThanOrEqual(354);
});

it('a one-time job has no period: at most the jitter', async () => {
  const s = await withJobs('2026-11-21T10:00:30Z', { job: 'at: "2026-11-21T10:01:00Z", jitter: 20s' });
  const due = (await stored(s)).nextDue!;
  expect(due - Date.parse('2026-11-21T10:01:00Z')).toBeGreaterThanOrEqual(0);
  expect(due - Date.parse('2026-11-21T10:01:00Z')).toBeLessThanOrEqual(20_000);
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(s.calls.map((call) => call.at)).toEqual([isoOf(due)]);
  expect(await s.service.find('job')).toMatchObject({ state: 'completed' });
});

it('no jitter unless it is written', async () => {
  expect(new Set(await delays('cron: "0 * * * *"', 5))).toEqual(new Set([0]));
});

it('deterministic: the same slot of the same job is due at the same time after a restart', async () => {
  const s = await withJobs('2026-11-21T10:00:30Z', { job: 'cron: "0 * * * *", jitter: 5m' });
  const before = (await stored(s)).nextDue;
  await s.crash();
  await s.advanceTo('2026-11-21T10:59:00Z');
  await s.start();
  expect((await stored(s)).nextDue).toBe(before);
  await s.advanceTo('2026-11-21T11:06:00Z');
  expect(s.calls.map((call) => call.at)).toEqual([isoOf(before!)]);
});

it('jobs of one slot start at different times', async () => {
  const { s } = await latestOfEight();
  await s.advanceTo('2026-11-21T11:06:00Z');
  expect(s.calls).toHaveLength(8);
  expect(new Set(s.calls.map((call) => call.at)).size).toBeGreaterThan(1);
});

it('the key stays the slot; lateness counts from when it was due', async () => {
  const s = await withJobs('2026-11-21T10:59:30Z', { job: 'cron: "0 * * * *", jitter: 5m' });
  const due = (await stored(s)).nextDue!;
  await s.advanceTo('2026-11-21T11:06:00Z');
  expect(await s.rows('job')).toMatchObject([
    {
      slot: '2026-11-21T11:00:00Z',
      due_at: isoOf(due),
      started_at: isoOf(due),
      late_by: 0,
      state: 'succeeded',
    },
  ]);
  expect(s.calls[0]?.ctx).toMatchObject({
    slot: Date.parse('2026-11-21T11:00:00Z'),
    dueAt: due,
    idempotencyKey: 'job@2026-11-21T11:00:00Z',
  });
});

it('the grace counts from when it was due', async () => {
  const s = await withJobs('2026-11-21T10:59:30Z', {
    job: 'cron: "0 * * * *", jitter: 5m, misfire_grace_time: 60',
  });
  const due = (await stored(s)).nextDue!;
  await s.stop();
  await s.clock.advance(due + 60_000 - s.clock.now());
  await s.start();
  expect(await s.rows('job')).toMatchObject([{ state: 'succeeded', kind: 'scheduled', late_by: 60 }]);
});

it('a pause holds what is due in it, whenever its slot was', async () => {
  const { s, id, due } = await latestOfEight();
  await s.clock.advance(due - 2_000 - s.clock.now());
  await s.service.pause({ job: id, reason: null, until: null, by: 'ann' });
  await s.clock.advance(3_000);
  await s.service.resume({ job: id, by: 'ann' });
  await s.quiet();
  expect(await s.ledger(id)).toEqual(['2026-11-21T11:00:00Z skipped: paused']);
});

it('a pause that is over when it is due does not hold it', async () => {
  const { s, id, due } = await latestOfEight();
  await s.service.pause({ job: id, reason: null, until: null, by: 'ann' });
  await s.clock.advance(due - 1_000 - s.clock.now());
  await s.service.resume({ job: id, by: 'ann' });
  await s.clock.advance(2_000);
  expect(await s.ledger(id)).toEqual(['2026-11-21T11:00:00Z succeeded']);
});

it('an edited jitter moves the next due time, not the slot', async () => {
  const s = await withJobs('2026-11-21T10:00:30Z', { job: 'cron: "0 * * * *", jitter: 5m' });
  await s.writeSettings(`${OFF}  job: { enabled: true, cron: "0 * * * *", jitter: 0 }`);
  await s.installed.reload();
  expect(await stored(s)).toMatchObject({
    nextSlot: Date.parse('2026-11-21T11:00:00Z'),
    nextDue: Date.parse('2026-11-21T11:00:00Z'),
  });
});

it('a schedule edited between slot and due time leaves the slot as missed', async () => {
  const { s, id, due } = await latestOfEight();
  await s.clock.advance(due - 1_000 - s.clock.now());
  await s.writeSettings(`${OFF}  ${id}: { enabled: true, cron: "30 * * * *", jitter: 5m }`);
  await s.installed.reload();
  expect(await s.ledger(id)).toEqual(['2026-11-21T11:00:00Z missed: schedule_changed']);
});

it.each(['-1s', 'soon', '1mo'])('%s is refused', async (jitter) => {
  await expect(
    withJobs('2026-11-21T10:59:30Z', { job: `cron: "0 * * * *", jitter: ${jitter}` }),
  ).rejects.toThrow(/jobs\.job\.jitter: found/);
});
