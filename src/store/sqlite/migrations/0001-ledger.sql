-- The ledger. Instants are INTEGER milliseconds since 1970, JSON is TEXT, flags are 0 and 1.

-- What does not change from run to run (handler, policy) is kept once and shared by its rows.
CREATE TABLE snapshots (
  id   INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE boots (
  seq          INTEGER PRIMARY KEY,
  boot_id      TEXT NOT NULL UNIQUE,
  kind         TEXT NOT NULL CHECK (kind IN ('service', 'run')),
  pid          INTEGER NOT NULL,
  version      TEXT NOT NULL,
  started_at   INTEGER NOT NULL,
  last_tick    INTEGER NOT NULL,
  ended_at     INTEGER,
  recovered_at INTEGER
) STRICT;
CREATE INDEX boots_started ON boots (started_at);

CREATE TABLE jobs (
  uid            TEXT PRIMARY KEY,
  id             TEXT NOT NULL,
  name           TEXT NOT NULL,
  description    TEXT,
  handler        TEXT NOT NULL,
  input          TEXT NOT NULL,
  source         TEXT NOT NULL CHECK (source IN ('config', 'api', 'agent')),
  origin         TEXT,
  owner          TEXT,
  module_id      TEXT,
  enabled        INTEGER NOT NULL,
  manual_only    INTEGER NOT NULL,
  run_on_start   INTEGER NOT NULL,
  schedule       TEXT NOT NULL,
  policy         TEXT NOT NULL,
  max_instances  INTEGER NOT NULL GENERATED ALWAYS AS (policy ->> '$.maxInstances') STORED,
  warnings       TEXT NOT NULL,
  config_hash    TEXT NOT NULL,
  state          TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'completed', 'orphaned')),
  cursor         INTEGER NOT NULL,
  next_slot      INTEGER,
  next_due       INTEGER,
  ledger_from    INTEGER NOT NULL,
  gap            TEXT,
  admitted_count INTEGER NOT NULL DEFAULT 0,
  run_count      INTEGER NOT NULL DEFAULT 0,
  success_count  INTEGER NOT NULL DEFAULT 0,
  failure_count  INTEGER NOT NULL DEFAULT 0,
  last_run_at    INTEGER,
  last_error     TEXT,
  last_success   TEXT,
  handler_state  TEXT NOT NULL DEFAULT 'null',
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  deleted_at     INTEGER
) STRICT;
CREATE INDEX jobs_by_id ON jobs (id);
CREATE UNIQUE INDEX jobs_one_of_an_id ON jobs (id) WHERE deleted_at IS NULL;
CREATE INDEX jobs_due ON jobs (next_due, id) WHERE deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL;
CREATE INDEX jobs_in_gap ON jobs (id) WHERE gap IS NOT NULL;

CREATE TABLE runs (
  seq              INTEGER PRIMARY KEY,
  run_id           TEXT NOT NULL UNIQUE,
  name             TEXT,
  job_uid          TEXT NOT NULL REFERENCES jobs (uid),
  job_id           TEXT NOT NULL,
  job_name         TEXT NOT NULL,
  kind             TEXT NOT NULL CHECK (kind IN ('scheduled', 'catchup', 'startup', 'manual', 'adhoc', 'backfill', 'watch')),
  state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'stopping', 'succeeded', 'failed', 'timed_out',
                                                  'cancelled', 'interrupted', 'skipped', 'missed')),
  reason           TEXT,
  slot             INTEGER,
  due_at           INTEGER NOT NULL,
  not_before       INTEGER,
  covers_from      INTEGER,
  covers_to        INTEGER,
  covers_count     INTEGER,
  attempt          INTEGER NOT NULL,
  attempts         TEXT NOT NULL,
  queued_at        INTEGER NOT NULL,
  started_at       INTEGER,
  ended_at         INTEGER,
  duration_ms      REAL,
  late_by_ms       INTEGER NOT NULL,
  input            TEXT NOT NULL,
  config_hash      TEXT NOT NULL,
  code_hash        TEXT,
  snapshot_id      INTEGER NOT NULL,
  success          INTEGER,
  statistics       TEXT,
  error            TEXT,
  caused_by        TEXT,
  boot_id          TEXT,
  lease_token      TEXT,
  last_tick        INTEGER,
  holds_place      INTEGER NOT NULL,
  priority         INTEGER NOT NULL,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  cancelled_by     TEXT,
  CHECK (covers_from IS NULL OR (slot = covers_to AND covers_from <= covers_to AND covers_count >= 1)),
  CHECK ((lease_token IS NOT NULL) = (state IN ('running', 'stopping')))
) STRICT;
-- The law of the ledger: a slot has one row (rule 11).
CREATE UNIQUE INDEX runs_one_a_slot ON runs (job_uid, slot) WHERE slot IS NOT NULL;
CREATE INDEX runs_of_job ON runs (job_uid, seq);
CREATE INDEX runs_live ON runs (job_uid, seq) WHERE state IN ('queued', 'running', 'stopping');
CREATE INDEX runs_by_state ON runs (state, seq);
CREATE INDEX runs_startable ON runs (priority, coalesce(slot, queued_at), seq) WHERE state = 'queued';
CREATE INDEX runs_waiting ON runs (not_before) WHERE state = 'queued' AND holds_place = 0;
CREATE INDEX runs_covering ON runs (job_uid, covers_to, covers_from) WHERE covers_from IS NOT NULL;

CREATE TABLE pauses (
  id       INTEGER PRIMARY KEY,
  job_uid  TEXT REFERENCES jobs (uid),
  source   TEXT NOT NULL,
  who      TEXT NOT NULL,
  why      TEXT,
  since    INTEGER NOT NULL,
  until    INTEGER,
  ended_at INTEGER
) STRICT;
CREATE INDEX pauses_of_job ON pauses (job_uid, ended_at);
CREATE INDEX pauses_open ON pauses (until) WHERE ended_at IS NULL;
-- A stored source holds a target once; an observed one once for each variable or file that says so.
CREATE UNIQUE INDEX pauses_stored_once ON pauses (ifnull(job_uid, ''), source)
  WHERE ended_at IS NULL AND source NOT IN ('environment', 'env_file', 'vault_file');
CREATE UNIQUE INDEX pauses_observed_once ON pauses (source, who)
  WHERE ended_at IS NULL AND source IN ('environment', 'env_file', 'vault_file');

CREATE TABLE job_changes (
  seq     INTEGER PRIMARY KEY,
  job_uid TEXT,
  at      INTEGER NOT NULL,
  what    TEXT NOT NULL,
  before  TEXT NOT NULL,
  after   TEXT NOT NULL,
  by      TEXT NOT NULL
) STRICT;
CREATE INDEX job_changes_of_job ON job_changes (job_uid, seq);
