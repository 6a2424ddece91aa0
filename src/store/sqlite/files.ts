// The ledger of a state directory as a whole: the promises of ledger-files.ts on SQLite.

import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '#core/clock';
import type { LedgerCheck, LedgerFiles } from '../ledger-files.ts';
import { newestInstant } from './audit.ts';
import { backUpLedger, LEDGER_FILE } from './backup.ts';
import { Database } from './database.ts';
import { refuseForeign, shippedMigrations } from './migrate.ts';
import { faultsOf, restoreLedger } from './restore.ts';
import { SqliteStore } from './sqlite-store.ts';
import { prepareStateDir } from './state-dir.ts';

export function sqliteLedgerFiles(clock: Clock): LedgerFiles {
  return {
    backUp: backUpLedger,
    async restore(stateDir, file, change) {
      prepareStateDir(stateDir, [LEDGER_FILE]);
      const openStore = (db: Database) => new SqliteStore(db, clock, randomUUID);
      return await restoreLedger({ stateDir, file, clock, openStore, change });
    },
    check: checkLedger,
  };
}

function checkLedger(stateDir: string): LedgerCheck | null {
  const folder = resolve(stateDir);
  const file = join(folder, LEDGER_FILE);
  if (!existsSync(file)) return null;
  const db = new Database(file, { readOnly: true });
  try {
    refuseForeign(db);
    const [version, newest] = [Number(db.pragma('user_version')), shippedMigrations().length];
    const faults = faultsOf(db);
    return {
      file,
      bytes: statSync(file).size,
      version,
      newest,
      faults,
      newestInstant: version === newest && faults.length === 0 ? newestInstant(db) : null,
      copies: copiesIn(folder),
    };
  } finally {
    db.close();
  }
}

function copiesIn(folder: string): LedgerCheck['copies'] {
  return readdirSync(folder)
    .filter(
      (name) => name.startsWith(`${LEDGER_FILE}.before-`) || name.startsWith(`${LEDGER_FILE}.replaced-`),
    )
    .map((name) => ({ file: join(folder, name), bytes: statSync(join(folder, name)).size }));
}
