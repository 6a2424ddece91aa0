// What is done to a ledger as a whole, beside the promises of an opened one: copied, put back, looked over.

import type { EpochMs } from '#core/clock';
import type { Store } from './store.ts';

export interface LedgerFiles {
  /**
   * Copies the ledger of the directory to a new file of one state of it, while it is used: nobody waits, and what is
   * written meanwhile is not in it. Throws CONFLICT for a file that is there, CONFIG_NOT_FOUND where there is no ledger.
   */
  backUp(stateDir: string, file: string, options: BackupOptions): Promise<{ bytes: number }>;
  /**
   * Puts a backup in the place of the ledger. `change` brings the copy up to now before anybody can see it; where it
   * throws, nothing has changed. What was replaced is kept beside it. The caller holds the service lock. Throws
   * CONFIG_NOT_FOUND, PRECONDITION_FAILED (another program's file, a newer version), DATABASE_ERROR (damaged).
   */
  restore(stateDir: string, file: string, change: (store: Store) => Promise<void>): Promise<Replaced>;
  /** Looks over the whole file and writes nothing; null = there is none. Throws DATABASE_ERROR where it cannot be read. */
  check(stateDir: string): LedgerCheck | null;
}

export interface BackupOptions {
  /** Pages copied so far, and all. */
  onProgress(done: number, total: number): void;
  /** Aborting leaves no file. */
  signal: AbortSignal;
}

export interface Replaced {
  /** Where the ledger that was there now lies; null = there was none. */
  replaced: string | null;
}

export interface LedgerCheck {
  file: string;
  bytes: number;
  version: number;
  /** The version that this program writes. */
  newest: number;
  /** What is wrong with it; none = it is sound. */
  faults: string[];
  /** The latest instant that was written; null = none, or an older version. */
  newestInstant: EpochMs | null;
  /** Copies of earlier versions and replaced ledgers beside it, with their bytes. */
  copies: { file: string; bytes: number }[];
}
