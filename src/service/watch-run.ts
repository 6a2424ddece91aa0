// A change in the vault in, a queued run of the sync out: the watch, as an installation sets it up.

import type { Settings } from '#config/settings';
import type { Clock } from '#core/clock';
import type { Log } from '#core/log';
import type { Store } from '#store/store';
import { requestRun } from './run-request.ts';
import { VaultWatch, type WatchTree } from './vault-watch.ts';

const JOB = 'vault_sync';

export interface WatchRunParts {
  store: Store;
  clock: Clock;
  log: Log;
  current(): Settings;
  newId(): string;
  handlerKnown(name: string): boolean;
  /** A test tells of changes itself. */
  watchTree?: WatchTree;
}

/** Not watching yet: see `follow`. */
export function vaultWatch(parts: WatchRunParts, wake: () => void): VaultWatch {
  const { clock, log, watchTree } = parts;
  return new VaultWatch({
    ...{ clock, log, ...(watchTree && { watchTree }) },
    config: () => parts.current().app,
    async request(files) {
      const taken = await request(parts, files);
      wake();
      return taken;
    },
  });
}

async function request(parts: WatchRunParts, files: readonly string[] | null): Promise<boolean> {
  const { store, clock, newId, handlerKnown, current } = parts;
  const { jobs, scheduler } = current();
  const spec = jobs.find((job) => job.id === JOB && job.enabled);
  // The schedule will look at all of it, once it is switched on.
  if (!spec || !scheduler.enabled || !handlerKnown(spec.handler)) return true;
  const input = files ? { files: [...files] } : {};
  const wish = { kind: 'watch', at: clock.now(), runId: newId(), by: 'vault.watch', input } as const;
  const result = await store.enqueue(spec.id, (due) => requestRun(due, { ...wish, handlerKnown: true }));
  return result.kind !== 'refuse';
}
