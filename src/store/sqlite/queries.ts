// Questions about the ledger that write nothing: one run, lists, the row of an instant, the next wake.

import type { EpochMs } from '#core/clock';
import { LIVE_STATES, type Run, type RunState } from '#core/run';
import type { RunQuery, Store, Wake } from '../store.ts';
import type { Database, Params, Row, Values } from './database.ts';
import { RUN_COLUMNS } from './run-rows.ts';
import { HAS_ENDED, IS_LIVE, readAll, readOne } from './runs.ts';

type Around = Awaited<ReturnType<Store['around']>>;

const SEQ = 'SELECT seq FROM runs WHERE run_id = :after';

/** Newest first, by the order of writing. */
export function queryRuns(db: Database, query: RunQuery): Run[] {
  const { jobUid, jobId, states, after, limit } = query;
  if (states?.length === 0) return [];
  const [behind] = after === undefined ? [Number.MAX_SAFE_INTEGER] : (db.row(SEQ, { after }) ?? []);
  if (behind === undefined) return [];
  const bound: Params = { limit, behind };
  states?.forEach((state, index) => {
    bound[`state${index}`] = state;
  });
  const owner = ownerOf(query);
  if (jobUid !== undefined) bound.jobUid = jobUid;
  if (jobId !== undefined) bound.jobId = jobId;
  const condition = owner
    ? ofJob(owner, states)
    : `WHERE ${states ? newestInStates(states) : 'seq < :behind'}`;
  const sql = `SELECT ${RUN_COLUMNS} FROM runs ${condition} ORDER BY seq DESC LIMIT :limit`;
  return readAll(db, db.rows(sql, bound));
}

function ownerOf({ jobUid, jobId }: RunQuery): string | null {
  const owners = [
    jobUid !== undefined && 'job_uid = :jobUid',
    jobId !== undefined && 'job_uid IN (SELECT uid FROM jobs WHERE id = :jobId)',
  ];
  return owners.filter(Boolean).join(' AND ') || null;
}

/** A job has few rows: they are found by its index, which knows no order of writing, and only the newest are read. */
function ofJob(owner: string, states: readonly string[] | undefined): string {
  const filter = `${owner} AND seq < :behind${states ? ` AND ${inStates(states)}` : ''}`;
  return `WHERE seq IN (
    SELECT seq FROM runs INDEXED BY runs_one_a_slot WHERE ${filter} ORDER BY seq DESC LIMIT :limit)`;
}

/** A job's rows are few enough to filter. */
function inStates(states: readonly string[]): string {
  return `state IN (${states.map((_, index) => `:state${index}`).join(', ')})`;
}

/** Over all jobs each state gives its newest rows from the index: a rare one does not read a million others. */
function newestInStates(states: readonly RunState[]): string {
  const each = states.map((state, index) => {
    const among = LIVE_STATES.includes(state) ? IS_LIVE : HAS_ENDED;
    return `SELECT seq FROM (
      SELECT seq FROM runs WHERE state = :state${index} AND ${among} AND seq < :behind ORDER BY seq DESC LIMIT :limit)`;
  });
  return `seq IN (${each.join(' UNION ALL ')})`;
}

const IS_THERE = 'SELECT 1 FROM runs WHERE run_id = :runId';

export function absentRuns(db: Database, runIds: readonly string[]): string[] {
  return db.read(() => runIds.filter((runId) => db.row(IS_THERE, { runId }) === undefined));
}

const AT_SLOT = `SELECT ${RUN_COLUMNS} FROM runs WHERE job_uid = :jobUid AND slot = :at`;
const COVERING = `SELECT ${RUN_COLUMNS} FROM runs
  WHERE job_uid = :jobUid AND covers_from IS NOT NULL AND covers_to >= :at AND covers_from <= :at
  ORDER BY covers_to, seq`;
const BEFORE = `SELECT ${RUN_COLUMNS} FROM runs WHERE job_uid = :jobUid AND slot < :at ORDER BY slot DESC LIMIT 1`;
const AFTER = `SELECT ${RUN_COLUMNS} FROM runs
  WHERE job_uid = :jobUid AND slot > :at AND (covers_from IS NULL OR covers_from > :at) ORDER BY slot LIMIT 1`;

export function rowsAround(db: Database, jobUid: string, at: EpochMs): Around {
  const bound = { jobUid, at };
  const covering = readAll(db, db.rows(COVERING, bound));
  const own = readAll(db, db.rows(AT_SLOT, bound));
  const isNew = (run: Run) => covering.every((other) => other.runId !== run.runId);
  return {
    covering: [...own.filter(isNew), ...covering],
    before: oneRun(db, db.row(BEFORE, bound)),
    after: oneRun(db, db.row(AFTER, bound)),
  };
}

function oneRun(db: Database, row: Values | undefined): Run | null {
  return row ? readOne(db, row) : null;
}

const COUNTS = `SELECT count(*) FILTER (WHERE state = 'queued') AS queued,
    count(*) FILTER (WHERE state <> 'queued') AS running
  FROM runs WHERE state IN ('queued', 'running', 'stopping')`;

/** `running` counts those that are stopping too: they hold their places. */
export function countLive(db: Database): { queued: number; running: number } {
  const row = db.get(COUNTS);
  return { queued: Number(row?.queued), running: Number(row?.running) };
}

const NEXT_SLOT = `SELECT next_due AS at FROM jobs
  WHERE deleted_at IS NULL AND state = 'active' AND next_due IS NOT NULL ORDER BY next_due LIMIT 1`;
const NEXT_RETRY = `SELECT min(not_before) AS at FROM runs
  WHERE state = 'queued' AND not_before IS NOT NULL AND not_before > :at`;
const NEXT_EXPIRY = `SELECT min(expires_at) AS at FROM runs WHERE state = 'queued' AND expires_at IS NOT NULL`;
const NEXT_PAUSE_END = 'SELECT min(until) AS at FROM pauses WHERE ended_at IS NULL AND until > :at';

export function nextWakes(db: Database, at: EpochMs): Wake {
  const instant = (row: Row | undefined): EpochMs | null => (row?.at == null ? null : Number(row.at));
  return {
    slot: instant(db.get(NEXT_SLOT)),
    retry: instant(db.get(NEXT_RETRY, { at })),
    pauseEnd: instant(db.get(NEXT_PAUSE_END, { at })),
    expiry: instant(db.get(NEXT_EXPIRY)),
  };
}
