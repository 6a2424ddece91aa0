// What an installation is made of: ledger, clock, settings and code, as the composition root hands them over.

import type { Note, Settings } from '#config/settings';
import type { Clock } from '#core/clock';
import type { Handler, JsonObject } from '#core/handler';
import type { JobSpec } from '#core/job';
import type { Log } from '#core/log';
import type { ObservedPause } from '#core/pause';
import type { RunLogs } from '#core/run-log';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Housekeeper } from '#housekeeper/housekeeper';
import type { Store } from '#store/store';
import type { Events } from './events.ts';
import type { AcquireLock } from './lock.ts';
import type { LoopsParts } from './loops.ts';
import type { ReloaderParts } from './reload.ts';
import type { ServiceParts } from './service.ts';
import type { WatchTree } from './vault-watch.ts';

export interface InstallationParts
  extends Pick<ReloaderParts, 'reload' | 'watched' | 'noticeFolders' | 'compareMs'> {
  /** Tells of its commits by `events`. */
  store: Store;
  events: Events;
  clock: Clock;
  log: Log;
  runLogs: RunLogs;
  version: string;
  newId(): string;
  register(handler: Handler): void;
  /** The settings as they were loaded last. */
  current(): Settings;
  /** Makes loaded settings the current ones, masks their secrets, sets the log's level. */
  adopt(settings: Settings): void;
  acquireLock: AcquireLock;
  /** Faults of the settings file: then only the ledger can be looked at and written to. */
  faults: readonly Note[];
  handlerKnown(name: string): boolean;
  inputFault(handler: string, input: JsonObject): string | null;
  /** What ad hoc runs of the handler are kept under. Throws HANDLER_NOT_FOUND with the nearest. */
  adHocJob(handler: string): JobSpec;
  define: ServiceParts['define'];
  scheduleOf(spec: ScheduleSpec): Schedule;
  readPauses(): Promise<ObservedPause[]>;
  housekeeper: Housekeeper;
  /** A test tells of changes itself. */
  watchTree?: WatchTree;
  /** What the loops need beyond this. */
  loopsParts(onProgress: LoopsParts['onProgress']): LoopsParts;
}
