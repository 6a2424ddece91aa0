-- What is written again and again has to be narrow: a job's row is written twice for each of its runs.

-- A policy is shared by the jobs that have the same one.
CREATE TABLE policies (
  id   INTEGER PRIMARY KEY,
  body TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO policies (body) SELECT DISTINCT policy FROM jobs;
ALTER TABLE jobs ADD COLUMN policy_id INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET policy_id = (SELECT id FROM policies WHERE body = policy);
-- By it and by slots, what is due says what has to start first (rule 5).
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 100;
UPDATE jobs SET priority = policy ->> '$.priority';
ALTER TABLE jobs DROP COLUMN policy;
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (next_due, priority, next_slot, id)
  WHERE deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL;

-- A run enters the index of states when it has ended, not at each step on its way; the few under way have their own.
DROP INDEX runs_by_state;
CREATE INDEX runs_by_outcome ON runs (state, seq) WHERE state NOT IN ('queued', 'running', 'stopping');
CREATE INDEX runs_held ON runs (boot_id) WHERE state IN ('running', 'stopping');

-- Snapshots of runs are found by what they say, as policies are.
CREATE TABLE shared_snapshots (
  id   INTEGER PRIMARY KEY,
  body TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO shared_snapshots SELECT id, body FROM snapshots;
DROP TABLE snapshots;
ALTER TABLE shared_snapshots RENAME TO snapshots;
