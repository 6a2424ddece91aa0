// Processes of jobs in the file: a row while each is there.

import type { ChildProcessRow } from '../store.ts';
import type { Database } from './database.ts';
import { type Fields, insertInto, params, plain, read } from './rows.ts';

const FIELDS: Fields<ChildProcessRow> = {
  pid: plain('pid'),
  started: plain('started'),
  group: plain('process_group'),
  bootId: plain('boot_id'),
  jobId: plain('job_id'),
};

const OF_OTHERS = 'SELECT * FROM children WHERE boot_id <> :bootId ORDER BY pid, started';
const FORGET = 'DELETE FROM children WHERE pid = :pid AND started = :started';

export function noteChild(db: Database, child: ChildProcessRow): void {
  forgetChild(db, child);
  const bound = params(FIELDS, child);
  db.run(insertInto('children', Object.keys(bound)), bound);
}

export function forgetChild(db: Database, { pid, started }: Pick<ChildProcessRow, 'pid' | 'started'>): void {
  db.run(FORGET, { pid, started });
}

export function readChildrenOfOthers(db: Database, bootId: string): ChildProcessRow[] {
  return db.all(OF_OTHERS, { bootId }).map((row) => read(FIELDS, row));
}
