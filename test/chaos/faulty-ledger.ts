// A ledger on a disk that a test can fill: every write is refused as SQLite does it, or the file may not grow.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { SchedulerError } from '#core/errors';
import { openLedgerFile, type SqliteStoreOptions } from '#store/sqlite/open';
import { SqliteStore } from '#store/sqlite/sqlite-store';
import { prepareStateDir } from '#store/sqlite/state-dir';
import type { Store } from '#store/store';

const WRITES: readonly (keyof Store)[] = [
  ...([
    'beginBoot',
    'tick',
    'endBoot',
    'reconcile',
    'pause',
    'resume',
    'observe',
    'fire',
    'enqueue',
  ] as const),
  ...(['backfill', 'claim', 'settle', 'markStopping', 'recover', 'requestCancel', 'prune'] as const),
  ...(['markAudited', 'correctClock'] as const),
];

export class FaultyLedger {
  /** Every write fails from now on: nothing at all is left of the disk. */
  isFull = false;
  /** Writes that were refused. */
  refused = 0;
  #limit: (pages: number) => void = () => {};
  #pages: () => number = () => 0;

  readonly open = async ({ stateDir, clock }: SqliteStoreOptions): Promise<Store> => {
    prepareStateDir(stateDir, []);
    const file = openLedgerFile(join(stateDir, 'scheduler.db'), { busyTimeoutMs: 20 });
    this.#pages = () => Number(file.pragma('page_count'));
    this.#limit = (pages) => file.script(`PRAGMA max_page_count = ${pages}`);
    return this.#guarded(new SqliteStore(file, clock!, randomUUID));
  };

  /** SQLite itself answers SQLITE_FULL to whoever needs another page. */
  stopGrowth(): void {
    this.#limit(this.#pages());
  }

  allowGrowth(): void {
    this.#limit(1_000_000);
  }

  #guarded(store: Store): Store {
    return new Proxy(store, {
      get: (target, name: keyof Store) => {
        const own: unknown = target[name];
        if (typeof own !== 'function') return own;
        if (!WRITES.includes(name)) return own.bind(target);
        return async (...args: unknown[]) => {
          if (this.isFull) throw this.#full();
          return await own.apply(target, args);
        };
      },
    });
  }

  #full(): SchedulerError {
    this.refused++;
    return new SchedulerError('DATABASE_ERROR', 'database or disk is full', 'free some space');
  }
}
