-- 100,000 jobs: what concerns a few of them is found without reading the others. None of these moves when a job runs.

CREATE INDEX jobs_of_settings ON jobs (id) WHERE source = 'config' AND deleted_at IS NULL;
CREATE INDEX jobs_finished ON jobs (id) WHERE (state = 'completed' OR id GLOB 'adhoc:*') AND source <> 'config' AND deleted_at IS NULL;
CREATE INDEX jobs_by_name ON jobs (name, id) WHERE deleted_at IS NULL;
