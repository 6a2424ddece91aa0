// A ledger in use in, a file of one state of it out, by SQLite's own backup.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { SchedulerError } from '#core/errors';
import type { BackupOptions } from '../ledger-files.ts';
import { toFault } from './database.ts';

export const LEDGER_FILE = 'scheduler.db';
/** Pages between two looks at progress and signal: 4 MB. */
const STEP = 1_000;

/** See `LedgerFiles.backUp`. */
export async function backUpLedger(
  stateDir: string,
  file: string,
  options: BackupOptions,
): Promise<{ bytes: number }> {
  const ledger = join(resolve(stateDir), LEDGER_FILE);
  if (!existsSync(ledger))
    throw new SchedulerError(
      'CONFIG_NOT_FOUND',
      `there is no ledger in ${resolve(stateDir)}`,
      'name its directory with --state or SCHEDULER_STATE_DIR',
    );
  refuseTarget(file);
  const part = `${file}.part`;
  rmSync(part, { force: true });
  try {
    await copyDatabase(ledger, part, options);
    // Two backups to one name: the first one stays.
    refuseTarget(file);
    renameSync(part, file);
  } finally {
    rmSync(part, { force: true });
  }
  return { bytes: statSync(file).size };
}

/** One state of `from`, as a file that needs no other beside it, for its owner only, on the disk when this resolves. */
export async function copyDatabase(from: string, to: string, options: BackupOptions): Promise<void> {
  try {
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      // Holds this state of the file: a copy whose source is written to meanwhile would begin anew each time.
      source.exec('BEGIN');
      source.prepare('SELECT count(*) FROM sqlite_schema').get();
      closeSync(openSync(to, 'wx', 0o600));
      await backup(source, to, {
        rate: STEP,
        progress: ({ totalPages, remainingPages }) => {
          options.onProgress(totalPages - remainingPages, totalPages);
          options.signal.throwIfAborted();
        },
      });
      options.signal.throwIfAborted();
    } finally {
      source.close();
    }
    settleCopy(to);
  } catch (error) {
    throw toFault(error, from);
  }
}

function settleCopy(file: string): void {
  const copy = new DatabaseSync(file);
  try {
    // Of its own mode the copy would ask for a -wal file beside it.
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
  const handle = openSync(file, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function refuseTarget(file: string): void {
  if (existsSync(file))
    throw new SchedulerError('CONFLICT', `${file} is there already`, 'name a file that is not there');
  const folder = dirname(resolve(file));
  if (!existsSync(folder))
    throw new SchedulerError('CONFIG_NOT_FOUND', `there is no folder ${folder}`, `mkdir -p ${folder}`);
}
