-- Cleanups that were registered by a call, and when each cleanup, of the settings too, last ran for real.

CREATE TABLE cleanups (
  id               TEXT PRIMARY KEY,
  directory        TEXT NOT NULL,
  pattern          TEXT NOT NULL,
  retention_days   REAL,
  max_files        INTEGER,
  max_size_mb      REAL,
  min_keep         INTEGER NOT NULL,
  priority         INTEGER NOT NULL,
  recursive        INTEGER NOT NULL,
  dry_run          INTEGER NOT NULL,
  description      TEXT,
  max_delete_share REAL,
  module_id        TEXT,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE cleanup_runs (
  id       TEXT PRIMARY KEY,
  last_run INTEGER NOT NULL
) STRICT;
