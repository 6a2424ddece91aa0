// The threads that clean let all others go first: the engine's jobs are due to the millisecond, old files are not.

import { constants, setPriority } from 'node:os';

/** Of this thread alone, which only Linux can; elsewhere it would be the whole process, so nothing is done. */
export function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Already lower than that, or not allowed: it cleans all the same.
  }
}
