// The audit's rows: what was changed, when and by whom. Part of the store's promises.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';

export interface ChangeQuery {
  /** With `andClock` the corrections of the clock as well: from such an instant on the latest definition holds anew. */
  jobUid?: string;
  andClock?: true;
  what?: JobChange['what'];
  before?: EpochMs;
  limit: number;
}

/** One row of the audit: every change of schedule, zone, enabled, pause, circuit, existence, of the clock, a cleanup, a queue, a key, the whole ledger. */
export interface JobChange {
  jobUid: string | null;
  at: EpochMs;
  what:
    | 'created'
    | 'updated'
    | 'schedule'
    | 'enabled'
    | 'state'
    | 'paused'
    | 'resumed'
    | 'orphaned'
    | 'returned'
    | 'deleted'
    | 'circuit'
    | 'clock'
    | 'hole'
    | 'cleanup_registered'
    | 'cleanup_updated'
    | 'cleanup_removed'
    | 'queue_cleared'
    | 'queue_revived'
    | 'key_set'
    | 'key_deleted'
    | 'restored';
  before: Json;
  after: Json;
  by: string;
}
