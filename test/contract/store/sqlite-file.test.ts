// The SQLite store only: the file, its directory, its migrations, and every refusal with its fix.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { APPLICATION_ID, migrate, shippedMigrations } from '#store/sqlite/migrate';
import { openLedgerFile, openSqliteStore } from '#store/sqlite/open';
import { refuseNetworkFileSystem } from '#store/sqlite/state-dir';
import type { Store } from '#store/store';
import { startChild } from '../../support/child.ts';
import { addJobs, aJob, aRow, enqueue } from '../../support/ledger.ts';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

async function opened(stateDir: string, busyTimeoutMs = 20): Promise<Store> {
  const store = await openSqliteStore({ stateDir, busyTimeoutMs });
  onTestFinished(() => store.close());
  return store;
}

/** The file as another program sees it. */
function raw<T>(file: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file);
  try {
    return work(db);
  } finally {
    db.close();
  }
}
const pragma = (file: string, name: string) =>
  raw(file, (db) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

describe('a new ledger', () => {
  it('makes its directory for its owner alone, and a file that can shrink and says whose it is', async () => {
    const stateDir = join(directory(), 'deep', 'state');
    await opened(stateDir);
    const file = join(stateDir, 'scheduler.db');
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(
      ['journal_mode', 'auto_vacuum', 'application_id', 'user_version'].map((name) => pragma(file, name)),
    ).toEqual(['wal', 2, APPLICATION_ID, shippedMigrations().length]);
  });

  it('numbers its migrations without a gap', () => {
    expect(shippedMigrations().map((migration) => migration.version)).toEqual(
      shippedMigrations().map((_, index) => index + 1),
    );
  });

  it('has strict tables only', async () => {
    const stateDir = directory();
    await opened(stateDir);
    const tables = raw(join(stateDir, 'scheduler.db'), (db) => db.prepare('PRAGMA table_list').all());
    const loose = tables.filter(
      (table) => table.type === 'table' && table.strict === 0 && !String(table.name).startsWith('sqlite_'),
    );
    expect(loose).toEqual([]);
  });

  it('is made once when several processes open it at the same moment', async () => {
    const stateDir = join(directory(), 'state');
    const children = Array.from({ length: 4 }, () => startChild('store-child.ts', ['open', stateDir]));
    expect(await Promise.all(children.map((child) => child.answer()))).toEqual(Array(4).fill('opened'));
    await Promise.all(children.map((child) => child.ended));
  });
});

describe('migrations', () => {
  const newest = shippedMigrations().length;
  const second = {
    version: newest + 1,
    sql: 'ALTER TABLE jobs ADD COLUMN colour TEXT; CREATE TABLE extra (x INTEGER) STRICT;',
  };

  async function ledgerOfToday(): Promise<string> {
    const stateDir = directory();
    const store = await openSqliteStore({ stateDir });
    await addJobs(store, aJob('a'));
    await enqueue(store, 'a', aRow('r'));
    await store.close();
    return join(stateDir, 'scheduler.db');
  }

  function migrated(file: string, migrations: Parameters<typeof migrate>[1]): void {
    const db = openLedgerFile(file);
    try {
      migrate(db, migrations);
    } finally {
      db.close();
    }
  }

  it('take a copy of the file before they touch it, and keep the data', async () => {
    const file = await ledgerOfToday();
    migrated(file, [...shippedMigrations(), second]);
    expect(pragma(file, 'user_version')).toBe(newest + 1);
    expect(raw(file, (db) => db.prepare('SELECT id, colour FROM jobs').all())).toEqual([
      { id: 'a', colour: null },
    ]);
    const copy = `${file}.before-${newest + 1}`;
    expect([
      pragma(copy, 'user_version'),
      pragma(copy, 'application_id'),
      pragma(copy, 'integrity_check'),
    ]).toEqual([newest, APPLICATION_ID, 'ok']);
    expect(raw(copy, (db) => db.prepare('SELECT run_id FROM runs').all())).toEqual([{ run_id: 'r' }]);
  });

  it('are all or nothing: a failed one leaves version and data as they were', async () => {
    const file = await ledgerOfToday();
    const bad = { version: newest + 1, sql: 'CREATE TABLE half (x INTEGER) STRICT; SELECT nonsense;' };
    expect(() => migrated(file, [...shippedMigrations(), bad])).toThrow();
    expect(pragma(file, 'user_version')).toBe(newest);
    expect(raw(file, (db) => db.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all())).toEqual(
      [],
    );
    migrated(file, [...shippedMigrations(), second]);
    expect(pragma(file, 'user_version')).toBe(newest + 1);
  });

  it('copy neither a new file nor one that is up to date', async () => {
    const file = await ledgerOfToday();
    migrated(file, shippedMigrations());
    const versions = Array.from({ length: newest + 1 }, (_, i) => i + 1);
    expect(versions.filter((version) => existsSync(`${file}.before-${version}`))).toEqual([]);
  });
});

describe('refusals', () => {
  it('names both versions when the file is newer', async () => {
    const stateDir = directory();
    await (await openSqliteStore({ stateDir })).close();
    raw(join(stateDir, 'scheduler.db'), (db) => db.exec('PRAGMA user_version = 97'));
    const known = `${shippedMigrations().length}`;
    await expect(opened(stateDir)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(`97.*${known}`),
      fix: expect.any(String),
    });
  });

  it.each([
    ['an application id', 'PRAGMA application_id = 252006673; CREATE TABLE t (x)'],
    ['tables and no application id', 'CREATE TABLE t (x)'],
  ])('leaves a file of another program alone: %s', async (_, sql) => {
    const stateDir = directory();
    const file = join(stateDir, 'scheduler.db');
    raw(file, (db) => db.exec(sql));
    const before = readFileSync(file);
    await expect(opened(stateDir)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(file),
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('names a file that is no database, and what to do', async () => {
    const stateDir = directory();
    const file = join(stateDir, 'scheduler.db');
    writeFileSync(file, 'not a database, but long enough to have a header '.repeat(50));
    await expect(opened(stateDir)).rejects.toMatchObject({
      code: 'DATABASE_ERROR',
      message: expect.stringContaining(file),
      fix: expect.stringContaining(`${file}.before-`),
    });
  });

  it('names a damaged file when it is read', async () => {
    const stateDir = directory();
    const file = join(stateDir, 'scheduler.db');
    const store = await openSqliteStore({ stateDir });
    await addJobs(store, aJob('a'));
    await store.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, 8192));
    const reading = async () =>
      await (await opened(stateDir)).reconcile(0, { ids: [], ofSettings: true }, () => expect.unreachable());
    await expect(reading()).rejects.toMatchObject({
      code: 'DATABASE_ERROR',
      message: expect.stringContaining(file),
      fix: expect.stringContaining('.recover'),
    });
  });

  it('says so when another process holds the file for too long', async () => {
    const stateDir = directory();
    const store = await opened(stateDir);
    const other = new DatabaseSync(join(stateDir, 'scheduler.db'));
    other.exec('BEGIN IMMEDIATE');
    await expect(addJobs(store, aJob('a'))).rejects.toMatchObject({
      code: 'DATABASE_ERROR',
      fix: expect.stringContaining('Another process'),
    });
    other.exec('ROLLBACK');
    other.close();
    await addJobs(store, aJob('a'));
  });

  it.each(['state', 'state/below'])('needs a directory where %s is or lies below a file', async (path) => {
    const parent = directory();
    writeFileSync(join(parent, 'state'), '');
    await expect(opened(join(parent, path))).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      fix: expect.stringContaining('SCHEDULER_STATE_DIR'),
    });
  });

  it.each([
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['CIFS', 0xff534d42],
    ['CIFS', -0xacb2be],
    ['SMB2', 0xfe534d42],
    ['AFS', 0x5346414f],
    ['Coda', 0x73757245],
    ['Ceph', 0x00c36400],
    ['Lustre', 0x0bd00bd0],
  ])('will not write on a network file system: %s', (name, magic) => {
    expect(() => refuseNetworkFileSystem('/state', magic)).toThrow(
      expect.objectContaining({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining(`(${name})`),
        fix: expect.stringContaining('SCHEDULER_STATE_DIR'),
      }),
    );
  });

  it.each([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0])(
    'writes on local file systems: %i',
    (magic) => {
      expect(() => refuseNetworkFileSystem('/state', magic)).not.toThrow();
    },
  );
});

describe('a state directory of somebody else', () => {
  // Root may write anywhere, so it asks as a user who may not.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_533 } : undefined;
  const { uid, gid } = nobody ?? { uid: process.getuid?.(), gid: process.getgid?.() };

  async function openAsUser(stateDir: string): Promise<unknown> {
    const child = startChild('store-child.ts', ['open', stateDir], nobody);
    const answer = await child.answer();
    await child.ended;
    return answer;
  }

  function readable(): string {
    const path = directory();
    chmodSync(path, 0o755);
    return path;
  }

  it('is refused with the command that mends it', async () => {
    const stateDir = join(readable(), 'state');
    mkdirSync(stateDir, { mode: 0o555 });
    expect(await openAsUser(stateDir)).toMatchObject({
      code: 'FORBIDDEN',
      fix: `As root: chown -R ${uid}:${gid} ${stateDir}`,
    });
  });

  it('is refused when only the file in it is not ours', async () => {
    const stateDir = join(readable(), "it's");
    mkdirSync(stateDir);
    chmodSync(stateDir, 0o777);
    await (await openSqliteStore({ stateDir })).close();
    chmodSync(join(stateDir, 'scheduler.db'), 0o444);
    const quoted = `'${stateDir.replace("'", "'\\''")}'`;
    expect(await openAsUser(stateDir)).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('scheduler.db'),
      fix: `As root: chown -R ${uid}:${gid} ${quoted}`,
    });
  });

  it('is refused, not waited for, where no folder can be made', async () => {
    await expect(openSqliteStore({ stateDir: '/proc/nowhere/state' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('is refused when it cannot be made', async () => {
    const parent = readable();
    chmodSync(parent, 0o555);
    onTestFinished(() => chmodSync(parent, 0o755));
    const stateDir = join(parent, 'a', 'b');
    expect(await openAsUser(stateDir)).toMatchObject({
      code: 'FORBIDDEN',
      fix: `As root: mkdir -p ${stateDir} && chown -R ${uid}:${gid} ${stateDir}`,
    });
  });
});
