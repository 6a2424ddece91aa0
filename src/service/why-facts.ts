// What the answer to "why?" is made of: all that the ledger knows about a job around one instant.

import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Reason, Run } from '#core/run';
import type { Schedule } from '#core/schedule';
import type { Era } from '#engine/eras';
import type { JobChange } from '#store/store';
import type { Down } from './past.ts';
import type { Waiting } from './waiting-for.ts';

export interface WhyFacts {
  /** The job that bore the id at `at`: a removed one where it was made again since. */
  job: StoredJob;
  at: EpochMs;
  now: EpochMs;
  /** The definition that `at` falls under, and its calendar; null = it had no slots then. */
  era: Era;
  schedule: Schedule | null;
  /** When the slot at `at` is due, jitter included; null = the schedule has no slot there. */
  dueAt: EpochMs | null;
  /** The row that accounts for `at`. */
  row: Run | null;
  before: Run | null;
  after: Run | null;
  /** Pauses of the job and of all jobs that held when the slot was due. */
  pauses: readonly Pause[];
  /** When no service was up around that; null = one was. */
  down: Down | null;
  /** All changes of the job that are kept, newest first. */
  changes: readonly JobChange[];
  /** The run that was in the way of a skipped slot; null = its record is gone. */
  inTheWay: Run | null;
  /** Last sign of life of the process that ran a running row, where it is gone; null = it is there. */
  lostSince: EpochMs | null;
  /** What a queued run waits for. */
  waiting: Waiting | null;
  handlerKnown: boolean;
  /** What the schedule has next, by the job as it is now; null = nothing. */
  nextSlot: EpochMs | null;
  /** What a service that started now would make of a slot that nobody has decided. */
  forecast: Forecast | null;
  /** A slot that was to be decided and has no account. */
  isHole: boolean;
  /** Of the job that bears the id now; null = it is that one, or none does. */
  madeAgainAt: EpochMs | null;
  /** `scheduler.enabled`. */
  enabled: boolean;
}

export interface Forecast {
  state: 'queued' | 'skipped' | 'missed';
  reason: Reason | null;
  /** Its definition has changed in the settings: there is no catch-up across that (rule 14). */
  isChanged: boolean;
}

export type WhyAnswer =
  | 'ran'
  | 'running'
  | 'queued'
  | 'skipped'
  | 'missed'
  | 'not_scheduled'
  | 'future'
  | 'pruned';

export interface Verdict {
  answer: WhyAnswer;
  reason: Reason | null;
  because: object | null;
  /** Whole sentences. */
  text: string;
}
