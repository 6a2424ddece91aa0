// Slot in, due time out: the deterministic delay that keeps jobs of one slot from starting together (rule 20). Pure.

import type { EpochMs } from '#core/clock';
import type { Schedule } from '#core/schedule';

/**
 * When a slot is due: the slot itself, or later by at most `jitterMs` and a tenth of the time to the following
 * slot. The same job and slot give the same answer in every process; the slot stays the key.
 */
export function dueAt(schedule: Schedule, slot: EpochMs, jobUid: string, jitterMs: number): EpochMs {
  if (jitterMs <= 0) return slot;
  const following = schedule.next(slot);
  const bound = following === null ? jitterMs : Math.min(jitterMs, (following - slot) / 10);
  return slot + Math.floor(fraction(`${jobUid}@${slot}`) * (Math.floor(bound) + 1));
}

/** FNV-1a with a final mix: evenly spread in [0, 1), and equal on every machine for ever. */
function fraction(key: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < key.length; place++) hash = Math.imul(hash ^ key.charCodeAt(place), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
