// What was last seen equal in vault and graph, in the job's own directory: what did not change since need not be read,
// and an edit does not look like a conflict.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SchedulerError } from 'aclarai-scheduler';
import type { NoteFault } from './grammar.ts';
import { Outbox } from './outbox.ts';
import type { Base } from './plan.ts';
import { isOlder, prepareSchema } from './state-schema.ts';
import type { Tier } from './walk.ts';

/** How far the syncs of one graph have come; all null before the first that reached its end. */
export interface GraphMark {
  readonly grammar: number | null;
  /** Nodes of the graph when that sync ended. */
  readonly blocks: number | null;
  /** End of the last full pass, seconds of the database's clock. */
  readonly fullAt: number | null;
}

export interface KnownFile {
  readonly path: string;
  /** Size, time and inode as it was read; null when it must be read again. */
  readonly stamp: string | null;
  readonly tier: Tier;
  /** Ids in it, each counted once. */
  readonly blocks: number;
  readonly faults: readonly NoteFault[];
}

export interface FileRecord extends KnownFile {
  readonly ids: readonly string[];
}

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What a batch makes of one block. */
export interface Intent {
  readonly id: string;
  readonly hash: string | null;
  readonly version: number | null;
  readonly archived: boolean;
  /** For the queue of changed blocks, null when none is sent. */
  readonly message: string | null;
}

/** What a sync that reached its end leaves behind. */
export interface Ending {
  readonly files: readonly FileRecord[];
  readonly removed: readonly string[];
  /** Ids that were looked at: what else is known of them is forgotten. */
  readonly settled: Iterable<string>;
  readonly missing: Iterable<string>;
  readonly duplicates: ReadonlyMap<string, readonly Place[]>;
  readonly mark: GraphMark;
}

/** The known state of one graph. Synchronous: it is a file of the job alone. */
export class KnownState {
  readonly outbox: Outbox;
  readonly #database: DatabaseSync;
  readonly #readOnly: boolean;
  #graph = 0;
  /** Of batches whose outcome is known, but not written: a dry run. */
  readonly #found = new Map<string, Base>();

  private constructor(database: DatabaseSync, readOnly: boolean) {
    this.#database = database;
    this.#readOnly = readOnly;
    this.outbox = new Outbox(database);
  }

  /** Opens `sync.db` in the job's directory, or makes it. `readOnly` (a dry run) writes nothing to disk. */
  static open(directory: string, { readOnly = false } = {}): KnownState {
    const file = path.join(directory, 'sync.db');
    let database: DatabaseSync | null = null;
    try {
      database = readOnly ? openToLook(file) : new DatabaseSync(file, { timeout: 5000 });
      if (!readOnly) prepareSchema(database, false);
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

  /** Chooses the graph; everything else is about this one. */
  use(identity: string): GraphMark {
    if (!this.#readOnly)
      this.#database.prepare('INSERT INTO graph (identity) VALUES (?) ON CONFLICT DO NOTHING').run(identity);
    const row = this.#database
      .prepare('SELECT key, grammar, blocks, full_at AS fullAt FROM graph WHERE identity = ?')
      .get(identity);
    this.#graph = Number(row?.key ?? 0);
    this.#found.clear();
    const { grammar = null, blocks = null, fullAt = null } = (row ?? {}) as Partial<GraphMark>;
    return { grammar, blocks, fullAt };
  }

  /** Whether anything was ever synced with another graph than this. */
  knowsOthers(): boolean {
    const query = 'SELECT 1 FROM graph WHERE key <> ? AND grammar IS NOT NULL LIMIT 1';
    return this.#database.prepare(query).get(this.#graph) !== undefined;
  }

  files(): Map<string, KnownFile> {
    const query = 'SELECT path, stamp, tier, blocks, faults FROM file WHERE graph = ?';
    const files = new Map<string, KnownFile>();
    for (const row of this.#database.prepare(query).all(this.#graph)) {
      const { faults, ...file } = row as unknown as KnownFile & { faults: string | null };
      files.set(file.path, { ...file, faults: faults === null ? [] : JSON.parse(faults) });
    }
    return files;
  }

  /** Ids of blocks that stood in a file. */
  idsOf(file: string): string[] {
    const query = 'SELECT ids FROM file WHERE graph = ? AND path = ?';
    const row = this.#database.prepare(query).get(this.#graph, file);
    return row ? JSON.parse(row.ids as string) : [];
  }

  duplicates(): Map<string, Place[]> {
    const query = 'SELECT id, places FROM duplicate WHERE graph = ?';
    const rows = this.#database.prepare(query).all(this.#graph);
    return new Map(rows.map(({ id, places }) => [id as string, JSON.parse(places as string)]));
  }

  missing(): string[] {
    const rows = this.#database.prepare('SELECT id FROM missing WHERE graph = ?').all(this.#graph);
    return rows.map(({ id }) => id as string);
  }

  bases(ids: Iterable<string>): Map<string, Base> {
    const query = `
      SELECT base.id, hash, version FROM json_each(?) AS wanted
      CROSS JOIN base ON base.graph = ? AND base.id = wanted.value`;
    const rows = this.#database.prepare(query).all(JSON.stringify([...ids]), this.#graph);
    const bases = new Map<string, Base>();
    for (const { id, hash, version } of rows)
      bases.set(id as string, { hash: hash as string, version: version as number });
    for (const [id, base] of this.#found) bases.set(id, base);
    return bases;
  }

  /** Blocks that are equal on both sides, in one transaction. */
  record(equal: readonly { id: string; hash: string; version: number }[]): void {
    if (this.#readOnly || equal.length === 0) return;
    this.#transaction(() => this.#putBases(equal));
  }

  /** Before a batch is written: what it will make. Answers the key to settle it with. */
  intend(rows: readonly Intent[]): number {
    const insert = this.#database.prepare('INSERT INTO pending (graph, rows) VALUES (?, ?)');
    return Number(insert.run(this.#graph, JSON.stringify(rows)).lastInsertRowid);
  }

  /** Batches of a run that ended before it knew their outcome. */
  pending(): { key: number; rows: Intent[] }[] {
    const query = 'SELECT key, rows FROM pending WHERE graph = ? ORDER BY key';
    const batches = this.#database.prepare(query).all(this.#graph);
    return batches.map(({ key, rows }) => ({ key: key as number, rows: JSON.parse(rows as string) }));
  }

  /** The graph holds these rows of a batch, and not its others: they are the base, and their messages go out. */
  settle(key: number, written: readonly Intent[]): void {
    const equal = written.flatMap(({ id, hash, version }) =>
      hash === null || version === null ? [] : [{ id, hash, version }],
    );
    if (this.#readOnly) {
      for (const { id, hash, version } of equal) this.#found.set(id, { hash, version });
      return;
    }
    this.#transaction(() => {
      this.#putBases(equal);
      this.outbox.put(written.flatMap(({ message }) => message ?? []));
      this.#database.prepare('DELETE FROM pending WHERE key = ?').run(key);
    });
  }

  /** The end of a sync, in one transaction. */
  end({ files, removed, settled, missing, duplicates, mark }: Ending): void {
    const one = (sql: string) => this.#database.prepare(sql);
    this.#transaction(() => {
      const graph = this.#graph;
      const put = one('INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?)');
      for (const { path, stamp, tier, blocks, faults, ids } of files) {
        const noted = faults.length > 0 ? JSON.stringify(faults) : null;
        put.run(graph, path, stamp, tier, blocks, noted, JSON.stringify(ids));
      }
      const drop = one('DELETE FROM file WHERE graph = ? AND path = ?');
      for (const file of removed) drop.run(graph, file);
      const single = one('DELETE FROM duplicate WHERE graph = ? AND id = ?');
      const found = one('DELETE FROM missing WHERE graph = ? AND id = ?');
      for (const id of settled) {
        single.run(graph, id);
        found.run(graph, id);
      }
      const lose = one('INSERT INTO missing VALUES (?, ?) ON CONFLICT DO NOTHING');
      for (const id of missing) lose.run(graph, id);
      const double = one('INSERT OR REPLACE INTO duplicate VALUES (?, ?, ?)');
      for (const [id, places] of duplicates) double.run(graph, id, JSON.stringify(places));
      const { grammar, blocks, fullAt } = mark;
      const update = 'UPDATE graph SET grammar = ?, blocks = ?, full_at = ? WHERE key = ?';
      one(update).run(grammar, blocks, fullAt, graph);
    });
  }

  /** Seconds of the database's clock: the job reads no clock of its own. */
  seconds(): number {
    return Number(this.#database.prepare("SELECT unixepoch('subsec') AS now").get()?.now);
  }

  close(): void {
    this.#database.close();
  }

  #putBases(equal: readonly { id: string; hash: string; version: number }[]): void {
    const put = this.#database.prepare('INSERT OR REPLACE INTO base VALUES (?, ?, ?, ?)');
    for (const { id, hash, version } of equal) put.run(this.#graph, id, hash, version);
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (cause) {
      this.#database.exec('ROLLBACK');
      throw cause;
    }
  }
}

/** For a dry run: what is not there, or of an older version, is an empty state in memory. */
function openToLook(file: string): DatabaseSync {
  if (existsSync(file)) {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    if (!isOlder(database)) {
      prepareSchema(database, true);
      return database;
    }
    database.close();
  }
  const empty = new DatabaseSync(':memory:');
  prepareSchema(empty, false);
  return empty;
}
