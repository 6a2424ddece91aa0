// The invariant check: no slot between cursors without its account; a hole is reported, never repaired silently.

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function ticking(rest = '', upkeep = ''): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `${upkeep}jobs:\n  tick: { enabled: true, cron: "* * * * *"${rest} }`,
    handlers: { tick: () => ({}) },
  });
  await s.start();
  return s;
}

/** What a fault of the scheduler, or of a disk, would leave. */
function lose(s: Scenario, ...slots: string[]): void {
  const file = new DatabaseSync(path.join(s.installed.settings.stateDir, 'scheduler.db'));
  for (const slot of slots)
    file.prepare('DELETE FROM runs WHERE slot = ?').run(Date.parse(`2026-11-21T${slot}:00Z`));
  file.close();
}

const holes = async (s: Scenario) =>
  (await s.installed.status()).holes.map(({ job, from, to, count }) => `${job} ${from}..${to} x${count}`);
const errors = (s: Scenario) => s.lines.filter((line) => line.level === 'ERROR');

it('nothing is missing after an hour of runs, pauses, downtime and reloads', async () => {
  const s = await ticking(', max_executions: 1000');
  await s.advanceTo('2026-11-21T10:05:30Z');
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:10:30Z');
  await s.service.resume({ by: 'ann' });
  await s.advanceTo('2026-11-21T10:12:30Z');
  await s.crash();
  await s.advanceTo('2026-11-21T10:30:30Z');
  await s.start();
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/7 * * * *", coalesce: false }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:40:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: false, cron: "*/7 * * * *" }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:50:30Z');
  await s.writeSettings(OFF);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:55:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/2 * * * *" }`);
  await s.installed.reload();
  s.clock.jumpWall(-600_000);
  await s.advanceTo('2026-11-21T11:00:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/3 * * * *", max_executions: 22 }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T14:00:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/3 * * * *" }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T15:30:30Z');
  expect(await holes(s)).toEqual([]);
  expect(errors(s)).toEqual([]);
});

it('a hole is reported within the hour: in the log, in status, by why', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:20:30Z');
  lose(s, '10:05', '10:06', '10:11');
  await s.advanceTo('2026-11-21T11:01:30Z');
  expect(await holes(s)).toEqual([
    'tick 2026-11-21T10:11:00Z..2026-11-21T10:11:00Z x1',
    'tick 2026-11-21T10:05:00Z..2026-11-21T10:06:00Z x2',
  ]);
  expect(errors(s)).toMatchObject([
    { job_name: 'tick', from: '2026-11-21T10:05:00Z', to: '2026-11-21T10:06:00Z', slots: 2 },
    { job_name: 'tick', from: '2026-11-21T10:11:00Z', to: '2026-11-21T10:11:00Z', slots: 1 },
  ]);
  const { text, because } = await s.service.why('tick', '10:06');
  expect(because).toMatchObject({ no_account: true });
  expect(text).toMatch(/no account .* fault of the scheduler, please report it/);
});

it('a hole is never repaired, and told once', async () => {
  const s = await ticking('', 'cleanup_interval: 5m\n');
  await s.advanceTo('2026-11-21T10:09:30Z');
  lose(s, '10:08');
  await s.advanceTo('2026-11-21T10:25:30Z');
  await s.stop();
  await s.start();
  expect(await holes(s)).toEqual(['tick 2026-11-21T10:08:00Z..2026-11-21T10:08:00Z x1']);
  expect(errors(s)).toHaveLength(1);
  expect((await s.ledger('tick')).filter((row) => row.startsWith('2026-11-21T10:08'))).toEqual([]);
});

it('the check at start finds what was lost while no service was up', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:20:30Z');
  lose(s, '10:15');
  await s.stop();
  await s.start();
  expect(await holes(s)).toEqual(['tick 2026-11-21T10:15:00Z..2026-11-21T10:15:00Z x1']);
});

it('what retention took is no hole', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'history_max_rows: 5\ncleanup_interval: 1m\njobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:25:30Z');
  expect((await s.rows('tick')).length).toBeLessThanOrEqual(6);
  expect(errors(s)).toEqual([]);
});
