// Golden answers of `why`: instants without a row, jobs that came and went, what is to come, what is cleaned up or lost.

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import type { JobSpec } from '#core/job';
import { openSqliteStore } from '#store/sqlite/open';
import { expectGolden } from '../support/golden.ts';
import { aPolicy } from '../support/ledger.ts';
import { createScenario, gate, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const AT = '2026-11-21T10:00:30Z';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function running(scheduler: string, handlers: Record<string, HandlerFunction>): Promise<Scenario> {
  const s = await createScenario({ at: AT, scheduler, handlers });
  await s.start();
  return s;
}

const one = (rest: string) => `jobs:\n  tick: { enabled: true, ${rest} }`;
const ticking = (rest = 'cron: "* * * * *"') => running(one(rest), { tick: () => ({}) });

async function rewrite(s: Scenario, jobs: string): Promise<void> {
  await s.writeSettings(`${OFF}${jobs}`);
  await s.installed.reload();
  await s.quiet();
}

/** A job of a face, every minute. */
const called = (id: string): JobSpec => ({
  ...{ id, name: id, description: null, handler: 'tick', input: {}, source: 'api', origin: null },
  ...{ owner: 'ann', moduleId: null, enabled: true, manualOnly: false, runOnStart: false },
  schedule: { kind: 'every', every: '1m', timezone: 'UTC', anchor: null },
  policy: aPolicy(),
  ...{ warnings: [], configHash: 'c' },
});
const GONE = { purge: false, cancelRunning: false };

it('between slots, while a run was under way or nothing was', async () => {
  const work = gate();
  const s = await running(one('cron: "*/10 * * * *"'), {
    tick: (ctx) => (ctx.slot === Date.parse('2026-11-21T10:10:00Z') ? work.promise : {}),
  });
  await s.advanceTo('2026-11-21T10:14:00Z');
  work.open({});
  await s.advanceTo('2026-11-21T10:31:00Z');
  await expectGolden('between-slots', await s.service.why('tick', '10:25'));
  await expectGolden('between-slots-while-running', await s.service.why('tick', '10:12'));
});

it('the job was disabled then', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await rewrite(s, '  tick: { enabled: false, cron: "* * * * *" }');
  await s.advanceTo('2026-11-21T10:05:30Z');
  await expectGolden('disabled-now', await s.service.why('tick', '10:03'));
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *" }');
  await expectGolden('disabled-then', await s.service.why('tick', '10:03'));
});

it('the job had had its runs', async () => {
  const s = await ticking('cron: "* * * * *", max_executions: 2');
  await s.advanceTo('2026-11-21T10:05:30Z');
  await expectGolden('completed', await s.service.why('tick', '10:04'));
});

it('the job runs by hand only', async () => {
  const s = await ticking('manual_only: true');
  await s.advanceTo('2026-11-21T10:05:30Z');
  await expectGolden('by-hand-only', await s.service.why('tick', '10:04'));
});

it('the job did not exist yet', async () => {
  const s = await ticking();
  await expectGolden('not-created', await s.service.why('tick', '09:59'));
});

it('an id that was deleted and made again: each instant is answered from the job of its time', async () => {
  const s = await ticking();
  await s.service.createJob(called('hourly'), 'cli:ann');
  await s.advanceTo('2026-11-21T10:03:00Z');
  await s.service.deleteJob('hourly', { ...GONE, by: 'cli:ben' });
  await s.advanceTo('2026-11-21T10:06:00Z');
  await s.service.createJob(called('hourly'), 'cli:ann');
  await s.advanceTo('2026-11-21T10:09:00Z');
  await expectGolden('made-again', await s.service.why('hourly', '2026-11-21T10:02:30Z'));
  await expectGolden('made-again-between', await s.service.why('hourly', '2026-11-21T10:05:00Z'));
  expect(await s.service.why('hourly', '2026-11-21T10:08:00Z')).toMatchObject({ answer: 'ran' });
  await s.service.deleteJob('hourly', { ...GONE, by: 'cli:ben' });
  await s.advanceTo('2026-11-21T10:12:00Z');
  await expectGolden('deleted', await s.service.why('hourly', '2026-11-21T10:11:00Z'));
  await expect(s.service.why('hurly', '10:00')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
});

it('a slot or an instant to come', async () => {
  const s = await ticking('cron: "0 * * * *"');
  await expectGolden('future', await s.service.why('tick', '12:00'));
  await expectGolden('future-between-slots', await s.service.why('tick', '12:30'));
  const until = Date.parse('2026-11-21T13:00:00Z');
  await s.service.pause({ job: 'tick', reason: 'backup', until, by: 'cli:ann' });
  await expectGolden('future-while-paused', await s.service.why('tick', '12:00'));
});

it('to come for a job that has no slots ahead', async () => {
  const s = await ticking();
  await rewrite(s, '  tick: { enabled: false, cron: "* * * * *" }');
  await expectGolden('future-while-disabled', await s.service.why('tick', '12:00'));
});

it('a slot that jitter makes due later', async () => {
  const s = await ticking('cron: "0 * * * *", jitter: 5m');
  await s.advanceTo('2026-11-21T11:00:00Z');
  const answer = await s.service.why('tick', '11:00');
  expect(answer).toMatchObject({ answer: 'future', slot: '2026-11-21T11:00:00Z' });
  expect(answer.text).toMatch(/is to come \(due at 2026-11-21 11:0\d:\d\dZ, because of its jitter\)\.$/);
});

it('cleaned up', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:10:30Z');
  const store = await openSqliteStore({ stateDir: s.installed.settings.stateDir, clock: s.clock });
  const before = Date.parse('2026-11-21T10:05:30Z');
  await store.prune({ at: s.clock.now(), before, maxRowsPerJob: 1000, maxRows: 1000, limit: 1000 });
  await store.close();
  await expectGolden('pruned', await s.service.why('tick', '10:03'));
  expect(await s.service.why('tick', '10:06')).toMatchObject({ answer: 'ran' });
});

it('a lost row is said to be a fault', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:05:30Z');
  const file = new DatabaseSync(path.join(s.installed.settings.stateDir, 'scheduler.db'));
  file.prepare('DELETE FROM runs WHERE slot = ?').run(Date.parse('2026-11-21T10:03:00Z'));
  file.close();
  await expectGolden('no-account', await s.service.why('tick', '10:03'));
});

it('settings that no service has read yet', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: one('cron: "* * * * *"'),
    handlers: { tick: () => ({}) },
  });
  const { service } = await s.command();
  await expectGolden('never-served', await service.why('tick', '09:59'));
  await expectGolden('never-served-future', await service.why('tick', '10:02'));
});

it('nothing is decided while scheduler.enabled is false', async () => {
  const s = await running('enabled: false\njobs:\n  tick: { enabled: true, cron: "* * * * *" }', {
    tick: () => ({}),
  });
  await s.advanceTo('2026-11-21T10:02:30Z');
  await expectGolden('not-enabled', await s.service.why('tick', '10:01'));
});
