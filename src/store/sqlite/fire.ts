// Due jobs in, rows and cursors out: the transaction that decides slots, and the one that admits a run by hand.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { StoredJob } from '#core/job';
import type {
  DueJob,
  EnqueueDecision,
  EnqueueResult,
  FireDecision,
  FireOptions,
  FireResult,
  Front,
} from '../store.ts';
import { apply } from './apply.ts';
import { Claiming } from './claim.ts';
import { type Database, isRefusedRow } from './database.ts';
import { askToStop, endQueued, goOnWhereGivenBack } from './endings.ts';
import { JOB_COLUMNS } from './job-rows.ts';
import { findJob, readAll } from './jobs.ts';
import { endTimedPauses } from './pauses.ts';
import { addRun } from './runs.ts';
import { Views } from './view.ts';

/** As the partial index `jobs_due` says it. */
const IS_DUE = `deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL AND next_due <= :at`;
const IN_PAUSE_GAP = `deleted_at IS NULL AND state = 'active' AND gap IS NOT NULL
    AND gap ->> '$.reason' IN ('paused', 'stopped')`;
const IS_FREE = `NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM pauses WHERE job_uid = jobs.uid AND ended_at IS NULL)`;
const IS_WANTED = 'uid NOT IN (SELECT value FROM json_each(:except))';

const DUE = `SELECT ${JOB_COLUMNS} FROM jobs WHERE ${IS_DUE} AND ${IS_WANTED} ORDER BY next_due, priority, next_slot, id LIMIT :limit`;
/** No run of what is due comes before it (rule 5). */
const FRONT = `SELECT min(priority) AS priority, min(next_slot) AS slot FROM jobs INDEXED BY jobs_due WHERE ${IS_DUE}`;
/** Jobs whose pause is over, and whose gap row nobody has closed yet; by the partial index `jobs_in_gap`. */
const RESUMED = `SELECT ${JOB_COLUMNS} FROM jobs WHERE ${IN_PAUSE_GAP} AND ${IS_FREE} AND NOT (${IS_DUE}) AND ${IS_WANTED}
  ORDER BY id LIMIT :limit`;
/** Jobs that have a run whose time to wait for a place is over (rule 1). */
const EXPIRING = `SELECT ${JOB_COLUMNS} FROM jobs
  WHERE uid IN (SELECT job_uid FROM runs WHERE state = 'queued' AND expires_at IS NOT NULL AND expires_at <= :at)
    AND NOT (${IS_DUE}) AND ${IS_WANTED}
  ORDER BY id LIMIT :limit`;
/** Those that a resume of one target leaves free. */
const FREE_AND_DUE = `SELECT ${JOB_COLUMNS} FROM jobs WHERE ${IS_DUE} AND ${IS_FREE} ORDER BY next_due, id`;
const FREE_IN_GAP = `SELECT ${JOB_COLUMNS} FROM jobs WHERE ${IN_PAUSE_GAP} AND ${IS_FREE} AND NOT (${IS_DUE}) ORDER BY id`;
const FREE_OF_UID = `SELECT ${JOB_COLUMNS} FROM jobs
  WHERE uid = :jobUid AND deleted_at IS NULL AND state = 'active' AND ${IS_FREE}
    AND (next_due <= :at OR gap ->> '$.reason' IN ('paused', 'stopped'))`;

type Plan = (due: DueJob) => FireDecision;

export function fireDue(
  db: Database,
  at: EpochMs,
  plan: Plan,
  options: FireOptions,
  newLease: () => string,
): FireResult {
  endTimedPauses(db, at);
  const { limit = Number.MAX_SAFE_INTEGER, claim = null, isLong = () => false } = options;
  const found = findDue(db, at, options.except ?? [], limit + 1);
  const jobs = found.slice(0, limit);
  // A later batch may have what comes first (rule 5): before all is decided only what nothing can come before starts.
  const isPart = found.length > limit;
  const front = options.front ?? (isPart ? frontOf(db, at) : null);
  const claiming = claim && new Claiming(db, claim, newLease, isPart ? front : null);
  // Where all of them have a place and nobody waits, none needs to wait for its turn.
  const direct = claiming?.hasPlacesFor(jobs.length) ? claiming : null;
  const { decided, dropped } = decideAll(db, jobs, at, plan, direct, isLong);
  const more = isPart || decided.length + dropped.length < jobs.length;
  const admitted = decided.flatMap(({ rows }) => rows).filter((run) => run.state === 'queued');
  if (claiming && !more && claiming.count < admitted.length + (direct ? 0 : 1)) claiming.walk();
  return { decided, dropped, claimed: claiming?.inOrder() ?? [], more, front };
}

function frontOf(db: Database, at: EpochMs): Front | null {
  const row = db.get(FRONT, { at });
  return row?.slot == null ? null : { priority: Number(row.priority), slot: Number(row.slot) };
}

/** The longest due first, then those whose pause or whose waiting is over. */
function findDue(db: Database, at: EpochMs, except: readonly string[], most: number): StoredJob[] {
  const found = new Map<string, StoredJob>();
  for (const sql of [DUE, RESUMED, EXPIRING]) {
    const limit = most - found.size;
    if (limit <= 0) break;
    const rows = db.rows(sql, { at, limit, except: JSON.stringify(except) });
    for (const job of readAll(db, rows)) found.set(job.uid, job);
  }
  return [...found.values()];
}

/** Due jobs of the target, and those in the gap of a pause, that no pause holds any more (rule 6). */
export function decideResumed(
  db: Database,
  jobUid: string | null,
  at: EpochMs,
  plan: Plan,
): FireResult['decided'] {
  const found =
    jobUid === null
      ? [...db.rows(FREE_AND_DUE, { at }), ...db.rows(FREE_IN_GAP, { at })]
      : db.rows(FREE_OF_UID, { jobUid, at });
  return decideAll(db, readAll(db, found), at, plan, null, () => false).decided;
}

/**
 * Each job is a transaction of its own within the transaction: one that fails is taken back and named alone. Ends early,
 * but not before the first, once it `isLong`.
 */
function decideAll(
  db: Database,
  jobs: readonly StoredJob[],
  at: EpochMs,
  plan: Plan,
  direct: Claiming | null,
  isLong: () => boolean,
): Pick<FireResult, 'decided' | 'dropped'> {
  const result: Pick<FireResult, 'decided' | 'dropped'> = { decided: [], dropped: [] };
  if (jobs.length === 0) return result;
  const views = new Views(db, Math.min(at, ...jobs.map((job) => job.cursor)));
  // Mostly none fails: then one savepoint does for all, else they are decided again, each in its own.
  const all = db.savepoint(() => {
    const decided: FireResult['decided'] = [];
    for (const job of jobs) {
      if (decided.length > 0 && isLong()) break;
      decided.push(apply(db, job, plan(views.of(job)), at, direct));
    }
    return decided;
  });
  if (all.kind === 'kept') return { decided: all.value, dropped: [] };
  direct?.undo(0);
  for (const job of jobs) {
    const before = direct?.count ?? 0;
    const part = db.savepoint(() => apply(db, job, plan(views.of(job)), at, direct));
    if (part.kind === 'kept') result.decided.push(part.value);
    else {
      direct?.undo(before);
      result.dropped.push({ uid: job.uid, jobId: job.id, error: part.error });
    }
  }
  return result;
}

export function enqueueRun(
  db: Database,
  jobId: string,
  at: EpochMs,
  decide: (due: DueJob) => EnqueueDecision,
): EnqueueResult {
  endTimedPauses(db, at);
  const job = findJob(db, jobId);
  if (!job) return { kind: 'no_job' };
  const decision = decide(new Views(db, job.cursor).of(job));
  if (decision.kind === 'refuse') return decision;
  for (const end of decision.end ?? []) endQueued(db, end, at);
  goOnWhereGivenBack(db, decision.end ?? [], at);
  for (const { runId, by } of decision.cancel ?? []) askToStop(db, runId, by);
  try {
    return { kind: 'queued', run: addRun(db, job, decision.row, at) };
  } catch (error) {
    throw isRefusedRow(error) ? conflict(job, decision.row.slot, error) : error;
  }
}

export function conflict(job: StoredJob, slot: EpochMs | null, cause: unknown): SchedulerError {
  const what = slot === null ? 'this run' : `slot ${Temporal.Instant.fromEpochMilliseconds(slot)}`;
  return new SchedulerError(
    'CONFLICT',
    `job "${job.id}" has a row for ${what} already`,
    'Ask why for that slot, or rerun the run that has it.',
    { cause },
  );
}
