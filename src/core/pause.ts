// Pauses: who holds the scheduler or one job back, since when, until when (rule 6).

import type { EpochMs } from './clock.ts';
import type { OpenGap } from './job.ts';

/** `environment`, `env_file` and `vault_file` are observed; the others are stored by a command. */
export type PauseSource =
  | 'environment'
  | 'env_file'
  | 'vault_file'
  | 'api'
  | 'tool'
  | 'crash_loop'
  | 'circuit';

/** A source outside the store that holds at this moment. */
export interface ObservedPause {
  source: 'environment' | 'env_file' | 'vault_file';
  /** The variable or file that says so, e.g. `settings/.env: AUTOMATION_PAUSE`. */
  who: string;
}

export interface Pause {
  id: number;
  /** Null = every job. */
  jobUid: string | null;
  source: PauseSource;
  who: string;
  why: string | null;
  since: EpochMs;
  /** A timed pause ends by itself. */
  until: EpochMs | null;
  /** Null = still held. */
  endedAt: EpochMs | null;
}

/** A gap row that a resume closes; the others are closed by the next slot that runs. */
export function isPauseGap(gap: Pick<OpenGap, 'reason'>): boolean {
  return gap.reason === 'paused' || gap.reason === 'stopped';
}
