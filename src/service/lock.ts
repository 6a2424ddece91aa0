// The right to run the loops of a state directory: one holder, asked for by `start`, `run` and commands that write.

import { type Clock, sleep } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Log } from '#core/log';
import type { Store } from '#store/store';

/** `busy` = another process has it. */
export type Lock = { kind: 'held'; release(): void } | { kind: 'busy' };

/** Blocks for `waitMs` at most. */
export type AcquireLock = (stateDir: string, waitMs?: number) => Lock;

/** Longer than the look of another process takes, which holds the lock for that moment. */
export const LOOK_OF_OTHERS_MS = 100;
/** How long a `start` waits for a `run`. */
const RUN_WAIT_MS = 60_000;
const LOOK_AGAIN_MS = 250;

export interface LockParts {
  store: Store;
  clock: Clock;
  log: Log;
  acquireLock: AcquireLock;
}

/** For a service: a `run` is waited for, another service never (CONFLICT). */
export async function lockForService(
  { store, clock, log, acquireLock }: LockParts,
  stateDir: string,
  signal: AbortSignal,
): Promise<Extract<Lock, { kind: 'held' }>> {
  const until = clock.monotonic() + RUN_WAIT_MS;
  for (let told = false; ; ) {
    const lock = acquireLock(stateDir, LOOK_OF_OTHERS_MS);
    if (lock.kind === 'held') return lock;
    const [boot] = await store.boots({ limit: 1 });
    if (boot?.kind !== 'run' || clock.monotonic() >= until || signal.aborted) {
      const who = boot ? ` (process ${boot.pid}, up since ${new Date(boot.startedAt).toISOString()})` : '';
      throw new SchedulerError(
        'CONFLICT',
        `another ${boot?.kind === 'run' ? 'run' : 'service'} holds ${stateDir}${who}`,
        'stop it first, or name another directory with --state',
      );
    }
    if (!told) log.at('lock.wait').info('waiting for a run of the command line to end', { pid: boot.pid });
    told = true;
    await sleep(clock, LOOK_AGAIN_MS, signal);
  }
}
