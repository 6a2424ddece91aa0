// What a store promises of cleanups: the rules that were registered by a call, and when each rule last ran.

import type { CleanupRule, StoredCleanup } from '#core/cleanup';
import type { EpochMs } from '#core/clock';

export interface CleanupPromises {
  /** Rules registered by a call, in the order of their ids; those of the settings file are not here. */
  cleanups(): Promise<StoredCleanup[]>;
  /**
   * Reads the registered rules, asks `decide`, writes the one rule it answers and its row of the audit: one transaction.
   * A rule that is removed loses its last run. What `decide` throws changes nothing.
   */
  changeCleanup(
    at: EpochMs,
    by: string,
    decide: (registered: readonly StoredCleanup[]) => CleanupChange,
  ): Promise<void>;
  /** Rule id → start of its last real run, for rules of either source. */
  cleanupRuns(): Promise<ReadonlyMap<string, EpochMs>>;
  /** Moves the last run of these rules forward to `at`, never back. */
  noteCleanupRuns(ids: readonly string[], at: EpochMs): Promise<void>;
}

/** `put` registers an id that is new and replaces one that is there; `remove` takes an id that is not there as done. */
export type CleanupChange = { kind: 'put'; rule: CleanupRule } | { kind: 'remove'; id: string };
