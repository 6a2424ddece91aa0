// An opened file in, a file of this version out: the numbered .sql files, each in one transaction, after a copy.

import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SchedulerError } from '#core/errors';
import { Database } from './database.ts';

/** `ACLS`: says in the file's header whose it is. */
export const APPLICATION_ID = 0x41_43_4c_53;

export interface Migration {
  version: number;
  sql: string;
}

/** `migrations/0001-….sql` is version 1, and so on without a gap. */
export function shippedMigrations(): Migration[] {
  const folder = join(import.meta.dirname, 'migrations');
  return readdirSync(folder)
    .filter((file) => /^\d{4}-.*\.sql$/.test(file))
    .sort()
    .map((file) => ({
      version: Number(file.slice(0, 4)),
      sql: readFileSync(join(folder, file), 'utf8'),
    }));
}

/** Refuses a file that another program made, before anything is written to it. */
export function refuseForeign(db: Database): void {
  // One state of the file: another process may be making it at this moment.
  const { id, isEmpty } = db.read(() => ({
    id: Number(db.pragma('application_id')),
    isEmpty: !db.get('SELECT 1 FROM sqlite_schema LIMIT 1'),
  }));
  if (id === APPLICATION_ID || (id === 0 && isEmpty)) return;
  throw new SchedulerError(
    'PRECONDITION_FAILED',
    `${db.file} is a SQLite file of another program (application_id 0x${id.toString(16)}).`,
    'Name another directory in SCHEDULER_STATE_DIR, or move that file away.',
  );
}

/**
 * Brings the file to the newest version. Safe when several processes open at once: each step asks the version again
 * under the write lock. A file that has data is first copied to `<file>.before-<version>`.
 */
export function migrate(
  db: Database,
  migrations: readonly Migration[] = shippedMigrations(),
  { keepsCopy = true } = {},
): void {
  const newest = migrations.at(-1)?.version ?? 0;
  // A file that is made here and now has nothing to lose.
  let copied = !keepsCopy || fileVersion(db, newest) === 0;
  while (fileVersion(db, newest) < newest)
    db.write(() => {
      const from = fileVersion(db, newest);
      if (from === newest) return; // Another process was faster.
      const next = migrations.find((migration) => migration.version === from + 1);
      if (!next) throw new Error(`migration ${from + 1} is missing`);
      if (from > 0 && !copied) {
        copyTo(db, `${db.file}.before-${next.version}`);
        copied = true;
      }
      db.script(next.sql);
      db.script(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${next.version}`);
    });
}

/** Refuses a file that a newer program wrote. */
export function refuseNewer(db: Database): void {
  fileVersion(db, shippedMigrations().length);
}

function fileVersion(db: Database, newest: number): number {
  const version = Number(db.pragma('user_version'));
  if (version <= newest) return version;
  throw new SchedulerError(
    'PRECONDITION_FAILED',
    `${db.file} has version ${version}; this scheduler knows versions up to ${newest}.`,
    `Install the newer scheduler again, or put the copy ${db.file}.before-${newest + 1} in its place (what was recorded since is lost then).`,
  );
}

/** A second connection reads what is committed, while the first holds the write lock: nothing can slip in between. */
function copyTo(db: Database, target: string): void {
  const part = `${target}.part`;
  rmSync(part, { force: true });
  const reader = new Database(db.file, { readOnly: true });
  try {
    reader.run('VACUUM INTO :part', { part });
  } finally {
    reader.close();
  }
  const handle = openSync(part, 'r');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(part, target);
}
