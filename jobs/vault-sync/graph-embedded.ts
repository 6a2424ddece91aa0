// Blocks in, rows of one SQLite file out: the graph of an installation without Neo4j.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Graph, GraphFault, type GraphRow, type GraphWrite } from './graph.ts';

const APPLICATION_ID = 0x61636c67; // "aclg"
const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE graph (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE block (
    id                 TEXT PRIMARY KEY NOT NULL,
    text               TEXT,
    hash               TEXT,
    version            INTEGER,
    last_updated       TEXT,                        -- UTC, ISO 8601
    needs_reprocessing INTEGER NOT NULL DEFAULT 0,
    source_file        TEXT,                        -- vault-relative, with /
    tier               INTEGER,
    block_type         TEXT,                        -- inline or file
    archived           INTEGER NOT NULL DEFAULT 0,
    archived_at        TEXT
  ) STRICT;
  CREATE INDEX block_hash ON block (hash);
  CREATE INDEX block_dirty ON block (id) WHERE needs_reprocessing = 1;
`;

const READ = `
  SELECT block.id, hash, version, source_file AS sourceFile, block_type AS blockType, archived
  FROM json_each(?) AS wanted CROSS JOIN block ON block.id = wanted.value`;

const LIST = `
  SELECT id, hash, version, source_file AS sourceFile, block_type AS blockType, archived FROM block WHERE id > ? ORDER BY id LIMIT ?`;

const TEXTS = `SELECT block.id, text FROM json_each(?) AS wanted CROSS JOIN block ON block.id = wanted.value`;

const NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/** The second half lets a batch be applied twice. */
const AS_SEEN = `(
  (block.hash IS :seenHash AND block.version IS :seenVersion) OR (block.hash IS :hash AND block.version IS :version)
)`;

const SET_PLACE = `
  version = :version, source_file = :sourceFile, tier = :tier, block_type = :blockType, archived = 0,
  archived_at = NULL`;

const SET_TEXT = `text = :text, hash = :hash, last_updated = ${NOW}, ${SET_PLACE}`;
const SET_WHOLE = `${SET_TEXT}, needs_reprocessing = 1`;

const CREATE = `
  INSERT INTO block (id, text, hash, version, source_file, tier, block_type, needs_reprocessing, last_updated)
  VALUES (:id, :text, :hash, :version, :sourceFile, :tier, :blockType, 1, ${NOW})
  ON CONFLICT (id) DO UPDATE SET ${SET_WHOLE} WHERE ${AS_SEEN} RETURNING id`;

const UPDATE = `UPDATE block SET ${SET_WHOLE} WHERE id = :id AND ${AS_SEEN} RETURNING id`;

const ADOPT = `UPDATE block SET ${SET_TEXT} WHERE id = :id AND ${AS_SEEN} RETURNING id`;
const TOUCH = `UPDATE block SET ${SET_PLACE} WHERE id = :id AND ${AS_SEEN} RETURNING id`;

/** Again is no change: the time of the first stays. */
const ARCHIVE = `
  UPDATE block SET archived_at = iif(archived, archived_at, ${NOW}), last_updated = iif(archived, last_updated, ${NOW}),
    archived = 1
  WHERE id = :id RETURNING id`;

/**
 * Opens the file, or makes it. `readOnly` (a dry run) writes nothing: a file that does not exist yet is then an empty
 * graph in memory.
 */
export function openEmbeddedGraph(file: string, { readOnly = false } = {}): Graph {
  const missing = !existsSync(file);
  try {
    const inMemory = readOnly && missing;
    const database = new DatabaseSync(inMemory ? ':memory:' : file, {
      readOnly: readOnly && !missing,
      timeout: 5000,
    });
    return new EmbeddedGraph(database, file, readOnly && !missing);
  } catch (cause) {
    throw fault(file, cause);
  }
}

class EmbeddedGraph implements Graph {
  readonly kind = 'embedded';
  readonly label: string;
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync, file: string, readOnly: boolean) {
    this.label = file;
    this.#database = database;
    if (!readOnly) this.#create();
    this.#checkVersion();
  }

  async identity(): Promise<string> {
    const row = this.#database.prepare("SELECT value FROM graph WHERE key = 'identity'").get();
    return `embedded:${row?.value}`;
  }

  async prepare(): Promise<readonly string[]> {
    return [];
  }

  async read(ids: readonly string[]): Promise<GraphRow[]> {
    const rows = this.#try(() => this.#database.prepare(READ).all(JSON.stringify(ids)));
    return rows.map(toRow);
  }

  async list(after: string, limit: number): Promise<GraphRow[]> {
    return this.#try(() => this.#database.prepare(LIST).all(after, limit)).map(toRow);
  }

  async texts(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = this.#try(() => this.#database.prepare(TEXTS).all(JSON.stringify(ids)));
    return new Map(rows.map(({ id, text }) => [id as string, (text ?? '') as string]));
  }

  async count(): Promise<number> {
    return Number(this.#try(() => this.#database.prepare('SELECT count(*) AS n FROM block').get())?.n);
  }

  async apply(writes: readonly GraphWrite[]): Promise<Set<string>> {
    return this.#try(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const written = this.#write(writes);
        this.#database.exec('COMMIT');
        return written;
      } catch (cause) {
        this.#database.exec('ROLLBACK');
        throw cause;
      }
    });
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #write(writes: readonly GraphWrite[]): Set<string> {
    const statements = {
      create: this.#database.prepare(CREATE),
      update: this.#database.prepare(UPDATE),
      adopt: this.#database.prepare(ADOPT),
      touch: this.#database.prepare(TOUCH),
      archive: this.#database.prepare(ARCHIVE),
    };
    const written = new Set<string>();
    for (const write of writes) if (statements[write.kind].get(columns(write))) written.add(write.data.id);
    return written;
  }

  #create(): void {
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768');
    if (this.#userVersion() !== 0) return;
    this.#database.exec(`BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION_ID}; ${SCHEMA}`);
    this.#database.prepare("INSERT INTO graph VALUES ('identity', ?)").run(randomUUID());
    this.#database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  }

  #checkVersion(): void {
    const found = this.#userVersion();
    if (found !== SCHEMA_VERSION)
      throw new GraphFault(
        'refused',
        `${this.label} has format ${found}, this version reads ${SCHEMA_VERSION}`,
        null,
      );
  }

  #userVersion(): number {
    return Number(this.#database.prepare('PRAGMA user_version').get()?.user_version);
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw fault(this.label, cause);
    }
  }
}

function toRow(row: Record<string, unknown>): GraphRow {
  return { ...row, archived: row.archived === 1 } as GraphRow;
}

function columns(write: GraphWrite): Record<string, string | number | null> {
  if (write.kind === 'archive') return { id: write.data.id };
  const { id, hash, version, sourceFile, tier, blockType } = write.data;
  const seen = write.kind === 'create' ? { hash: null, version: null } : write.seen;
  const place = {
    ...{ id, hash, version, sourceFile, tier, blockType },
    ...{ seenHash: seen.hash, seenVersion: seen.version },
  };
  return write.kind === 'touch' ? place : { ...place, text: write.data.text };
}

/** By SQLite's result codes: 5 and 6 are held locks; 18 to 20 are values that do not fit. */
function fault(file: string, cause: unknown): GraphFault {
  if (cause instanceof GraphFault) return cause;
  const { errcode = 0, message } = cause as Error & { errcode?: number };
  const code = errcode & 0xff;
  const kind = code === 5 || code === 6 ? 'transient' : code >= 18 && code <= 20 ? 'data' : 'unreachable';
  const fix = kind === 'unreachable' ? 'see whether the disk is full and the file can be written' : null;
  return new GraphFault(kind, `the embedded graph ${file} failed: ${message}`, fix, cause);
}
