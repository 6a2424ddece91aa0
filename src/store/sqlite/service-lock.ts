// The right to run the two loops: one holder for each state directory, freed by the system when its process ends.

import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isBusy, toFault } from './database.ts';
import { prepareStateDir } from './state-dir.ts';

export type ServiceLock = { kind: 'held'; release(): void } | { kind: 'busy' };

const FILE = 'service.lock';

/** The lock belongs to the process: without this, the garbage collector would free it once nobody holds `release`. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock or answers `busy` at once. It is a SQLite file in an exclusive transaction: the kernel frees it even
 * after `kill -9`, and no process id is compared. Nobody in this process may open that file by other means: closing any
 * handle of a file drops the POSIX locks that its process holds on it. Throws like `openSqliteStore`.
 *
 * Who only looks whether somebody holds it takes it for a moment; `waitMs` outlasts such a look (the thread is blocked).
 */
export function acquireServiceLock(stateDir: string, waitMs = 0): ServiceLock {
  prepareStateDir(stateDir, [FILE]);
  const file = join(resolve(stateDir), FILE);
  const connection = new DatabaseSync(file, { timeout: waitMs });
  try {
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    const fault = toFault(error, file);
    if (isBusy(fault)) return { kind: 'busy' };
    throw fault;
  }
  held.add(connection);
  return {
    kind: 'held',
    release: () => {
      if (held.delete(connection)) connection.close();
    },
  };
}
