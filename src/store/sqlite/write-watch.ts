// Tells that some process has written to a ledger, without asking it: every commit goes into the file's WAL first.

import { watch } from 'node:fs';

/**
 * Calls `told` at writes to `<file>-wal`, before they can be read: a commit is complete a moment later. `lost` once,
 * when nothing more will be told. The answer ends it; null where the system refuses to watch. The ledger lies on a
 * local disk (others are refused), so no process can write unseen.
 */
export function watchWrites(file: string, told: () => void, lost: () => void): (() => void) | null {
  try {
    const watcher = watch(`${file}-wal`, { persistent: false });
    const end = () => {
      watcher.close();
      lost();
    };
    // Renamed or removed: it is not the WAL any more.
    watcher.on('change', (what) => (what === 'rename' ? end() : told()));
    watcher.on('error', end);
    return () => watcher.close();
  } catch {
    return null;
  }
}
