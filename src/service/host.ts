// What the composition root offers to a face that starts, looks at or commands a scheduler installation.

import type { LoadResult } from '#config/load';
import type { Note, Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import type { Handler } from '#core/handler';
import type { Progress } from '#runs/context';
import type { AdHocWish } from './ad-hoc.ts';
import type { Events } from './events.ts';
import type { Candidate } from './forecast.ts';
import type { RunNowOptions } from './hand-runs.ts';
import type { Keeping } from './keeping.ts';
import type { SchedulerService } from './service.ts';
import type { RunShape } from './shapes.ts';
import type { StatusShape } from './status.ts';
import type { VitalSigns } from './vital-signs.ts';

export { formatNote } from '#config/format';
export type { Note, Settings } from '#config/settings';

export interface HostOptions {
  /** Settings file; else SCHEDULER_SETTINGS, else `settings/aclarai.config.yaml`. */
  settings?: string;
  /** Settings themselves instead of a file. */
  given?: Readonly<Record<string, unknown>>;
  /** State directory; else SCHEDULER_STATE_DIR, else `./data`. */
  state?: string;
}

export interface Host {
  /** Settings that hold, with the ledger opened; or all faults. Starts nothing. */
  load(options: HostOptions): Promise<FaultsWithLedger | { kind: 'ok'; installation: Installation }>;
  /** Reads and checks the settings only: opens no ledger, makes no file. */
  check(options: HostOptions): Promise<Checked>;
  /** The ledger as a whole. */
  readonly keeping: Keeping;
}

/** Settings that nobody uses yet, with the jobs that there is code for; or all faults. */
export type Checked = Faults | ({ kind: 'ok' } & Candidate);

/** With a file that has faults the ledger can still be opened: to look, to pause, to cancel. Null = not even that. */
export type FaultsWithLedger = Faults & { ledger(): Promise<Installation | null> };
export type Faults = Extract<LoadResult, { kind: 'faults' }>;

export type { Progress };

/** Settings that hold, and the ledger beside them. */
export interface Installation {
  readonly settings: Settings;
  readonly service: SchedulerService;
  readonly version: string;
  /** What this process commits, told to who listens. */
  readonly events: Events;
  /** Of the settings file; none where it holds. */
  readonly faults: readonly Note[];
  /** A service or a run holds the loops, here or in another process. */
  readonly isServed: boolean;
  status(): Promise<StatusShape>;
  /** What probes ask; see `vitalSigns`. */
  vitalSigns(): Promise<VitalSigns>;
  /** A function becomes a handler, also while the service is up; one of its name is replaced. */
  register(handler: Handler): void;
  /**
   * Runs the service until `signal` aborts. CONFLICT when another service holds the state directory; a `run` that
   * holds it is waited for, up to 60 s.
   */
  serve(options: ServeOptions): Promise<void>;
  /**
   * Starts a run of the job: in this process and to its end where no service is up, else queued for the service.
   * `wait` follows it to its end there.
   */
  run(job: string, options: RunHereOptions): Promise<{ run: RunShape; where: 'here' | 'service' }>;
  /** The same for a handler that needs no job (rule 18). */
  runAdHoc(
    handler: string,
    options: RunHereOptions & Pick<AdHocWish, 'label' | 'resultQueue' | 'errorQueue'>,
  ): Promise<{ run: RunShape; where: 'here' | 'service' }>;
  /** The same for a run that is repeated with its own input and config (rule 18). */
  rerun(runId: string, options: RunHereOptions): Promise<{ run: RunShape; where: 'here' | 'service' }>;
  /** The same for the slots of a stretch that were missed or skipped, oldest first. */
  backfill(job: string, stretch: { from: EpochMs; to: EpochMs }, options: RunHereOptions): Promise<Performed>;
  /** Reads the settings anew, as SIGHUP does; with any fault the last good ones stay (rule 14). */
  reload(): Promise<void>;
  /** Brings the ledger's jobs up to the settings where no service does, before a command writes. */
  prepareWrite(): Promise<void>;
  close(): Promise<void>;
}

export interface Performed {
  runs: RunShape[];
  where: 'here' | 'service';
}

export interface ServeOptions {
  /** Starts with everything paused (rule 10). */
  paused: boolean;
  /** Goes on although the clock is far behind the newest row (rule 13). */
  acceptClock: boolean;
  by: string;
  signal: AbortSignal;
  /** The first pass is decided and runs may start. */
  onUp?(): void;
  /** Hands over what to do at SIGHUP. */
  onHangup(reload: () => void): void;
}

export interface RunHereOptions extends RunNowOptions {
  wait: boolean;
  /** Aborting cancels a run in this process; one in the service is no longer waited for. */
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}
