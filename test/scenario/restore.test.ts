// A backup is taken beside a service and put back later: the time between is accounted for, and nothing of it runs anew.

import { copyFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Database } from '#store/sqlite/database';
import { migrate, shippedMigrations } from '#store/sqlite/migrate';
import { createHost } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { createScenario, gate, type Scenario } from '../support/scenario.ts';

const SCHEDULER = `
timezone: UTC
jobs:
  report: { handler: report, enabled: true, cron: "*/10 * * * *" }
  slow: { handler: slow, enabled: true, manual_only: true }
  once: { handler: report, enabled: true, at: "2026-03-01T01:00:00Z" }`;

async function started(): Promise<{ scenario: Scenario; open(): void }> {
  const wait = gate();
  const scenario = await createScenario({
    at: '2026-03-01T00:05:00Z',
    scheduler: SCHEDULER,
    handlers: { report: () => ({}), slow: () => wait.promise },
  });
  await scenario.start();
  onTestFinished(() => wait.open());
  return { scenario, open: () => wait.open() };
}

function keepingOf({ clock, dir }: Scenario) {
  const log = createLog({ clock, level: 'error', sink: { write: () => {} }, pretty: false });
  return createHost({ env: {}, cwd: dir, clock, log, version: 'test', pid: 2, random: () => 0.5 }).keeping;
}

const quiet = () => ({ onProgress: () => {}, signal: new AbortController().signal });
const inside = ({ dir }: Scenario, name: string) => path.join(dir, name);

async function backedUp(scenario: Scenario, name = 'copy.db'): Promise<string> {
  const file = inside(scenario, name);
  await keepingOf(scenario).backUp({}, file, quiet());
  return file;
}

describe('a ledger that is put back', () => {
  test('goes on from now: what passed meanwhile is one row, and nothing of it is run', async () => {
    const { scenario, open } = await started();
    await scenario.service.runNow('slow', { by: 'anna' });
    await scenario.advanceTo('2026-03-01T00:15:00Z');
    const file = await backedUp(scenario);
    open();
    await scenario.advanceTo('2026-03-01T01:25:00Z');
    expect(await scenario.ledger('once')).toEqual(['2026-03-01T01:00:00Z succeeded']);
    await scenario.stop();
    const before = scenario.calls.length;

    const done = await keepingOf(scenario).restore({}, file, 'cli:anna');
    expect(done).toMatchObject({
      file,
      backed_up_at: expect.stringMatching(/^2026-03-01T00:1/),
      restored_at: expect.stringMatching(/^2026-03-01T01:2/),
      jobs: 5,
      runs_ended: 1,
      slots_missed: 8,
      paused: true,
    });

    await scenario.start();
    expect(await scenario.ledger('report')).toEqual([
      '2026-03-01T00:10:00Z succeeded',
      '2026-03-01T01:20:00Z missed: restored x7',
    ]);
    expect(await scenario.ledger('once')).toEqual(['2026-03-01T01:00:00Z missed: restored']);
    expect(await scenario.ledger('slow')).toEqual(['manual interrupted: restored']);
    expect(await scenario.service.find('once')).toMatchObject({ state: 'completed', next_run: null });
    expect(await scenario.service.why('report', '2026-03-01T00:30:00Z')).toMatchObject({
      answer: 'missed',
      reason: 'restored',
    });
    expect((await scenario.installed.status()).holes).toEqual([]);
    expect(scenario.calls.length).toBe(before);
  });

  test('is paused, by whom and why, and runs again when somebody resumes', async () => {
    const { scenario } = await started();
    const file = await backedUp(scenario);
    await scenario.stop();
    await keepingOf(scenario).restore({}, file, 'cli:anna');
    await scenario.start();
    expect((await scenario.installed.status()).paused).toMatchObject([
      { source: 'api', who: 'cli:anna', why: `restored from ${file}` },
    ]);
    await scenario.advanceTo('2026-03-01T00:35:00Z');
    await scenario.service.resume({ by: 'anna' });
    await scenario.advanceTo('2026-03-01T00:45:00Z');
    expect(await scenario.ledger('report')).toEqual([
      '2026-03-01T00:30:00Z skipped: paused x3',
      '2026-03-01T00:40:00Z succeeded',
    ]);
    expect((await scenario.installed.status()).holes).toEqual([]);
  });

  test('drops what waited in it: it may have run since', async () => {
    const { scenario } = await started();
    await scenario.stop();
    const command = await scenario.command();
    await command.prepareWrite();
    await command.service.runNow('slow', { by: 'anna' });
    const file = await backedUp(scenario);
    const done = await keepingOf(scenario).restore({}, file, 'cli:anna');
    expect(done.runs_ended).toBe(1);
    await scenario.start();
    expect(await scenario.ledger('slow')).toEqual(['manual missed: restored']);
  });

  test('leaves the one that was there beside it, whole', async () => {
    const { scenario } = await started();
    const file = await backedUp(scenario);
    await scenario.advanceTo('2026-03-01T00:25:00Z');
    await scenario.stop();
    const { replaced } = await keepingOf(scenario).restore({}, file, 'cli:anna');
    expect(replaced).toMatch(/scheduler\.db\.replaced-20260301T00\d+Z$/);
    const kept = new DatabaseSync(replaced!, { readOnly: true });
    onTestFinished(() => kept.close());
    expect({ ...kept.prepare('SELECT count(*) AS n FROM runs').get() }).toEqual({ n: 2 });
    expect(kept.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const files = await readdir(inside(scenario, 'data'));
    expect(files.filter((name) => name.includes('restoring'))).toEqual([]);
  });

  test('may be of an earlier version', async () => {
    const { scenario } = await started();
    await scenario.stop();
    const file = inside(scenario, 'old.db');
    const old = new Database(file);
    migrate(old, shippedMigrations().slice(0, 2));
    old.close();
    await keepingOf(scenario).restore({}, file, 'cli:anna');
    await scenario.start();
    expect((await scenario.service.list()).map((job) => job.id)).toContain('report');
    expect((await readdir(inside(scenario, 'data'))).filter((name) => name.includes('before-'))).toEqual([]);
  });

  test('is told of in the audit', async () => {
    const { scenario } = await started();
    const file = await backedUp(scenario);
    await scenario.stop();
    const { replaced } = await keepingOf(scenario).restore({}, file, 'cli:anna');
    const db = new DatabaseSync(path.join(path.dirname(replaced!), 'scheduler.db'), { readOnly: true });
    onTestFinished(() => db.close());
    const found = db.prepare("SELECT after, by FROM job_changes WHERE what = 'restored'").all();
    expect(found.map((row) => [JSON.parse(String(row.after)).file, row.by])).toEqual([[file, 'cli:anna']]);
  });
});

describe('what is refused changes nothing', () => {
  async function refused(make: (file: string, scenario: Scenario) => Promise<unknown> | unknown) {
    const { scenario } = await started();
    await scenario.advanceTo('2026-03-01T00:15:00Z');
    const file = inside(scenario, 'bad.db');
    await make(file, scenario);
    await scenario.stop();
    const fault = await keepingOf(scenario)
      .restore({}, file, 'cli:anna')
      .then(
        () => null,
        (error: unknown) => error,
      );
    await scenario.start();
    expect(await scenario.ledger('report')).toEqual(['2026-03-01T00:10:00Z succeeded']);
    expect((await scenario.installed.status()).paused).toEqual([]);
    const files = await readdir(inside(scenario, 'data'));
    expect(files.filter((name) => /restoring|replaced/.test(name))).toEqual([]);
    return fault;
  }

  const made = (file: string, sql: string) => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };

  test('a file that is not there', async () => {
    expect(await refused(() => {})).toMatchObject({ code: 'CONFIG_NOT_FOUND', fix: expect.any(String) });
  });

  test('a file that is no database', async () => {
    const fault = await refused((file) => writeFile(file, 'no database '.repeat(100)));
    expect(fault).toMatchObject({ code: 'DATABASE_ERROR' });
  });

  test('a database of another program', async () => {
    const fault = await refused((file) => made(file, 'CREATE TABLE t (x)'));
    expect(fault).toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test('a backup of a newer version', async () => {
    const fault = await refused(async (file, scenario) => {
      await copyFile(await backedUp(scenario), file);
      made(file, 'PRAGMA user_version = 97');
    });
    expect(fault).toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining('97') });
  });

  test('a damaged backup', async () => {
    const fault = await refused(async (file, scenario) => {
      await copyFile(await backedUp(scenario), file);
      const { size } = await stat(file);
      const bytes = Buffer.alloc(size - 8192, 0xa5);
      const { open } = await import('node:fs/promises');
      const handle = await open(file, 'r+');
      await handle.write(bytes, 0, bytes.length, 8192);
      await handle.close();
    });
    expect(fault).toMatchObject({ code: 'DATABASE_ERROR' });
  });

  test('a restore beside a running service', async () => {
    const { scenario } = await started();
    const file = await backedUp(scenario);
    await expect(keepingOf(scenario).restore({}, file, 'cli:anna')).rejects.toMatchObject({
      code: 'CONFLICT',
      fix: expect.stringContaining('stop it'),
    });
    await scenario.advanceTo('2026-03-01T00:15:00Z');
    expect(await scenario.ledger('report')).toEqual(['2026-03-01T00:10:00Z succeeded']);
  });
});

describe('a backup', () => {
  test('is one file of one state, for its owner only', async () => {
    const { scenario } = await started();
    await scenario.advanceTo('2026-03-01T00:15:00Z');
    const file = await backedUp(scenario);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const db = new DatabaseSync(file, { readOnly: true });
    onTestFinished(() => db.close());
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const runs = db
      .prepare('SELECT slot, state FROM runs')
      .all()
      .map((row) => ({ ...row }));
    expect(runs).toEqual([{ slot: Date.parse('2026-03-01T00:10:00Z'), state: 'succeeded' }]);
    expect((await readdir(scenario.dir)).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
  });

  test('of a large ledger tells how far it is, and is not begun anew by those who write meanwhile', async () => {
    const { scenario } = await started();
    const writer = new DatabaseSync(inside(scenario, 'data/scheduler.db'));
    onTestFinished(() => writer.close());
    writer.exec("UPDATE jobs SET description = hex(zeroblob(3000000)) WHERE id = 'report'");
    const told: number[] = [];
    const onProgress = (done: number, total: number) => {
      told.push(done / total);
      writer.exec("UPDATE jobs SET name = name || '!' WHERE id = 'report'");
    };
    const file = inside(scenario, 'copy.db');
    await keepingOf(scenario).backUp({}, file, { ...quiet(), onProgress });
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    const copy = new DatabaseSync(file, { readOnly: true });
    onTestFinished(() => copy.close());
    expect({ ...copy.prepare("SELECT name FROM jobs WHERE id = 'report'").get() }).toEqual({
      name: 'report',
    });
  });

  test('never takes the place of another file', async () => {
    const { scenario } = await started();
    const file = await backedUp(scenario);
    const before = await stat(file);
    await expect(backedUp(scenario)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await stat(file)).mtimeMs).toBe(before.mtimeMs);
  });

  test.each([
    ['a folder that is not there', 'nowhere/copy.db', 'CONFIG_NOT_FOUND'],
    ['a folder', 'vault', 'CONFLICT'],
  ])('needs a place: %s', async (_, name, code) => {
    const { scenario } = await started();
    await expect(backedUp(scenario, name)).rejects.toMatchObject({ code });
  });

  test('that is broken off leaves no file', async () => {
    const { scenario } = await started();
    const signal = AbortSignal.abort();
    const asked = keepingOf(scenario).backUp({}, inside(scenario, 'copy.db'), { ...quiet(), signal });
    await expect(asked).rejects.toThrow();
    expect((await readdir(scenario.dir)).filter((name) => name.startsWith('copy'))).toEqual([]);
  });

  test('of nothing is refused', async () => {
    const { scenario } = await started();
    const asked = keepingOf(scenario).backUp(
      { state: inside(scenario, 'other') },
      inside(scenario, 'copy.db'),
      quiet(),
    );
    await expect(asked).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});
