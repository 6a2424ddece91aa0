// A backup in, the ledger of a state directory out; what was there lies beside it afterwards.

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Replaced } from '../ledger-files.ts';
import type { Store } from '../store.ts';
import { copyDatabase, LEDGER_FILE } from './backup.ts';
import { Database, toFault } from './database.ts';
import { refuseForeign, refuseNewer } from './migrate.ts';
import { openLedgerFile } from './open.ts';

/** What belongs to a file in WAL mode. */
const SIDE_FILES = ['-wal', '-shm'];
const QUIET = { onProgress: () => {}, signal: new AbortController().signal };

export interface RestoreParts {
  stateDir: string;
  file: string;
  clock: Clock;
  openStore(db: Database): Store;
  /** Brings the copy up to now. */
  change(store: Store): Promise<void>;
}

/** See `LedgerFiles.restore`. */
export async function restoreLedger(parts: RestoreParts): Promise<Replaced> {
  const { stateDir, file, clock, openStore, change } = parts;
  refuseUnfit(file);
  const ledger = join(resolve(stateDir), LEDGER_FILE);
  const coming = `${ledger}.restoring`;
  removeAll(coming);
  try {
    await copyDatabase(file, coming, QUIET);
    const store = openStore(openLedgerFile(coming, { keepsCopy: false }));
    try {
      await change(store);
    } finally {
      // The last connection writes everything back into the one file.
      await store.close();
    }
    return { replaced: replace(ledger, coming, stampOf(clock)) };
  } finally {
    removeAll(coming);
  }
}

/** Everything that can be wrong with a backup is said before anything is touched. */
function refuseUnfit(file: string): void {
  if (!existsSync(file))
    throw new SchedulerError(
      'CONFIG_NOT_FOUND',
      `there is no file ${file}`,
      'name a file that `backup` made',
    );
  const db = new Database(file, { readOnly: true });
  try {
    refuseForeign(db);
    refuseNewer(db);
    const [fault] = faultsOf(db);
    if (db.pragma('user_version') === 0 || fault !== undefined)
      throw new SchedulerError(
        'DATABASE_ERROR',
        `${file} is no whole ledger: ${fault ?? 'it is empty'}`,
        'use another backup',
      );
  } finally {
    db.close();
  }
}

/** What SQLite finds wrong with the whole file. */
export function faultsOf(db: Database): string[] {
  const found = db.all('PRAGMA integrity_check(20)').map((row) => String(row.integrity_check));
  return found.filter((line) => line !== 'ok');
}

/**
 * At no instant is there neither the old ledger nor the new one: a start in between would begin an empty one. The old
 * one's side files go before it, or SQLite would play them into the new one.
 */
function replace(ledger: string, coming: string, stamp: string): string | null {
  let kept: string | null = null;
  if (existsSync(ledger)) {
    kept = `${ledger}.replaced-${stamp}`;
    writeBack(ledger);
    for (const side of SIDE_FILES) if (existsSync(ledger + side)) renameSync(ledger + side, `${kept}${side}`);
    keepAs(ledger, kept);
  }
  renameSync(coming, ledger);
  syncFolder(resolve(ledger, '..'));
  return kept;
}

/** The replaced file then needs no side file; a damaged one keeps them. */
function writeBack(ledger: string): void {
  try {
    const old = new DatabaseSync(ledger);
    try {
      old.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      old.close();
    }
  } catch (error) {
    if (toFault(error, ledger) === error) throw error;
  }
}

function keepAs(file: string, kept: string): void {
  try {
    linkSync(file, kept);
  } catch {
    // A file system without hard links.
    copyFileSync(file, kept);
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function removeAll(file: string): void {
  for (const end of ['', '-journal', ...SIDE_FILES]) rmSync(file + end, { force: true });
}

/** `20261201T030405123Z` */
function stampOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().replace(/[-:.]/g, '');
}
