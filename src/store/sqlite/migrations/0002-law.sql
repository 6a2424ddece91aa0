-- What the rules on waiting, lines, groups, circuits, crash loops, clocks and the audit keep beside a job and a run.

ALTER TABLE jobs ADD COLUMN taken_to    INTEGER;
ALTER TABLE jobs ADD COLUMN audited_to  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN orphaned_at INTEGER;
ALTER TABLE jobs ADD COLUMN fail_streak INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN circuit     TEXT;
ALTER TABLE jobs ADD COLUMN crash_count INTEGER NOT NULL DEFAULT 0;
-- The rows that retention never takes.
ALTER TABLE jobs ADD COLUMN last_success_run TEXT;
ALTER TABLE jobs ADD COLUMN last_failure_run TEXT;
-- Of a tombstone: its live runs leave no row behind.
ALTER TABLE jobs ADD COLUMN purge_at_end INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET audited_to = cursor;
UPDATE jobs SET orphaned_at = updated_at WHERE state = 'orphaned';
UPDATE jobs SET
  last_success_run = (SELECT run_id FROM runs WHERE job_uid = uid AND state = 'succeeded' ORDER BY seq DESC LIMIT 1),
  last_failure_run = (SELECT run_id FROM runs WHERE job_uid = uid AND state IN ('failed', 'timed_out')
                      ORDER BY seq DESC LIMIT 1);
CREATE INDEX jobs_crashed ON jobs (id) WHERE crash_count > 0;
-- Every boot before the next start counts as looked at; what is not marked yet is judged there.
UPDATE boots SET recovered_at = ended_at WHERE recovered_at IS NULL AND ended_at IS NOT NULL;

-- Holes that the invariant check has found are asked for by `status`.
CREATE INDEX job_changes_by_what ON job_changes (what, seq);

ALTER TABLE runs ADD COLUMN line            TEXT;
ALTER TABLE runs ADD COLUMN group_name      TEXT;
ALTER TABLE runs ADD COLUMN max_wait_ms     INTEGER;
ALTER TABLE runs ADD COLUMN expires_at      INTEGER;
ALTER TABLE runs ADD COLUMN idempotency_key TEXT;
CREATE INDEX runs_live_in_group ON runs (group_name, seq)
  WHERE group_name IS NOT NULL AND state IN ('queued', 'running', 'stopping');
CREATE INDEX runs_live_in_line ON runs (line, seq) WHERE line IS NOT NULL AND state IN ('queued', 'running', 'stopping');
CREATE INDEX runs_expiring ON runs (expires_at) WHERE state = 'queued' AND expires_at IS NOT NULL;
-- A retry within a line keeps its place, and waits for its time all the same.
DROP INDEX runs_waiting;
CREATE INDEX runs_waiting ON runs (not_before) WHERE state = 'queued' AND not_before IS NOT NULL;
CREATE INDEX runs_ended ON runs (ended_at) WHERE ended_at IS NOT NULL;
-- Nothing asks for it by SQL any more, and it was worked out again at every write of a job.
ALTER TABLE jobs DROP COLUMN max_instances;
-- Every index on the runs of a job costs a page of its own for each run: one has to do for its slots and its history.
DROP INDEX runs_of_job;
DROP INDEX runs_one_a_slot;
CREATE UNIQUE INDEX runs_one_a_slot ON runs (job_uid, slot);
