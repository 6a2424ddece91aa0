// Rule 14: hot reload.
import { readFile, writeFile } from 'node:fs/promises';
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

it('config_error names file, line, column, job and what may be meant', async () => {
  const s = await ticking();
  await rewrite(s, '  tick: { enabled: true, cron: "* * * * *", timout: 2 }');
  const { config_error } = await s.installed.status();
  expect(config_error?.[0]).toMatch(
    /^settings\/aclarai\.config\.yaml:7:\d+: scheduler\.jobs\.tick\.timout: /,
  );
  expect(config_error?.[0]).toContain('timeout');
  const line = s.lines.find((each) => each.error_type !== undefined);
  expect(line).toMatchObject({ level: 'ERROR', module_id: 'settings', error_type: 'NEAR_MISS' });
  expect(line?.details).toMatchObject({ line: 7, path: 'scheduler.jobs.tick.timout' });
});

it('a command beside the service sees the fault of the file too', async () => {
  const s = await ticking();
  const other = await s.command();
  await rewrite(s, '  tick: { enabled: true, cron: "nonsense" }');
  await other.reload();
  expect((await other.status()).config_error).toHaveLength(1);
});

it('a fault is told once, however often the file is looked at', async () => {
  const s = await ticking();
  await rewrite(s, '  tick: { enabled: true, cron: "nonsense" }');
  await s.installed.reload();
  await s.installed.reload();
  expect(s.lines.filter((line) => line.level === 'ERROR')).toHaveLength(1);
});

it('a fault in one job keeps the change of another from being applied', async () => {
  const s = await ticking();
  await rewrite(
    s,
    '  tick: { enabled: true, cron: "* * * * *" }\n  new: { enabled: true, cron: "* * * * *", handler: tick }\n  bad: { enabled: maybe }',
  );
  expect((await s.service.list()).map((job) => job.id)).not.toContain('new');
});

it('a start with a fault is refused', async () => {
  const s = await ticking();
  await s.stop();
  await s.writeSettings(`${OFF}  tick: { enabled: true, cron: "nonsense" }`);
  await expect(s.start()).rejects.toThrow('nonsense');
});

it('a queued run keeps its snapshot too', async () => {
  const work = gate();
  const head = 'max_concurrent_executions: 1\n';
  const long = '  long: { enabled: true, cron: "1 10 * * *", priority: 1 }\n';
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: `${head}jobs:\n${long}  tick: { enabled: true, cron: "1 10 * * *", input: { n: 1 } }`,
    handlers: { long: () => work.promise, tick: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:01:10Z');
  await s.writeSettings(`${head}${OFF}${long}  tick: { enabled: true, cron: "1 10 * * *", input: { n: 2 } }`);
  await s.installed.reload();
  work.open({});
  await s.quiet();
  expect(s.calls.at(-1)?.ctx.input).toEqual({ n: 1 });
});

it('restart_required is shown until the file says again what runs', async () => {
  const s = await ticking();
  expect((await s.installed.status()).restart_required).toEqual([]);
  const file = path.join(s.dir, 'settings/aclarai.config.yaml');
  const right = await readFile(file, 'utf8');
  await writeFile(
    file,
    right.replace('vault: vault', 'vault: elsewhere').concat('databases: { rabbitmq: { host: rabbit } }\n'),
  );
  await s.installed.reload();
  await s.installed.reload();
  expect((await s.installed.status()).restart_required).toEqual(['paths.vault', 'databases.rabbitmq']);
  expect(s.lines.filter((line) => line.restart_required)).toHaveLength(1);
  await writeFile(file, right);
  await s.installed.reload();
  expect((await s.installed.status()).restart_required).toEqual([]);
});
