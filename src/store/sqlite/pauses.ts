// Who holds the scheduler or a job back: stored pauses, observed ones, and the end of timed ones (rule 6).

import type { EpochMs } from '#core/clock';
import type { ObservedPause, Pause, PauseSource } from '#core/pause';
import type { NewPause, ResumeTarget } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database } from './database.ts';
import { jobOf } from './jobs.ts';
import { insertInto, pauseParams, readPause } from './rows.ts';

const OBSERVED: readonly PauseSource[] = ['environment', 'env_file', 'vault_file'];

const OVERLAPPING = `SELECT * FROM pauses
  WHERE since <= :to AND coalesce(ended_at, until, :from + 1) > :from ORDER BY since, id`;
const EXPIRED = 'SELECT * FROM pauses WHERE ended_at IS NULL AND until <= :at ORDER BY until, id';
const END = 'UPDATE pauses SET ended_at = max(since, :at) WHERE id = :id RETURNING *';
const OPEN_OF_ALL = 'SELECT * FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL ORDER BY since, id';
const OPEN_OF_JOB = 'SELECT * FROM pauses WHERE job_uid = :uid AND ended_at IS NULL ORDER BY since, id';
const OF_ALL_SINCE = `SELECT * FROM pauses WHERE job_uid IS NULL AND ended_at > :after
  UNION ALL SELECT * FROM pauses WHERE job_uid IS NULL AND ended_at IS NULL`;
const ANY_OWN = 'SELECT 1 FROM pauses WHERE job_uid IS NOT NULL LIMIT 1';
const OF_JOB_SINCE = `SELECT * FROM pauses WHERE job_uid = :uid AND ended_at > :after
  UNION ALL SELECT * FROM pauses WHERE job_uid = :uid AND ended_at IS NULL`;

/** When a pass last found that a pause held a slot. */
const LAST_HELD = `SELECT max(ended_at) AS at FROM runs WHERE run_id IN
  (SELECT gap ->> '$.runId' FROM jobs WHERE gap IS NOT NULL AND gap ->> '$.reason' = 'paused')`;

/** False where no job was ever paused by itself: then nobody needs to ask for one. */
export function hasOwnPauses(db: Database): boolean {
  return db.get(ANY_OWN) !== undefined;
}

export function pausesBetween(db: Database, from: EpochMs, to: EpochMs): Pause[] {
  return db.all(OVERLAPPING, { from, to }).map(readPause);
}

/** Pauses of every job that ended after `after` or are still held; unordered. */
export function globalPausesSince(db: Database, after: EpochMs): Pause[] {
  return db.all(OF_ALL_SINCE, { after }).map(readPause);
}

/** The same for one job's own pauses. */
export function jobPausesSince(db: Database, uid: string, after: EpochMs): Pause[] {
  return db.all(OF_JOB_SINCE, { uid, after }).map(readPause);
}

/** A timed pause ends by itself, at its time and not when somebody looks: called before every look. */
export function endTimedPauses(db: Database, at: EpochMs): void {
  for (const pause of db.all(EXPIRED, { at }).map(readPause))
    endPause(db, pause, pause.until ?? at, 'its time was over');
}

/** Null when the same source holds the target already. Throws JOB_NOT_FOUND. */
export function openPause(db: Database, pause: NewPause): Pause | null {
  if (pause.jobUid !== null) jobOf(db, pause.jobUid);
  endTimedPauses(db, pause.since);
  const held = openPauses(db, pause.jobUid).some((other) => other.source === pause.source);
  return held ? null : insertPause(db, pause);
}

/** All that one job has of its own, e.g. because it is deleted. */
export function endOwnPauses(db: Database, jobUid: string, at: EpochMs, by: string): void {
  for (const pause of openPauses(db, jobUid)) endPause(db, pause, at, by);
}

export function endPauses(db: Database, target: ResumeTarget): Pause[] {
  endTimedPauses(db, target.at);
  return openPauses(db, target.jobUid)
    .filter((pause) => target.sources.includes(pause.source) && !OBSERVED.includes(pause.source))
    .map((pause) => endPause(db, pause, target.at, target.by));
}

export function observePauses(
  db: Database,
  at: EpochMs,
  held: readonly ObservedPause[],
  heldUntil: EpochMs = at,
): Pause[] {
  endTimedPauses(db, at);
  const open = openPauses(db, null).filter((pause) => OBSERVED.includes(pause.source));
  const isSame = (a: ObservedPause | Pause, b: ObservedPause | Pause) =>
    a.source === b.source && a.who === b.who;
  const gone = open.filter((pause) => !held.some((now) => isSame(now, pause)));
  const until = gone.length > 0 && heldUntil < at ? lastHeld(db, at, heldUntil) : heldUntil;
  for (const pause of gone) endPause(db, pause, until, pause.who);
  for (const now of held)
    if (!openPauses(db, null).some((pause) => isSame(pause, now)))
      insertPause(db, { ...now, jobUid: null, why: null, since: at, until: null });
  return openPauses(db, null);
}

/** What a pause held was due before its end, also since the last sign of life. */
function lastHeld(db: Database, at: EpochMs, heldUntil: EpochMs): EpochMs {
  const seen = Number(db.get(LAST_HELD)?.at ?? 0) + 1;
  return Math.min(at, Math.max(heldUntil, seen));
}

function openPauses(db: Database, jobUid: string | null): Pause[] {
  const rows = jobUid === null ? db.all(OPEN_OF_ALL) : db.all(OPEN_OF_JOB, { uid: jobUid });
  return rows.map(readPause);
}

function insertPause(db: Database, pause: NewPause): Pause {
  const { jobUid, source, who, why, since, until } = pause;
  const bound = pauseParams({ ...pause, endedAt: null });
  const row = db.get(`${insertInto('pauses', Object.keys(bound))} RETURNING *`, bound);
  const after = { source, why, until };
  recordChange(db, { jobUid, at: since, what: 'paused', before: null, after, by: who });
  return readPause(row ?? {});
}

function endPause(db: Database, pause: Pause, at: EpochMs, by: string): Pause {
  const row = db.get(END, { id: pause.id, at });
  const ended = row ? readPause(row) : pause;
  const { jobUid, source, who, since } = pause;
  const before = { source, who, since };
  recordChange(db, { jobUid, at: ended.endedAt ?? at, what: 'resumed', before, after: null, by });
  return ended;
}
