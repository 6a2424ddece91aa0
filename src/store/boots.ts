// A start of a process that runs loops, as the ledger keeps it.

import type { EpochMs } from '#core/clock';

export interface NewBoot {
  bootId: string;
  kind: 'service' | 'run';
  pid: number;
  startedAt: EpochMs;
  version: string;
}

export interface Boot extends NewBoot {
  lastTick: EpochMs;
  /** Null = unclean, or still up. */
  endedAt: EpochMs | null;
}
