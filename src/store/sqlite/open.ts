// A state directory in, its ledger out: `<stateDir>/scheduler.db`, made, checked and brought to this version.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Clock, systemClock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Store } from '../store.ts';
import { Database, isBusy } from './database.ts';
import { migrate, refuseForeign } from './migrate.ts';
import { SqliteStore } from './sqlite-store.ts';
import { prepareStateDir } from './state-dir.ts';

export interface SqliteStoreOptions {
  stateDir: string;
  clock?: Clock;
  /** Lease tokens; each call answers another one. */
  newId?: () => string;
  /** How long a write waits for another process (default 5 s); the event loop waits with it. */
  busyTimeoutMs?: number;
  /** Whether `onWrite` tells, at whatever instant of real time it is; a test whose clock stands still asks instead. */
  tellsOfWrites?: boolean;
}

const FILE = 'scheduler.db';

/**
 * Opens the ledger, making directory and file where they are missing. Throws SchedulerError with a fix: FORBIDDEN
 * (not ours to write), PRECONDITION_FAILED (network file system, newer version, another program's file),
 * DATABASE_ERROR (damaged, or locked by another process for too long).
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  prepareStateDir(options.stateDir, [FILE, `${FILE}-wal`, `${FILE}-shm`]);
  const { busyTimeoutMs } = options;
  const db = openLedgerFile(join(resolve(options.stateDir), FILE), {
    ...(busyTimeoutMs !== undefined && { busyTimeoutMs }),
  });
  return new SqliteStore(
    db,
    options.clock ?? systemClock,
    options.newId ?? randomUUID,
    options.tellsOfWrites,
  );
}

/** A state directory that somebody has used before. */
export function isLedgerThere(stateDir: string): boolean {
  return existsSync(join(resolve(stateDir), FILE));
}

/** All that the ledger takes on the disk. */
export function ledgerFiles(stateDir: string): string[] {
  return [FILE, `${FILE}-wal`].map((file) => join(resolve(stateDir), file));
}

/** The same without a look at the directory. `keepsCopy: false` = of a file that is a copy itself. */
export function openLedgerFile(
  file: string,
  { keepsCopy, ...options }: { busyTimeoutMs?: number; keepsCopy?: boolean } = {},
): Database {
  const db = new Database(file, options);
  try {
    refuseForeign(db);
    // Only works before the first page is written, so before WAL too; later it would be a write of its own.
    if (db.pragma('page_count') === 0) db.script('PRAGMA auto_vacuum = INCREMENTAL');
    useWal(db);
    // A commit is on the disk when it answers: a slot that was fired is never fired again, even after a power cut.
    db.script(
      'PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 1000',
    );
    migrate(db, undefined, keepsCopy === undefined ? {} : { keepsCopy });
    db.keepPlace();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const WAL_TRIES = 50;

/** While another process makes the same switch SQLite answers "busy" without waiting; its write lock is what waits. */
function useWal(db: Database): void {
  for (let attempt = 1; ; attempt++) {
    try {
      const mode = db.pragma('journal_mode = WAL');
      if (mode === 'wal') return;
      throw new SchedulerError(
        'PRECONDITION_FAILED',
        `${db.file} cannot be opened in WAL mode (it stays in "${mode}").`,
        'Name a directory on a local disk in SCHEDULER_STATE_DIR.',
      );
    } catch (error) {
      if (!isBusy(error) || attempt === WAL_TRIES) throw error;
      db.write(() => {});
    }
  }
}
