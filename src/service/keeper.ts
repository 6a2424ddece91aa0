// The housekeeper under the settings that hold now: what it may clean, what it never touches.

import type { Settings } from '#config/settings';
import type { Clock } from '#core/clock';
import type { Log } from '#core/log';
import { cleanInThread } from '#housekeeper/clean-thread';
import { createHousekeeper, type Housekeeper, type HousekeeperParts } from '#housekeeper/housekeeper';

/** Settings are checked without a ledger. */
export const NO_RULES: HousekeeperParts['store'] = {
  cleanups: async () => [],
  noteCleanupRuns: async () => {},
};

export function keeper(
  { clock, log }: { clock: Clock; log: Log },
  current: () => Settings,
  store: HousekeeperParts['store'],
): Housekeeper {
  return createHousekeeper({
    clock,
    store,
    clean: cleanInThread,
    log: log.at('housekeeper.run'),
    settings: () => current().housekeeper,
    protectedPaths: () => ({
      vault: current().app.paths.vault,
      settingsFile: current().file,
      state: current().stateDir,
    }),
    stateDir: current().stateDir,
    timezone: () => current().scheduler.timezone,
  });
}
