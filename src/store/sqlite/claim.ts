// Queued runs in, running ones out: who may start now, in which order, under which lease. One statement.

import { HAND_STARTED, type Run, runName } from '#core/run';
import type { ClaimRequest } from '../store.ts';
import type { Database } from './database.ts';
import { endTimedPauses } from './pauses.ts';
import { RUN_COLUMNS, readRun } from './rows.ts';
import { IS_HELD, IS_LIVE } from './runs.ts';

const BY_HAND = HAND_STARTED.map((kind) => `'${kind}'`).join(', ');

/** Rules 6 and 14: what a hand started goes on in a pause and with a job that is off. Timed pauses were ended before. */
const mayStart = (run: 'runs' | 'other') => `(${run}.kind IN (${BY_HAND}) OR (
    jobs.deleted_at IS NULL AND jobs.state NOT IN ('disabled', 'orphaned')
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid = jobs.uid AND ended_at IS NULL)))`;

const isTime = (run: 'runs' | 'other') => `(${run}.not_before IS NULL OR ${run}.not_before <= :at)`;

/** Lower starts first (rule 5). As the index `runs_startable` says it. */
const order = (run: 'runs' | 'other') =>
  `${run}.priority, coalesce(${run}.slot, ${run}.queued_at), ${run}.seq`;

/** A run without a place gets one if those that hold one, and those that wait and come first, leave it; where `only` one run may start, none comes first. */
const GETS_PLACE = `(SELECT count(*) FROM runs AS other
    WHERE other.job_uid = runs.job_uid AND ${IS_LIVE} AND (other.holds_place = 1 OR (
      :only IS NULL AND other.state = 'queued' AND ${isTime('other')} AND ${mayStart('other')} AND (${order('other')}) < (${order('runs')})))
  ) < jobs.max_instances`;

/** Walks the queue in its order, no further than needed: CROSS JOIN keeps SQLite from turning it round. */
const CLAIM = `UPDATE runs SET
    state = 'running', boot_id = :bootId, lease_token = new_lease(), attempt = attempt + 1,
    started_at = :at, last_tick = :at, holds_place = 1, not_before = NULL, name = coalesce(name, job_id || :suffix)
  WHERE seq IN (
    SELECT runs.seq FROM runs INDEXED BY runs_startable CROSS JOIN jobs ON jobs.uid = runs.job_uid
    WHERE runs.state = 'queued' AND ${isTime('runs')} AND (:only IS NULL OR runs.run_id = :only)
      AND ${mayStart('runs')} AND (runs.holds_place = 1 OR ${GETS_PLACE})
    ORDER BY ${order('runs')}
    LIMIT max(0, min(:places, :cap - (SELECT count(*) FROM runs WHERE ${IS_HELD}))))
  RETURNING runs.seq AS seq, ${RUN_COLUMNS}`;

const COUNT_START = `UPDATE jobs SET run_count = run_count + :first, last_run_at = :at WHERE uid = :uid`;

/** Answers in starting order. */
export function claimRuns(db: Database, request: ClaimRequest): Run[] {
  const { at, bootId, places, cap, only = null } = request;
  endTimedPauses(db, at);
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
