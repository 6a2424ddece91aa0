// Where rules meet: found by trying, kept so that they stay mended.
import { expect, it } from 'vitest';
import { createScenario, gate } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

it('a slot that is caught up at resume stands in the way of older ones of the same pass (rules 4, 6)', async () => {
  const s = await createScenario({
    at: '2026-11-21T09:58:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.stop();
  await s.advanceTo('2026-11-21T10:01:30Z');
  const command = await s.command();
  await command.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-21T10:03:30Z');
  await command.service.resume({ by: 'ann', catchUp: true });
  await s.start();
  expect(s.calls.map((call) => call.slot)).toEqual(['2026-11-21T10:03:00Z']);
});

it('what a person queued for a job that is removed for good leaves too, and its group is free (rules 4, 14, 15)', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:
  tick: { enabled: true, cron: "0 3 * * *", group: g }
  other: { enabled: true, cron: "0 12 * * *", group: g, overlap: queue_one }`,
    handlers: { tick: () => ({}), other: () => ({}) },
  });
  await s.start();
  await s.service.pause({ reason: null, until: null, by: 'ann' });
  await s.advanceTo('2026-11-22T03:00:30Z');
  await s.service.resume({ by: 'ann' });
  await s.stop();
  const command = await s.command();
  const slot = Date.parse('2026-11-22T03:00:00Z');
  await command.service.backfill('tick', { from: slot, to: slot, by: 'ann' });
  await s.writeSettings(`enabled: false\n${OFF}  other: { enabled: true, cron: "0 12 * * *", group: g }`);
  await s.start();
  await s.advanceTo('2026-11-23T04:00:00Z');
  await s.writeSettings(`${OFF}  other: { enabled: true, cron: "0 12 * * *", group: g }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-23T12:00:30Z');
  expect((await s.ledger('other')).at(-1)).toBe('2026-11-23T12:00:00Z succeeded');
});

it('a run is cancelled also while scheduler.enabled is false (rule 9)', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  slow: { enabled: true, cron: "1 10 * * *" }',
    handlers: { slow: (ctx) => ctx.sleep('1h').then(() => ({})) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.writeSettings(`enabled: false\n${OFF}  slow: { enabled: true, cron: "1 10 * * *" }`);
  await s.installed.reload();
  const [run] = await s.rows('slow');
  await s.service.cancelRun(run!.run_id, 'ann');
  await s.quiet();
  expect(await s.rows('slow')).toMatchObject([{ state: 'cancelled' }]);
});

it('a job whose executions are spent has no slots while it is away (rules 14, 19)', async () => {
  const job = '  tick: { enabled: true, cron: "* * * * *", max_executions: 1 }';
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `jobs:\n${job}`,
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await s.writeSettings(OFF);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:05:30Z');
  await s.writeSettings(`${OFF}${job}`);
  await s.installed.reload();
  await s.quiet();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('the lowest priority starts first, however many jobs are due at once (rule 5)', async () => {
  const names = Array.from({ length: 104 }, (_, n) => `j${String(n).padStart(3, '0')}`);
  const jobs = names.map(
    (name) =>
      `  ${name}: { enabled: true, cron: "1 10 * * *", handler: any, priority: ${name === 'j103' ? 1 : 100} }`,
  );
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `max_concurrent_executions: 1\njobs:\n${jobs.join('\n')}`,
    handlers: { any: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(s.calls.slice(0, 2).map((call) => call.job)).toEqual(['j103', 'j000']);
});

it('a dry backfill asks also beside a live run (rule 18)', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T09:58:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *", misfire_grace_time: 1 }',
    handlers: { tick: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  const stretch = { from: Date.parse('2026-11-21T09:00:00Z'), to: s.clock.now(), by: 'ann' };
  expect((await s.service.backfill('tick', { ...stretch, dryRun: true })).slots).toHaveLength(3);
  await expect(s.service.backfill('tick', stretch)).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
  work.open({});
  await s.quiet();
});
