// What the outside did and saw, with the instants before and after each act: what the audit believes besides the files.

import type { LoadJob } from './load.ts';
import type { Point } from './points.ts';

/** Epoch milliseconds of this machine's clock: an act happened somewhere in [from, to]. */
export interface Span {
  from: number;
  to: number;
}

export interface LifeNote {
  n: number;
  pid: number;
  spawnedAt: number;
  /** The service's own word that its first pass was over. */
  upAt: number | null;
  askedToStopAt: number | null;
  endedAt: number;
  /** `fell` = neither killed nor asked to stop, or stopped with another code than 0. */
  end: 'killed' | 'stopped' | 'fell';
  point: Point | null;
  /** Why it fell. */
  said: string;
}

/** Settings as they stood whole in the file. */
export interface VersionNote {
  load: readonly LoadJob[];
  written: Span;
}

export interface HoldNote {
  source: 'env_file' | 'vault_file' | 'api';
  /** Null = every job. */
  job: string | null;
  set: Span;
  lifted: Span | null;
}

export interface Diary {
  lives: LifeNote[];
  versions: VersionNote[];
  holds: HoldNote[];
  /** Resumed after the service had paused them by itself. */
  revived: { job: string; span: Span }[];
  /** Runs that somebody asked to cancel, and when; the last request counts. */
  cancels: Map<string, Span>;
}

export function emptyDiary(): Diary {
  return { lives: [], versions: [], holds: [], revived: [], cancels: new Map() };
}
