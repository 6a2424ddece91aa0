// What the process lends to the command line: its streams, its signals, and the way to an installation.

import type { Clock } from '#core/clock';
import type { Log } from '#core/log';
import type { Host } from '#service/host';

export interface Screen {
  write(text: string): void;
  isTTY: boolean;
  columns: number;
}

export interface CliIo {
  host: Host;
  clock: Clock;
  log: Log;
  /** Who types: becomes `cli:<user>` in the ledger. */
  user: string;
  version: string;
  /** SCHEDULER_URL and SCHEDULER_TOKEN; null = not set. */
  service: { url: string | null; token: string | null };
  stdout: Screen;
  stderr: Screen;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** Hands over what to do at SIGHUP. */
  onHangup(reload: () => void): void;
}

/** The columns that text may take: what is piped away is never cut. */
export function widthOf(screen: Screen): number {
  return screen.isTTY ? Math.max(40, screen.columns) : Number.POSITIVE_INFINITY;
}
