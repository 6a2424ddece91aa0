// What upkeep asks of a store, and is told: how much history goes, which slots have their account, where holes are.

import type { EpochMs } from '#core/clock';
import type { RunState } from '#core/run';

export interface PruneRequest {
  at: EpochMs;
  /** Rows that ended before it go. */
  before: EpochMs;
  maxRowsPerJob: number;
  maxRows: number;
  /** At most this many rows in one call. */
  limit: number;
}

/** What became of the slots in [from, to]: a run, or a skip or miss with its reason. */
export interface Account {
  runId: string;
  state: RunState;
  from: EpochMs;
  to: EpochMs;
  count: number;
}

/** Slots in [from, to] that were to be decided and have no account. */
export interface FoundHole {
  jobUid: string;
  at: EpochMs;
  from: EpochMs;
  to: EpochMs;
  count: number;
}
