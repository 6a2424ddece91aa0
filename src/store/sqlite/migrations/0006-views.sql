-- The tables of the event scheduler and of the task scheduler, as views: for those who read with SQL. Nobody can write them.
-- Instants are ISO 8601 in UTC. None of our own questions is asked of a view.

CREATE VIEW scheduler_events AS
SELECT
  id,
  name,
  description,
  coalesce(module_id, owner, 'unknown') AS module_id,
  handler AS function_name,
  CASE WHEN schedule ->> '$.kind' = 'cron'
    THEN json_set(input, '$._cron_expression', schedule ->> '$.expression')
    ELSE input END AS parameters,
  (schedule ->> '$.kind' IN ('cron', 'every')) AS recurring,
  CASE schedule ->> '$.kind'
    WHEN 'cron' THEN 'cron'
    WHEN 'every' THEN CASE
      WHEN lower(ltrim(schedule ->> '$.every', '0123456789 ')) GLOB 'mo*' THEN 'months'
      WHEN lower(ltrim(schedule ->> '$.every', '0123456789 ')) IN ('ms', 'millisecond', 'milliseconds') THEN 'milliseconds'
      WHEN lower(ltrim(schedule ->> '$.every', '0123456789 ')) GLOB 'm*' THEN 'minutes'
      WHEN lower(ltrim(schedule ->> '$.every', '0123456789 ')) GLOB 'h*' THEN 'hours'
      WHEN lower(ltrim(schedule ->> '$.every', '0123456789 ')) GLOB 'd*' THEN 'days'
      WHEN lower(ltrim(schedule ->> '$.every', '0123456789 ')) GLOB 'w*' THEN 'weeks'
      ELSE 'seconds' END
    END AS interval_type,
  CASE WHEN schedule ->> '$.kind' = 'every' THEN CAST(schedule ->> '$.every' AS INTEGER) END AS interval_value,
  CASE WHEN state = 'active' AND NOT is_paused
    THEN strftime('%Y-%m-%dT%H:%M:%fZ', next_slot / 1000.0, 'unixepoch') END AS next_execution,
  CASE
    WHEN state = 'completed' THEN CASE WHEN last_state = 'succeeded' THEN 'completed' ELSE 'failed' END
    WHEN state <> 'active' OR is_paused THEN 'paused'
    WHEN EXISTS (SELECT 1 FROM runs WHERE runs.job_uid = uid AND runs.state IN ('running', 'stopping')) THEN 'running'
    ELSE 'pending' END AS status,
  run_count AS execution_count,
  max_executions,
  strftime('%Y-%m-%dT%H:%M:%fZ', last_run_at / 1000.0, 'unixepoch') AS last_execution,
  last_error ->> '$.message' AS last_error,
  strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch') AS updated_at
FROM (
  SELECT jobs.*, policies.body ->> '$.maxExecutions' AS max_executions,
    EXISTS (SELECT 1 FROM pauses WHERE pauses.job_uid = jobs.uid AND pauses.ended_at IS NULL
      AND (pauses.until IS NULL OR pauses.until > unixepoch('now', 'subsec') * 1000)) AS is_paused,
    (SELECT runs.state FROM runs WHERE runs.job_uid = jobs.uid AND runs.ended_at IS NOT NULL
      AND runs.state <> 'skipped' ORDER BY runs.seq DESC LIMIT 1) AS last_state
  FROM jobs JOIN policies ON policies.id = jobs.policy_id
  WHERE jobs.deleted_at IS NULL AND jobs.id NOT GLOB 'adhoc:*'
);

-- What started, or ended in another way than being passed over. The result is what the handler gave back.
CREATE VIEW scheduler_executions AS
SELECT
  run_id AS id,
  job_id AS event_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(started_at, queued_at) / 1000.0, 'unixepoch') AS start_time,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1000.0, 'unixepoch') AS end_time,
  CASE WHEN state IN ('running', 'stopping') THEN NULL ELSE state = 'succeeded' END AS success,
  statistics AS result,
  error ->> '$.message' AS error,
  CASE WHEN input ->> '$.enable_tracing' = 1 THEN run_id END AS trace_session_id
FROM runs
WHERE state NOT IN ('queued', 'skipped', 'missed');

-- Those that were registered; the rules of the settings file are in the settings file.
CREATE VIEW scheduler_cleanup_configs AS
SELECT
  cleanups.id,
  directory,
  pattern,
  retention_days,
  max_files,
  max_size_mb,
  min_keep,
  priority,
  recursive,
  dry_run,
  description,
  max_delete_share,
  'api' AS source,
  coalesce(module_id, 'unknown') AS module_id,
  strftime('%Y-%m-%dT%H:%M:%fZ', last_run / 1000.0, 'unixepoch') AS last_run,
  strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch') AS updated_at
FROM cleanups LEFT JOIN cleanup_runs ON cleanup_runs.id = cleanups.id;

-- `retry_delay` and `timeout` are milliseconds, as everywhere in the task scheduler.
CREATE VIEW scheduled_tasks AS
SELECT
  jobs.id,
  jobs.name,
  jobs.description,
  CASE WHEN manual_only THEN 'manual' ELSE CASE schedule ->> '$.kind'
    WHEN 'every' THEN 'interval' WHEN 'at' THEN 'once' ELSE schedule ->> '$.kind' END END AS type,
  CASE schedule ->> '$.kind'
    WHEN 'cron' THEN schedule ->> '$.expression'
    WHEN 'every' THEN schedule ->> '$.every'
    WHEN 'at' THEN strftime('%Y-%m-%dT%H:%M:%fZ', (schedule ->> '$.at') / 1000.0, 'unixepoch')
    ELSE 'manual' END AS schedule,
  handler AS command,
  input AS data,
  CASE events.status WHEN 'pending' THEN 'active' WHEN 'running' THEN 'active' ELSE events.status END AS status,
  enabled,
  policies.body ->> '$.retries' AS retries,
  policies.body ->> '$.retryDelayMs' AS retry_delay,
  policies.body ->> '$.timeoutMs' AS timeout,
  events.last_execution AS last_run,
  events.next_execution AS next_run,
  run_count,
  success_count,
  failure_count,
  events.created_at,
  events.updated_at,
  json_object('source', source, 'owner', owner, 'module_id', jobs.module_id, 'timezone', schedule ->> '$.timezone')
    AS metadata
FROM jobs
JOIN policies ON policies.id = jobs.policy_id
JOIN scheduler_events AS events ON events.id = jobs.id
WHERE jobs.deleted_at IS NULL;

CREATE VIEW task_executions AS
SELECT
  run_id AS id,
  job_id AS task_id,
  CASE state
    WHEN 'queued' THEN 'pending'
    WHEN 'running' THEN 'running'
    WHEN 'stopping' THEN 'running'
    WHEN 'succeeded' THEN 'completed'
    WHEN 'skipped' THEN 'skipped'
    WHEN 'missed' THEN 'skipped'
    ELSE 'failed' END AS status,
  strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch') AS started_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1000.0, 'unixepoch') AS completed_at,
  duration_ms AS duration,
  statistics AS result,
  error ->> '$.message' AS error,
  max(attempt - 1, 0) AS retry_count,
  NULL AS logs
FROM runs;

-- What runs say lies in a file of its own, which no view of this one can reach: here it has its columns and no rows.
CREATE VIEW task_logs AS
SELECT NULL AS id, NULL AS execution_id, NULL AS level, NULL AS message, NULL AS context, NULL AS timestamp
WHERE 0;
