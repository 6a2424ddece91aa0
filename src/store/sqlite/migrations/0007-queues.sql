-- Messages of queues, and what a run has to say beside its outcome.

-- `size` counts dead letters too: what a queue holds is bounded by it without counting.
CREATE TABLE queues (
  name TEXT PRIMARY KEY,
  size INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
  -- An id is never given twice: consumers know by it what they have seen.
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  queue      TEXT NOT NULL,
  body       TEXT NOT NULL,
  run_id     TEXT,
  put_at     INTEGER NOT NULL,
  -- Delivered from then on: after a delay, or when the lease of a consumer is over.
  due_at     INTEGER NOT NULL,
  deliveries INTEGER NOT NULL DEFAULT 0,
  -- Of the last delivery; null once it was given back.
  receipt    TEXT,
  dead_at    INTEGER,
  error      TEXT
) STRICT;
CREATE INDEX messages_due ON messages (queue, due_at, seq) WHERE dead_at IS NULL;
CREATE INDEX messages_dead ON messages (queue, seq) WHERE dead_at IS NOT NULL;

ALTER TABLE runs ADD COLUMN warnings TEXT;
