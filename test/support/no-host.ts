// What handlers of the scheduler's own work with, where a test has none of them.

import { tmpdir } from 'node:os';
import type { HandlerHost } from '#core/programs';

export const NO_HOST: Omit<HandlerHost, 'log' | 'clock'> = {
  environment: {},
  projectDir: tmpdir(),
  exec: { programs: [], named: [] },
  http: { privateNetworks: false },
  children: { onBegun: async () => {}, onGone: async () => {} },
};
