// A wall clock that went back: cursors, ranges, waits and pauses are brought to the corrected instant (rule 13).

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { ClockPlan } from '../store.ts';
import { ALL, readAccount, readAccounts } from './audit.ts';
import { readChanges, recordChange } from './changes.ts';
import type { Database } from './database.ts';
import { JOB_COLUMNS } from './job-rows.ts';
import { readAll, updateJob } from './jobs.ts';
import { moveMessagesBack } from './queues.ts';
import { takenSlots } from './view.ts';

const AHEAD = `SELECT ${JOB_COLUMNS} FROM jobs WHERE deleted_at IS NULL AND cursor > :at ORDER BY id`;
const RANGES = `SELECT run_id, state, covers_from AS first, slot, covers_count AS count FROM runs
  WHERE job_uid = :jobUid AND covers_to > :at AND covers_from IS NOT NULL AND state IN ('skipped', 'missed')
  ORDER BY slot`;
const CUT = `UPDATE runs SET slot = :to, covers_to = :to, covers_count = :count WHERE run_id = :runId`;
const DELETE = 'DELETE FROM runs WHERE run_id = :runId';
/** They wait as long as before: by the clock that was, that instant has become another one. */
const SHIFT = `UPDATE runs SET not_before = not_before - :back, expires_at = expires_at - :back
  WHERE state = 'queued'`;
/** Nothing that a pause held lies after now. A timed one ends at the instant that somebody named. */
const PAUSES = `UPDATE pauses SET since = min(since, :at), ended_at = min(ended_at, :at)
  WHERE since > :at OR ended_at > :at`;
/** Changes of one job that are looked through. */
const MANY = 10_000;
const LAST_ROW = 'SELECT coalesce(max(seq), 0) AS seq FROM runs';

export function correctClock(
  db: Database,
  clock: { was: EpochMs; at: EpochMs; by: string },
  plan: ClockPlan,
): StoredJob[] {
  const { was, at, by } = clock;
  const jobs = readAll(db, db.rows(AHEAD, { at }));
  const moved = jobs.map((job) => moveBack(db, job, clock, plan));
  db.run(SHIFT, { back: was - at });
  db.run(PAUSES, { at });
  // What was written so far bears instants of the old clock: `newestInstant` looks past it.
  moveMessagesBack(db, { was, at });
  const after = { at, lastRow: Number(db.get(LAST_ROW)?.seq) };
  recordChange(db, { jobUid: null, at, what: 'clock', before: { at: was }, after, by });
  return moved;
}

function moveBack(
  db: Database,
  job: StoredJob,
  { was, at }: { was: EpochMs; at: EpochMs },
  plan: ClockPlan,
): StoredJob {
  cutRanges(db, job, at, plan);
  // A gap that reaches past now is over: what comes next opens another one.
  const gap = job.gap && job.gap.to > at ? null : job.gap;
  // A one-time job waits in its gap row for the end of the pause: its only slot is still to come, and decided then.
  const isUndecided = job.schedule.kind === 'at' && job.state === 'active';
  if (isUndecided && job.gap && gap === null) db.run(DELETE, { runId: job.gap.runId });
  const takenTo = Math.max(job.cursor, job.takenTo ?? 0);
  const back: StoredJob = { ...job, cursor: at, takenTo, gap, auditedTo: Math.min(job.auditedTo, at) };
  const { nextSlot, nextDue } = plan.next(back, takenSlots(db, back));
  const { cursor, auditedTo } = back;
  // The next probe is as far away as it was.
  const circuit = job.circuit && {
    openedAt: Math.min(job.circuit.openedAt, at),
    probeFrom: job.circuit.probeFrom - (was - at),
  };
  updateJob(db, job.uid, { cursor, takenTo, gap, auditedTo, circuit, nextSlot, nextDue, updatedAt: at });
  return { ...back, circuit, nextSlot, nextDue, updatedAt: at };
}

function cutRanges(db: Database, job: StoredJob, at: EpochMs, plan: ClockPlan): void {
  const ranges = db.all(RANGES, { jobUid: job.uid, at }).map(readAccount);
  if (ranges.length === 0) return;
  const from = Math.min(...ranges.map((range) => range.from));
  const to = Math.max(...ranges.map((range) => range.to));
  const past = {
    changes: readChanges(db, { jobUid: job.uid, andClock: true, limit: MANY }),
    accounts: readAccounts(db, job.uid, from - 1, to, ALL),
  };
  for (const range of ranges) {
    const { runId } = range;
    const left = plan.cut(job, range, past);
    if (left) db.run(CUT, { runId, ...left });
    else db.run(DELETE, { runId });
  }
}
