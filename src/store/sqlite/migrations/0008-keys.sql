-- A small store of values by key, for what runs hand to each other and what references in input name.

CREATE TABLE keys (
  name       TEXT PRIMARY KEY,
  value      TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
) STRICT;
