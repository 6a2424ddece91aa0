// Rule 16: enabled and manual_only.
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

const at = '2026-11-21T10:00:30Z';
const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function withJob(keys: string, env: Record<string, string> = {}): Promise<Scenario> {
  const s = await createScenario({
    at,
    env,
    scheduler: `jobs:\n  job: { ${keys} }`,
    handlers: { job: () => ({}) },
  });
  await s.start();
  return s;
}

it('enabled: false is not scheduled, and has no next run', async () => {
  const s = await withJob('enabled: false, cron: "* * * * *"');
  await s.advanceTo('2026-11-21T10:03:00Z');
  expect(await s.ledger('job')).toEqual([]);
  expect(await s.service.find('job')).toMatchObject({ state: 'disabled', enabled: false, next_run: null });
  expect(await s.service.next({ job: 'job', count: 5 })).toEqual([]);
});

it('a manual run of it needs force', async () => {
  const s = await withJob('enabled: false, cron: "* * * * *"');
  await expect(s.service.runNow('job', { by: 'ann' })).rejects.toMatchObject({
    code: 'PRECONDITION_FAILED',
    fix: expect.stringContaining('--force'),
  });
  expect(await s.ledger('job')).toEqual([]);
  await s.service.runNow('job', { by: 'ann', force: true });
  await s.quiet();
  expect(await s.ledger('job')).toEqual(['manual succeeded']);
  expect(await s.service.find('job')).toMatchObject({ state: 'disabled' });
});

it('run_on_start does not start it either', async () => {
  const s = await withJob('enabled: false, cron: "* * * * *", run_on_start: true');
  expect(await s.ledger('job')).toEqual([]);
});

it('it can be switched while the service is up, and goes on from now', async () => {
  const s = await withJob('enabled: true, cron: "* * * * *"');
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.writeSettings(`${OFF}  job: { enabled: false, cron: "* * * * *" }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await s.writeSettings(`${OFF}  job: { enabled: true, cron: "* * * * *", misfire_policy: all }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:04:30Z');
  expect(await s.ledger('job')).toEqual(['2026-11-21T10:01:00Z succeeded', '2026-11-21T10:04:00Z succeeded']);
  expect(await s.service.why('job', Date.parse('2026-11-21T10:03:00Z'))).toMatchObject({
    answer: 'not_scheduled',
    reason: 'disabled',
  });
});

it('manual_only is enabled, never scheduled; a run by hand needs no force', async () => {
  const s = await withJob('enabled: true, manual_only: true, cron: "* * * * *"');
  await s.advanceTo('2026-11-21T10:03:00Z');
  expect(await s.service.find('job')).toMatchObject({ state: 'active', enabled: true, next_run: null });
  await s.service.runNow('job', { by: 'ann' });
  await s.quiet();
  expect(await s.ledger('job')).toEqual(['manual succeeded']);
});

it('manual_only needs no schedule', async () => {
  const s = await withJob('enabled: true, manual_only: true');
  expect((await s.service.find('job')).schedule).toMatchObject({ kind: 'manual', expression: 'manual' });
});

it('manual_only and disabled: it needs force', async () => {
  const s = await withJob('enabled: false, manual_only: true');
  await expect(s.service.runNow('job', { by: 'ann' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
  await s.service.runNow('job', { by: 'ann', force: true });
  await s.quiet();
  expect(await s.ledger('job')).toEqual(['manual succeeded']);
});

it('built-in jobs default to enabled, also when the YAML does not name them', async () => {
  const s = await createScenario({ at, scheduler: 'timezone: UTC' });
  await s.writeSettings('timezone: UTC');
  await s.start();
  const jobs = await s.service.list();
  expect(jobs.map((job) => [job.id, job.enabled, job.schedule.expression])).toEqual([
    ['housekeeping', true, '0 3 * * *'],
    ['vault_sync', true, '*/30 * * * *'],
  ]);
  expect(s.lines.filter((line) => line.code === 'ENABLED_MISSING')).toEqual([]);
});

it('built-in jobs default to enabled when the YAML names them without the word', async () => {
  const s = await createScenario({ at, scheduler: 'timezone: UTC' });
  await s.writeSettings('jobs:\n  vault_sync: { cron: "0 * * * *" }\n  housekeeping: { enabled: false }');
  await s.start();
  expect((await s.service.list()).map((job) => [job.id, job.state])).toEqual([
    ['housekeeping', 'disabled'],
    ['vault_sync', 'active'],
  ]);
  expect(s.lines.filter((line) => line.code === 'ENABLED_MISSING')).toEqual([]);
});

it('other jobs of the YAML default to disabled', async () => {
  const s = await withJob('cron: "* * * * *"');
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.service.find('job')).toMatchObject({ state: 'disabled', enabled: false });
  expect(await s.ledger('job')).toEqual([]);
});

it('a missing enabled is a warning at start', async () => {
  const s = await withJob('cron: "* * * * *"');
  expect(s.lines).toContainEqual(
    expect.objectContaining({
      level: 'WARN',
      code: 'ENABLED_MISSING',
      msg: expect.stringMatching(/aclarai\.config\.yaml:7:\d+: scheduler\.jobs\.job: is disabled/),
    }),
  );
});

it('a missing enabled is a warning in list', async () => {
  const s = await withJob('cron: "* * * * *"');
  const job = (await s.service.list()).find((each) => each.id === 'job');
  expect(job?.warnings).toEqual(['disabled, because `enabled` is not written']);
});

it('a missing enabled is a warning in why', async () => {
  const s = await withJob('cron: "* * * * *"');
  await s.advanceTo('2026-11-21T10:02:30Z');
  const answer = await s.service.why('job', Date.parse('2026-11-21T10:02:00Z'));
  expect(answer).toMatchObject({ answer: 'not_scheduled', reason: 'disabled' });
  expect(answer.text).toContain('It is disabled, because `enabled` is not written.');
});

it('enabled: false that is written is no warning', async () => {
  const s = await withJob('enabled: false, cron: "* * * * *"');
  expect((await s.service.find('job')).warnings).toEqual([]);
  expect(s.lines.filter((line) => line.code === 'ENABLED_MISSING')).toEqual([]);
});

it.each([
  ['true', 'active', 'enabled: false'],
  ['false', 'disabled', 'enabled: true'],
  ['true', 'active', 'description: x'],
])('JOB_ENABLED=%s goes before the file: %s', async (value, state, keys) => {
  const s = await withJob(`${keys}, cron: "* * * * *"`, { JOB_ENABLED: value });
  expect(await s.service.find('job')).toMatchObject({ state, warnings: [] });
});
