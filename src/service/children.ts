// Processes of jobs as the ledger keeps them: noted before job code is in them, ended at the start after a crash (rule 10).

import type { Clock } from '#core/clock';
import type { Log } from '#core/log';
import type { ChildWatch } from '#runs/call';
import { endStray } from '#runs/isolation/stray-children';
import type { Store } from '#store/store';

export function childrenIn(store: Store, bootId: string): ChildWatch {
  return {
    onBegun: async (child, jobId) => await store.noteChild({ ...child, bootId, jobId }),
    onGone: async (child) => await store.forgetChild(child),
  };
}

/** The service lock proves that the boots that made them are over. Resolves when they are, too. */
export async function endStrays(
  { store, clock, log }: { store: Store; clock: Clock; log: Log },
  bootId: string,
): Promise<void> {
  const strays = await store.childrenOfOthers(bootId);
  await Promise.all(
    strays.map(async (child) => {
      const end = await endStray(child, clock);
      const names = { job_name: child.jobId, pid: child.pid };
      const told = log.at('loops.recover');
      if (end === 'ended')
        told.warn(`a process of job ${child.jobId} outlived the service: it is ended`, names);
      // Kept on record: the next start tries again.
      if (end === 'left')
        told.error(`a process of job ${child.jobId} outlived the service and cannot be ended`, {
          ...names,
          fix: 'it hangs inside the system: look at what it waits for, or restart the machine',
        });
      else await store.forgetChild(child);
    }),
  );
}
