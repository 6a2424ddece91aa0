// How things stood at an instant that is over: whether a service was up, what was changed just then. Pure.

import type { EpochMs } from '#core/clock';
import type { Boot } from '#store/store';

/** A boot that has not ticked for this long is gone. */
const STALE_MS = 30_000;

/** A stretch without a service; null = before the first start, or to this day. */
export interface Down {
  from: EpochMs | null;
  to: EpochMs | null;
}

/** The stretch without a service around `at`; null when one was up. */
export function downAt(boots: readonly Boot[], at: EpochMs): Down | null {
  const services = boots
    .filter((boot) => boot.kind === 'service')
    .toSorted((a, b) => a.startedAt - b.startedAt);
  const before = services.findLast((boot) => boot.startedAt <= at);
  const after = services.find((boot) => boot.startedAt > at);
  const lastSeen = before && (before.endedAt ?? before.lastTick);
  // The newest boot without an end is the one that is up, unless its heartbeat stopped.
  if (before && lastSeen !== undefined && lastSeen >= at) return null;
  if (before && !after && before.endedAt === null && at - before.lastTick < STALE_MS) return null;
  return { from: lastSeen ?? null, to: after?.startedAt ?? null };
}
