// A job that is deleted becomes a tombstone: its id is free, its pauses and gap are closed, its history stays or goes (rule 15).

import type { EpochMs } from '#core/clock';
import type { Removal } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database } from './database.ts';
import { askAllToStop } from './endings.ts';
import { entomb, jobOf } from './jobs.ts';
import { endOwnPauses } from './pauses.ts';

/** What is still live goes when it ends. */
const PURGE_AT_END = 'UPDATE jobs SET purge_at_end = 1 WHERE uid = :uid';
const PURGE = 'DELETE FROM runs WHERE job_uid = :uid AND ended_at IS NOT NULL';

/** Throws JOB_NOT_FOUND. A tombstone may be purged later. */
export function removeJob(db: Database, removal: Removal, at: EpochMs): void {
  const { uid, purge, cancelRunning, by } = removal;
  const { enabled, manualOnly, handler, configHash, schedule } = jobOf(db, uid);
  if (entomb(db, uid, at)) {
    endOwnPauses(db, uid, at, by);
    const before = { enabled, manualOnly, handler, configHash, schedule: { ...schedule } };
    recordChange(db, { jobUid: uid, at, what: 'deleted', before, after: null, by });
  }
  if (cancelRunning) askAllToStop(db, uid, by);
  if (!purge) return;
  db.run(PURGE_AT_END, { uid });
  db.run(PURGE, { uid });
}
