// What was last seen equal in vault and graph, in the job's own directory: without it, an edit would look like a conflict.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SchedulerError } from 'aclarai-scheduler';
import type { Base } from './plan.ts';

const APPLICATION_ID = 0x61636c73; // "acls"
const SCHEMA_VERSION = 1;

/** What is known of one graph says nothing about another: all is kept by the graph's identity. */
const SCHEMA = `
  CREATE TABLE graph (
    key      INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE base (
    graph   INTEGER NOT NULL REFERENCES graph (key),
    id      TEXT NOT NULL,
    hash    TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (graph, id)
  ) STRICT, WITHOUT ROWID;
`;

/** The known state of one graph. Synchronous: rows are few and small. */
export class KnownState {
  readonly #database: DatabaseSync;
  readonly #readOnly: boolean;
  #graph = 0;
  #base = new Map<string, Base>();

  private constructor(database: DatabaseSync, readOnly: boolean) {
    this.#database = database;
    this.#readOnly = readOnly;
  }

  /** Opens `sync.db` in the job's directory, or makes it. `readOnly` (a dry run) writes nothing to disk. */
  static open(directory: string, { readOnly = false } = {}): KnownState {
    const file = path.join(directory, 'sync.db');
    const missing = !existsSync(file);
    let database: DatabaseSync | null = null;
    try {
      const options = { readOnly: readOnly && !missing, timeout: 5000 };
      database = new DatabaseSync(readOnly && missing ? ':memory:' : file, options);
      prepare(database, options.readOnly);
      return new KnownState(database, readOnly);
    } catch (cause) {
      database?.close();
      throw new SchedulerError(
        'DATABASE_ERROR',
        `the known state ${file} cannot be opened: ${(cause as Error).message}`,
        'see whether the file can be written; without it, delete it: edits with a lower ver are then conflicts once',
        { cause },
      );
    }
  }

  /** Chooses the graph; everything else is about this one. Answers its known blocks. */
  use(identity: string): ReadonlyMap<string, Base> {
    if (!this.#readOnly)
      this.#database.prepare('INSERT INTO graph (identity) VALUES (?) ON CONFLICT DO NOTHING').run(identity);
    this.#graph = Number(
      this.#database.prepare('SELECT key FROM graph WHERE identity = ?').get(identity)?.key ?? 0,
    );
    this.#base = new Map();
    const rows = this.#database.prepare('SELECT id, hash, version FROM base WHERE graph = ?');
    for (const { id, hash, version } of rows.iterate(this.#graph))
      this.#base.set(id as string, { hash: hash as string, version: version as number });
    return this.#base;
  }

  /** Records blocks that are now equal on both sides, in one transaction. What is known already is not written. */
  record(equal: readonly { id: string; hash: string; version: number }[]): void {
    const news = equal.filter(({ id, hash, version }) => {
      const known = this.#base.get(id);
      return known?.hash !== hash || known.version !== version;
    });
    if (this.#readOnly || news.length === 0) return;
    const put = this.#database.prepare(
      'INSERT OR REPLACE INTO base (graph, id, hash, version) VALUES (?, ?, ?, ?)',
    );
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const { id, hash, version } of news) put.run(this.#graph, id, hash, version);
      this.#database.exec('COMMIT');
    } catch (cause) {
      this.#database.exec('ROLLBACK');
      throw cause;
    }
    for (const { id, hash, version } of news) this.#base.set(id, { hash, version });
  }

  /** Seconds of the database's clock, for the duration of a run: the job reads no clock of its own. */
  seconds(): number {
    return Number(this.#database.prepare("SELECT unixepoch('subsec') AS now").get()?.now);
  }

  close(): void {
    this.#database.close();
  }
}

function prepare(database: DatabaseSync, readOnly: boolean): void {
  const version = (): number => Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (!readOnly) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  if (!readOnly && version() === 0)
    database.exec(`
      BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION_ID}; ${SCHEMA}
      PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  if (version() !== SCHEMA_VERSION)
    throw new Error(`it has format ${version()}, this version reads ${SCHEMA_VERSION}`);
}
