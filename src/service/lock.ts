// The right to run the loops of a state directory: one holder, asked for by `start`, `run` and commands that write.

import { type Clock, sleep } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Log } from '#core/log';
import type { Boot, Store } from '#store/store';

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

type Held = Extract<Lock, { kind: 'held' }>;

/** For a service: a `run` is waited for, another service never (CONFLICT). Null when `signal` ends the wait. */
export async function lockForService(
  parts: LockParts,
  stateDir: string,
  signal: AbortSignal,
): Promise<Held | null> {
  const lock = await lockBesideRuns(parts, stateDir, signal);
  if (lock.kind === 'held') return lock;
  if (signal.aborted) return null;
  throw await conflict(parts, stateDir);
}

/** For a `run`: another `run` is waited for; `busy` = a service is up and does it. */
export async function lockForRun(parts: LockParts, stateDir: string, signal: AbortSignal): Promise<Lock> {
  const lock = await lockBesideRuns(parts, stateDir, signal);
  if (lock.kind === 'busy' && (await newestBoot(parts))?.kind === 'run')
    throw await conflict(parts, stateDir);
  return lock;
}

async function lockBesideRuns(parts: LockParts, stateDir: string, signal: AbortSignal): Promise<Lock> {
  const { clock, log, acquireLock } = parts;
  const until = clock.monotonic() + RUN_WAIT_MS;
  for (let told = false; ; told = true) {
    const lock = acquireLock(stateDir, LOOK_OF_OTHERS_MS);
    if (lock.kind === 'held') return lock;
    const boot = await newestBoot(parts);
    if (boot?.kind !== 'run' || clock.monotonic() >= until || signal.aborted) return lock;
    if (!told) log.at('lock.wait').info('waiting for a run of the command line to end', { pid: boot.pid });
    await sleep(clock, LOOK_AGAIN_MS, signal);
  }
}

async function newestBoot({ store }: LockParts): Promise<Boot | undefined> {
  return (await store.boots({ limit: 1 }))[0];
}

async function conflict(parts: LockParts, stateDir: string): Promise<SchedulerError> {
  const boot = await newestBoot(parts);
  const who = boot ? ` (process ${boot.pid}, up since ${new Date(boot.startedAt).toISOString()})` : '';
  const what = boot?.kind === 'run' ? 'run' : 'service';
  const fix = 'stop it first, or name another directory with --state';
  return new SchedulerError('CONFLICT', `another ${what} holds ${stateDir}${who}`, fix);
}
