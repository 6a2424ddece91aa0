// Rule 14: hot reload.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { SqliteStore } from '#store/sqlite/sqlite-store';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const OFF = 'jobs:\n  vault_sync: { enabled: false }\n  housekeeping: { enabled: false }\n';

async function rewrite(s: Scenario, jobs: string): Promise<void> {
  await s.writeSettings(`${OFF}${jobs}`);
  await s.installed.reload();
  await s.quiet();
}

async function ticking(handlers = { tick: () => ({}) as unknown }): Promise<Scenario> {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers,
  });
  await s.start();
  return s;
}

it('any fault: nothing is applied, the last good settings stay, the fault is told with its line', async () => {
  const s = await ticking();
  await rewrite(
    s,
    '  tick: { enabled: true, cron: "*/5 * * * *", timout: 5 }\n  other: { enabled: true, cron: "61 * * * *" }',
  );
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  const { config_error } = await s.installed.status();
  expect(config_error).toHaveLength(2);
  expect(config_error?.[0]).toMatch(/aclarai\.config\.yaml:7:\d+/);
  expect(config_error?.[0]).toContain('timeout');
  expect(s.lines.filter((line) => line.level === 'ERROR')).toHaveLength(2);
});

it('the fault is gone once the file is right again', async () => {
  const s = await ticking();
  await rewrite(s, '  tick: { enabled: true, cron: "nonsense" }');
  await rewrite(s, '  tick: { enabled: true, cron: "*/5 * * * *" }');
  expect((await s.installed.status()).config_error).toBeNull();
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:05:00Z' }]);
});

it('a torn file is a fault like any other', async () => {
  const s = await ticking();
  await writeFile(
    path.join(s.dir, 'settings/aclarai.config.yaml'),
    'scheduler:\n  jobs:\n    tick: { enabled: tr',
  );
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:01:30Z');
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
});

it('unchanged jobs keep cursor and identity', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await rewrite(
    s,
    '  tick: { enabled: true, cron: "* * * * *" }\n  new: { enabled: true, cron: "0 * * * *", handler: tick }',
  );
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
});

it('a changed schedule goes on from now, without catch-up across the change', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await rewrite(s, '  tick: { enabled: true, cron: "*/10 * * * *" }');
  await s.advanceTo('2026-11-21T10:10:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
    '2026-11-21T10:10:00Z succeeded',
  ]);
});

it('old slots still undecided at a change in downtime are missed: downtime', async () => {
  const s = await ticking();
  await s.stop();
  await s.advanceTo('2026-11-21T10:04:30Z');
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "*/10 * * * *" }`);
  await s.start();
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:04:00Z missed: downtime x4']);
});

it('a live run keeps its snapshot of input and config hash', async () => {
  const work = gate();
  const s = await ticking({ tick: () => work.promise });
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *", input: { n: 1 } }');
  await s.advanceTo('2026-11-21T10:01:10Z');
  const [before] = await s.rows('tick');
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *", input: { n: 2 } }');
  work.open({});
  await s.advanceTo('2026-11-21T10:02:10Z');
  const [first, second] = await s.rows('tick');
  expect(first).toMatchObject({ input: { n: 1 }, config_hash: before?.config_hash });
  expect(second?.input).toEqual({ n: 2 });
  expect(second?.config_hash).not.toBe(first?.config_hash);
});

it('queued runs of a job that is disabled are skipped with that reason; a waiting retry fails with it', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'max_concurrent_executions: 1\njobs:\n  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: true, cron: "1 10 * * *" }\n  c: { enabled: true, cron: "1 10 * * *", priority: 0, retry_delay: 1h }',
    handlers: {
      a: () => work.promise,
      b: () => ({}),
      c: () => {
        throw new Error('no luck');
      },
    },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.writeSettings(
    `max_concurrent_executions: 1\n${OFF}  a: { enabled: true, cron: "1 10 * * *", priority: 1 }\n  b: { enabled: false, cron: "1 10 * * *" }\n  c: { enabled: false, cron: "1 10 * * *", priority: 0, retry_delay: 1h }`,
  );
  await s.installed.reload();
  expect(await s.ledger('b')).toEqual(['2026-11-21T10:01:00Z skipped: disabled']);
  expect(await s.rows('c')).toMatchObject([
    { state: 'failed', reason: 'disabled', error: { message: 'no luck' } },
  ]);
  work.open({});
});

it('removed from the YAML: no new starts, the history stays; it returns and goes on from now', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:01:30Z');
  await rewrite(s, '');
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.service.find('tick')).toMatchObject({ state: 'orphaned', next_run: null });
  expect(await s.ledger('tick')).toEqual(['2026-11-21T10:01:00Z succeeded']);
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *" }');
  await s.advanceTo('2026-11-21T10:04:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:03:00Z skipped: orphaned x2',
    '2026-11-21T10:04:00Z succeeded',
  ]);
});

it('vault path and databases need a restart, which is said; all else is live', async () => {
  const s = await ticking();
  const file = path.join(s.dir, 'settings/aclarai.config.yaml');
  await writeFile(
    file,
    `paths: { vault: elsewhere }\nscheduler:\n  ${OFF.replaceAll('\n', '\n  ')}  tick: { enabled: true, cron: "*/2 * * * *" }\n`,
  );
  await s.installed.reload();
  expect(s.lines).toContainEqual(expect.objectContaining({ restart_required: ['paths.vault'] }));
  expect(s.installed.settings.app.paths.vault).toBe(path.join(s.dir, 'vault'));
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:02:00Z' }]);
});

it('a run that goes on while its job is switched off starts no further attempt', async () => {
  const work = gate();
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  a: { enabled: true, cron: "1 10 * * *" }\n  o: { enabled: true, cron: "1 10 * * *" }',
    handlers: { a: () => work.promise, o: () => work.promise },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await rewrite(s, '  a: { enabled: false, cron: "1 10 * * *" }');
  work.fail(new Error('no luck'));
  await s.quiet();
  expect(await s.rows('a')).toMatchObject([
    { state: 'failed', reason: 'disabled', error: { message: 'no luck' } },
  ]);
  expect(await s.rows('o')).toMatchObject([{ state: 'failed', reason: 'orphaned' }]);
});

it('scheduler.enabled switches the loops while the service is up', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'enabled: false\njobs:\n  tick: { enabled: true, cron: "* * * * *" }',
    handlers: { tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  await s.installed.reload();
  expect(await s.ledger('tick')).toEqual([]);
  await s.writeSettings(`enabled: true\n${OFF}  tick: { enabled: true, cron: "* * * * *" }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:03:30Z');
  expect(await s.ledger('tick')).toEqual([
    '2026-11-21T10:02:00Z succeeded x2',
    '2026-11-21T10:03:00Z succeeded',
  ]);
  await s.writeSettings(`enabled: false\n${OFF}  tick: { enabled: true, cron: "* * * * *" }`);
  await s.installed.reload();
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toHaveLength(2);
});

it('a ledger that cannot take the change keeps the old settings in force, and is asked again', async () => {
  const s = await ticking();
  const refused = vi.spyOn(SqliteStore.prototype, 'reconcile').mockRejectedValue(new Error('disk full'));
  await rewrite(s, '  tick: { enabled: true, cron: "*/10 * * * *" }');
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:01:00Z' }]);
  refused.mockRestore();
  await s.advanceTo('2026-11-21T10:00:40Z');
  expect(await s.service.next({ job: 'tick', count: 1 })).toMatchObject([{ slot: '2026-11-21T10:10:00Z' }]);
});

it('a schedule edited after the clock went back goes on from what is accounted for', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:05:30Z');
  s.clock.jumpWall(-180_000);
  await rewrite(s, '  tick: { enabled: true, cron: "*/2 * * * *" }');
  await s.advanceTo('2026-11-21T10:06:30Z');
  expect((await s.ledger('tick')).at(-1)).toBe('2026-11-21T10:06:00Z succeeded');
  expect(s.lines.filter((line) => line.level === 'ERROR')).toEqual([]);
});

it('max_executions lowered below the count completes the job', async () => {
  const s = await ticking();
  await s.advanceTo('2026-11-21T10:03:30Z');
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *", max_executions: 2 }');
  await s.advanceTo('2026-11-21T10:05:30Z');
  expect(await s.ledger('tick')).toHaveLength(3);
  expect(await s.service.find('tick')).toMatchObject({ state: 'completed' });
  expect(await s.service.why('tick', Date.parse('2026-11-21T10:04:00Z'))).toMatchObject({
    answer: 'not_scheduled',
  });
});

it('pausing and resuming one job does not hide its schedule from why', async () => {
  const s = await ticking();
  await s.service.pause({ job: 'tick', reason: null, until: null, by: 'ann' });
  await s.service.resume({ job: 'tick', by: 'ann' });
  await s.stop();
  await s.advanceTo('2026-11-21T10:30:30Z');
  await s.start();
  expect(await s.service.why('tick', Date.parse('2026-11-21T10:10:00Z'))).toMatchObject({
    answer: 'missed',
    reason: 'downtime',
  });
});
