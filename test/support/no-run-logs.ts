// Keeps nothing of what runs put out: for tests of other things.

import type { RunLogs } from '#core/run-log';

export const NO_RUN_LOGS: RunLogs = {
  open: () => ({ line() {}, event() {}, end() {} }),
  read: async () => [],
  prune: async () => 0,
  flush: async () => {},
  close: async () => {},
};
