// Nothing is admitted while the clock is hours behind what the ledger has seen, unless somebody accepts it (rule 13).

import { type Clock, type EpochMs, sleep } from '#core/clock';
import { formatDuration } from '#core/duration';
import type { Log } from '#core/log';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { clockPlan } from '#engine/clock-plan';
import { CORRECTION_MS } from '#engine/clock-watch';
import type { Store } from '#store/store';

export interface SuspectClockParts {
  store: Store;
  clock: Clock;
  log: Log;
  scheduleOf(spec: ScheduleSpec): Schedule;
}

const LOOK_AGAIN_MS = 30_000;

/** How far the clock is behind the newest row, in milliseconds; 0 = not suspiciously. */
export async function suspiciouslyBehind(store: Store, now: EpochMs): Promise<number> {
  const newest = await store.newestInstant();
  return newest !== null && newest - now > CORRECTION_MS ? newest - now : 0;
}

/** Resolves to true once the clock is right, or accepted as it is; to false when `signal` aborts before. */
export async function untilClockIsRight(
  parts: SuspectClockParts,
  accept: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { store, clock, scheduleOf } = parts;
  const log = parts.log.at('clock.check');
  for (let isTold = false; ; isTold = true) {
    const at = clock.now();
    const behind = await suspiciouslyBehind(store, at);
    if (behind === 0) return true;
    const by = formatDuration(Math.round(behind / 60_000) * 60_000);
    if (accept) {
      await store.correctClock(
        { was: at + behind, at, by: 'start --accept-clock' },
        clockPlan(at, scheduleOf),
      );
      log.warn(
        `the clock is ${by} behind the newest row of the ledger, and is accepted: time counts anew from here`,
      );
      return true;
    }
    if (!isTold)
      log.error(`the clock is ${by} behind the newest row of the ledger: nothing is started`, {
        error_type: 'PRECONDITION_FAILED',
        module_id: 'engine',
        details: { fix: 'set the clock, or start with --accept-clock if it is right now' },
      });
    if (!(await sleep(clock, LOOK_AGAIN_MS, signal))) return false;
  }
}
