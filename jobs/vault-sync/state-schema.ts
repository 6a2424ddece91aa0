// The tables of the known state, and how a file of an older version becomes one of this.

import type { DatabaseSync } from 'node:sqlite';

const APPLICATION_ID = 0x61636c73; // "acls"
const SCHEMA_VERSION = 2;

/** What is known of one graph says nothing about another: all but the messages is kept by the graph. */
const FIRST = `
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

const SECOND = `
  ALTER TABLE graph ADD COLUMN grammar INTEGER; -- null until a sync reached its end
  ALTER TABLE graph ADD COLUMN blocks INTEGER;  -- nodes when the last sync ended
  ALTER TABLE graph ADD COLUMN full_at REAL;    -- end of the last full pass, seconds
  CREATE TABLE file (
    graph  INTEGER NOT NULL REFERENCES graph (key),
    path   TEXT NOT NULL,                       -- vault-relative, with /
    stamp  TEXT,                                -- null: to be read again
    tier   INTEGER NOT NULL,
    blocks INTEGER NOT NULL,                    -- ids in it, each once
    faults TEXT,                                -- JSON, null if there are none
    ids    TEXT NOT NULL,                       -- JSON
    PRIMARY KEY (graph, path)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE duplicate (                      -- ids that stand in several places
    graph  INTEGER NOT NULL REFERENCES graph (key),
    id     TEXT NOT NULL,
    places TEXT NOT NULL,                       -- JSON, the winner first
    PRIMARY KEY (graph, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE missing (                        -- ids that are in no file, and not archived yet
    graph INTEGER NOT NULL REFERENCES graph (key),
    id    TEXT NOT NULL,
    PRIMARY KEY (graph, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pending (                        -- batches that may have been written
    key   INTEGER PRIMARY KEY,
    graph INTEGER NOT NULL REFERENCES graph (key),
    rows  TEXT NOT NULL                         -- JSON
  ) STRICT;
  CREATE TABLE outbox (                         -- messages that nobody has confirmed yet
    key     INTEGER PRIMARY KEY,
    message TEXT NOT NULL
  ) STRICT;
`;

const STEPS = [FIRST, SECOND];

/** Makes the tables, or brings an older file up to date; throws for a file of a newer version. */
export function prepareSchema(database: DatabaseSync, readOnly: boolean): void {
  if (!readOnly) database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  const found = versionOf(database);
  if (!readOnly && found < SCHEMA_VERSION)
    database.exec(`
      BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION_ID}; ${STEPS.slice(found).join('')}
      PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  const version = versionOf(database);
  if (version !== SCHEMA_VERSION)
    throw new Error(`it has format ${version}, this version reads ${SCHEMA_VERSION}`);
}

/** Whether a file of an older version can only be looked at once it was brought up to date. */
export function isOlder(database: DatabaseSync): boolean {
  return versionOf(database) < SCHEMA_VERSION;
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}
