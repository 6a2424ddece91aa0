// Is the service alive and ready? The few facts that probes ask for, cheap however many jobs there are. Pure but for sizes.

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { EpochMs } from '#core/clock';

export interface VitalFacts {
  now: EpochMs;
  /** Null = the loop has not ticked yet. */
  lastTick: EpochMs | null;
  /** Why the ledger takes nothing; null = it does, as far as this process knows. */
  ledgerFault: string | null;
  /** Of the settings file as it is now. */
  settingsFaults: readonly string[];
}

export interface VitalSigns {
  /** The loop decides and starts. A ledger that takes nothing is told of by `ready`: a restart would not mend it. */
  live: boolean;
  /** Live, the ledger can be written, the settings hold. Failed jobs and a graph that is down do not count. */
  ready: boolean;
  /** What is wrong, in the order of its weight. */
  reasons: string[];
}

/** Ticks come every 10 s. */
const SILENT_MS = 30_000;

export function vitalSigns({ now, lastTick, ledgerFault, settingsFaults }: VitalFacts): VitalSigns {
  const isSilent = lastTick === null || now - lastTick > SILENT_MS;
  const silence =
    lastTick === null
      ? 'the loop has not ticked yet'
      : `the loop has not ticked for ${Math.round((now - lastTick) / 1000)} s`;
  const reasons = [
    ...(ledgerFault === null ? [] : [ledgerFault]),
    ...(isSilent ? [silence] : []),
    ...settingsFaults,
  ];
  return { live: !isSilent || ledgerFault !== null, ready: reasons.length === 0, reasons };
}

/** What the files below a directory take together. One that goes meanwhile counts as nothing. */
export async function bytesBelow(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries)
    if (entry.isFile()) {
      const found = await stat(path.join(entry.parentPath, entry.name)).catch(() => null);
      bytes += found?.size ?? 0;
    }
  return bytes;
}
