-- What the rules on waiting, lines, groups, circuits, crash loops, clocks and the audit keep beside a job and a run.

ALTER TABLE jobs ADD COLUMN taken_to    INTEGER;
ALTER TABLE jobs ADD COLUMN audited_to  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN orphaned_at INTEGER;
ALTER TABLE jobs ADD COLUMN fail_streak INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN circuit     TEXT;
ALTER TABLE jobs ADD COLUMN crash_count INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET audited_to = cursor;
UPDATE jobs SET orphaned_at = updated_at WHERE state = 'orphaned';

ALTER TABLE runs ADD COLUMN line            TEXT;
ALTER TABLE runs ADD COLUMN group_name      TEXT;
ALTER TABLE runs ADD COLUMN max_wait_ms     INTEGER;
ALTER TABLE runs ADD COLUMN expires_at      INTEGER;
ALTER TABLE runs ADD COLUMN idempotency_key TEXT;
CREATE INDEX runs_live_in_group ON runs (group_name, seq)
  WHERE group_name IS NOT NULL AND state IN ('queued', 'running', 'stopping');
CREATE INDEX runs_live_in_line ON runs (line, seq) WHERE line IS NOT NULL AND state IN ('queued', 'running', 'stopping');
CREATE INDEX runs_expiring ON runs (expires_at) WHERE state = 'queued' AND expires_at IS NOT NULL;
