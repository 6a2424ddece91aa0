-- Processes of jobs: what a dead service has left running is ended at the next start.

CREATE TABLE children (
  pid           INTEGER NOT NULL,
  started       TEXT NOT NULL,
  process_group INTEGER NOT NULL,
  boot_id       TEXT NOT NULL,
  job_id        TEXT NOT NULL,
  PRIMARY KEY (pid, started)
) STRICT;
