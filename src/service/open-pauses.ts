// The pauses that hold now, as the ledger has them, and outside sources as a process finds them where no service notes them.

import type { Clock } from '#core/clock';
import type { ObservedPause, Pause, PauseSource } from '#core/pause';
import { endOf } from '#engine/segments';
import type { Store } from '#store/store';

const OUTSIDE: readonly PauseSource[] = ['environment', 'env_file', 'vault_file'];

export interface OpenPausesParts {
  store: Store;
  clock: Clock;
  readPauses(): Promise<ObservedPause[]>;
  isServed: boolean;
}

/**
 * Outside sources are the service's to note: this process may have another environment. Where none is up, they are shown
 * as this process finds them and nothing is written.
 */
export async function openPauses({ store, clock, readPauses, isServed }: OpenPausesParts): Promise<Pause[]> {
  const now = clock.now();
  const open = (await store.pauses({ from: now, to: now })).filter(
    (pause) => (endOf(pause) ?? Infinity) > now,
  );
  if (isServed) return open;
  const found = (await readPauses()).map((pause, i) => ({
    ...pause,
    ...{ id: -1 - i, jobUid: null, why: null, since: now, until: null, endedAt: null },
  }));
  return [...open.filter((pause) => !OUTSIDE.includes(pause.source)), ...found];
}
