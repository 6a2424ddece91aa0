// Queued runs in, running ones out: who may start now, in which order, under which lease. One statement.

import { HAND_STARTED, type Run, runName } from '#core/run';
import type { ClaimRequest } from '../store.ts';
import type { Database } from './database.ts';
import { endTimedPauses } from './pauses.ts';
import { RUN_COLUMNS, readRun } from './rows.ts';
import { IS_HELD, IS_LIVE } from './runs.ts';

const BY_HAND = HAND_STARTED.map((kind) => `'${kind}'`).join(', ');

/** Rule 6 and 14: what a hand started goes on in a pause, and with a job that is off. Timed pauses were ended before. */
const MAY_START = `(runs.kind IN (${BY_HAND}) OR (
    jobs.deleted_at IS NULL AND jobs.state NOT IN ('disabled', 'orphaned')
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid = jobs.uid AND ended_at IS NULL)))`;

const FREE_PLACES = `jobs.max_instances
    - (SELECT count(*) FROM runs AS other WHERE other.job_uid = jobs.uid AND ${IS_LIVE} AND other.holds_place = 1)`;

const PLANNED = 'coalesce(runs.slot, runs.queued_at)';

/** Runs that have their place: read in starting order, no further than needed. */
const WITH_PLACE = `SELECT runs.seq, runs.priority, ${PLANNED} AS planned
  FROM runs INDEXED BY runs_startable CROSS JOIN jobs ON jobs.uid = runs.job_uid
  WHERE runs.state = 'queued' AND runs.holds_place = 1
    AND (runs.not_before IS NULL OR runs.not_before <= :at)
    AND (:only IS NULL OR runs.run_id = :only)
    AND ${MAY_START}
  ORDER BY runs.priority, ${PLANNED}, runs.seq
  LIMIT :places`;

/** Runs that wait for a place: each job's first ones, as many as it has places free. */
const WITHOUT_PLACE = `SELECT seq, priority, planned FROM (
    SELECT runs.seq, runs.run_id, runs.priority, ${PLANNED} AS planned, ${FREE_PLACES} AS free,
      row_number() OVER (PARTITION BY runs.job_uid ORDER BY runs.priority, ${PLANNED}, runs.seq) AS rank
    FROM runs INDEXED BY runs_waiting CROSS JOIN jobs ON jobs.uid = runs.job_uid
    WHERE runs.state = 'queued' AND runs.holds_place = 0
      AND (runs.not_before IS NULL OR runs.not_before <= :at) AND ${MAY_START})
  WHERE rank <= free AND (:only IS NULL OR run_id = :only)`;

const CLAIM = `UPDATE runs SET
    state = 'running', boot_id = :bootId, lease_token = new_lease(), attempt = attempt + 1,
    started_at = :at, last_tick = :at, holds_place = 1, not_before = NULL, name = coalesce(name, job_id || :suffix)
  WHERE seq IN (
    SELECT seq FROM (SELECT * FROM (${WITH_PLACE}) UNION ALL ${WITHOUT_PLACE})
    ORDER BY priority, planned, seq
    LIMIT max(0, min(:places, :cap - (SELECT count(*) FROM runs WHERE ${IS_HELD}))))
  RETURNING runs.seq AS seq, ${RUN_COLUMNS}`;

const COUNT_START = `UPDATE jobs SET run_count = run_count + :first, last_run_at = :at WHERE uid = :uid`;

/** Answers in starting order. */
export function claimRuns(db: Database, request: ClaimRequest): Run[] {
  const { at, bootId, cap, only = null } = request;
  endTimedPauses(db, at);
  // A negative LIMIT would mean "all" to SQLite.
  const places = Math.max(0, request.places);
  const rows = db.all(CLAIM, { at, bootId, places, cap, only, suffix: runName('', at) });
  const claimed = rows.map((row) => ({ seq: Number(row.seq), run: readRun(row) }));
  const planned = (run: Run) => run.slot ?? run.queuedAt;
  claimed.sort((a, b) => a.run.priority - b.run.priority || planned(a.run) - planned(b.run) || a.seq - b.seq);
  for (const { run } of claimed) {
    // A first start that was given back has left its record, and is not counted again.
    const isFirst = run.attempt === 1 && run.attempts.length === 0;
    db.run(COUNT_START, { uid: run.jobUid, at, first: isFirst ? 1 : 0 });
  }
  return claimed.map(({ run }) => run);
}
