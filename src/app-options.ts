// What the composition root is given: the process around it, and what a test puts in its place.

import type { NoticeFolders } from '#config/folder-notices';
import type { Environment } from '#config/project';
import type { Clock } from '#core/clock';
import type { Handler } from '#core/handler';
import type { Isolate } from '#runs/call';
import type { AcquireLock } from '#service/lock';
import type { WatchTree } from '#service/vault-watch';
import type { SqliteStoreOptions } from '#store/sqlite/open';
import type { Store } from '#store/store';
import type { ProcessLog } from './log.ts';

export interface AppOptions {
  env: Environment;
  cwd: string;
  clock: Clock;
  log: ProcessLog;
  version: string;
  pid: number;
  /** In [0, 1). */
  random: () => number;
  /** Functions that are handlers beside the code in job directories. */
  handlers?: readonly Handler[];
  /** The right to run the loops; a test that kills a service takes it from the dead one. */
  acquireLock?: AcquireLock;
  /** Opens the ledger; a test puts its faults between the file and the parts that use it. */
  openStore?: (options: SqliteStoreOptions) => Promise<Store>;
  /** A test that moves the clock watches threads and processes by it. */
  isolate?: Isolate;
  /** A test that moves the clock lets nothing else wake the service. */
  noticeFolders?: NoticeFolders;
  /** Milliseconds; a test that goes through days looks at the settings less often than the service does. */
  compareMs?: number;
  /** A test tells of changes in the vault itself. */
  watchTree?: WatchTree;
}
