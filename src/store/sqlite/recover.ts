// What dead processes left: each live run becomes a failed attempt, and a job that was there twice is paused (rule 10).

import type { EpochMs } from '#core/clock';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { Boot, Ending, Verdict } from '../store.ts';
import { findBoot, markSeen, uncleanEnds, unseenBoots } from './boots.ts';
import type { Database } from './database.ts';
import { writeEnding } from './endings.ts';
import { openPause } from './pauses.ts';
import { RUN_COLUMNS } from './run-rows.ts';
import { IS_HELD, readAll } from './runs.ts';

const LEFT_BEHIND = `SELECT ${RUN_COLUMNS} FROM runs INDEXED BY runs_held WHERE ${IS_HELD} AND boot_id <> :bootId ORDER BY seq`;
const RESET = 'UPDATE jobs SET crash_count = 0 WHERE crash_count > 0';
const SPARE = `${RESET} AND uid NOT IN (SELECT value FROM json_each(:uids))`;
const COUNT =
  'UPDATE jobs SET crash_count = crash_count + 1 WHERE uid IN (SELECT value FROM json_each(:uids))';
/** By the partial index `jobs_crashed`. */
const LOOPING =
  'SELECT uid FROM jobs WHERE crash_count > 0 AND crash_count >= 2 AND deleted_at IS NULL ORDER BY id';
const FORGIVE = 'UPDATE jobs SET crash_count = 0 WHERE uid = :uid';

export function recoverRuns(
  db: Database,
  bootId: string,
  at: EpochMs,
  decide: (run: Run) => Verdict,
): { runs: Run[]; paused: Pause[] } {
  const left = readAll(db, db.rows(LEFT_BEHIND, { bootId }));
  const runs = left.map((run) =>
    writeEnding(db, run, interruption(run, findBoot(db, run.bootId ?? ''), at, decide(run))),
  );
  countCrashes(db, bootId, left);
  markSeen(db, bootId, at);
  return { runs, paused: pauseLooping(db, bootId, at) };
}

/** The attempt that a dead process left: it worked until the last sign of life, as far as anybody knows. */
function interruption(run: Run, boot: Boot | null, at: EpochMs, verdict: Verdict): Ending {
  const startedAt = run.startedAt ?? run.queuedAt;
  const endedAt = Math.max(startedAt, boot?.lastTick ?? at);
  const who = boot ? `the process that ran it (pid ${boot.pid})` : 'the process that ran it';
  const message = `${who} ended without recording how this attempt ended; last sign of life at ${iso(endedAt)}`;
  const error = { code: 'EXECUTION_ERROR', message, fix: null };
  return {
    runId: run.runId,
    leaseToken: run.leaseToken ?? '',
    attempt: { n: run.attempt, startedAt, endedAt, outcome: 'interrupted', error },
    verdict,
    durationMs: endedAt - startedAt,
    statistics: null,
    codeHash: null,
  };
}

/**
 * Ends that nobody has counted yet, in their order. An unclean one of a service counts for the jobs it held and clears
 * the others; a command that ran one job says nothing about others; a clean end of a service clears all.
 */
function countCrashes(db: Database, bootId: string, left: readonly Run[]): void {
  const held = Map.groupBy(left, (run) => run.bootId);
  for (const boot of unseenBoots(db, bootId)) {
    const uids = uidsOf(held.get(boot.bootId) ?? []);
    held.delete(boot.bootId);
    if (boot.kind === 'service') {
      if (boot.endedAt === null) db.run(SPARE, { uids });
      else db.run(RESET);
    }
    if (boot.endedAt === null) db.run(COUNT, { uids });
  }
  // Runs of a boot that is not on record.
  for (const runs of held.values()) db.run(COUNT, { uids: uidsOf(runs) });
}

function pauseLooping(db: Database, bootId: string, at: EpochMs): Pause[] {
  const when = uncleanEnds(db, bootId).map((boot) => iso(boot.lastTick));
  const why = `a run of this job was live at two unclean ends of the service in a row, last signs of life at ${when.join(' and ')}`;
  return db.all(LOOPING).flatMap((row) => {
    const jobUid = String(row.uid);
    db.run(FORGIVE, { uid: jobUid });
    const who = 'crash_loop';
    return openPause(db, { jobUid, source: who, who, why, since: at, until: null }) ?? [];
  });
}

function uidsOf(runs: readonly Run[]): string {
  return JSON.stringify([...new Set(runs.map((run) => run.jobUid))]);
}

function iso(at: EpochMs): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toString();
}
