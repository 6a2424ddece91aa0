// Pauses that a person or a call makes and lifts; who else holds is told with them (rule 6).

import type { Clock, EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Pause, PauseSource } from '#core/pause';
import type { Store } from '#store/store';
import type { Lookup } from './lookup.ts';
import { iso } from './shapes.ts';

/** Sources that a command may lift; the others are lifted where they come from. */
const STORED_SOURCES: readonly PauseSource[] = ['api', 'tool', 'crash_loop', 'circuit'];

export interface ResumeShape {
  resumed: number;
  job: string | null;
  still_paused_by: { source: string; who: string; since: string }[];
}

export interface PauseRequest {
  /** Left out = all jobs. */
  job?: string;
  reason: string | null;
  /** A timed pause ends by itself. */
  until: EpochMs | null;
  by: string;
}

export interface ResumeRequest {
  job?: string;
  by: string;
}

export interface PausesParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  timezone(): string;
  /** Pauses that hold now, global and of single jobs, outside sources included. */
  openPauses(): Promise<Pause[]>;
  onWrite(): void;
}

export class Pauses {
  readonly #parts: PausesParts;

  constructor(parts: PausesParts) {
    this.#parts = parts;
  }

  /** Pauses one job, or all. ALREADY_PAUSED when this was done before. */
  async pause(request: PauseRequest): Promise<{ paused: true; job: string | null }> {
    const job = request.job === undefined ? null : await this.#parts.lookup.job(request.job);
    const { store, clock, onWrite } = this.#parts;
    const opened = await store.pause({
      jobUid: job?.uid ?? null,
      source: 'api',
      who: request.by,
      why: request.reason,
      since: clock.now(),
      until: request.until,
    });
    if (!opened)
      throw new SchedulerError(
        'ALREADY_PAUSED',
        job ? `job ${job.id} is already paused` : 'all jobs are already paused',
        'lift it first: resume',
      );
    onWrite();
    return { paused: true, job: job?.id ?? null };
  }

  /**
   * Lifts a stored pause and says which sources still hold. Resuming all never revives a job paused by itself
   * (rule 6). NOT_PAUSED when nothing held.
   */
  async resume(request: ResumeRequest): Promise<ResumeShape> {
    const job = request.job === undefined ? null : await this.#parts.lookup.job(request.job);
    const { store, clock, onWrite } = this.#parts;
    const jobUid = job?.uid ?? null;
    const target = { jobUid, sources: STORED_SOURCES, at: clock.now(), by: request.by };
    const { ended } = await store.resume(target);
    const still = (await this.#parts.openPauses()).filter((p) => p.jobUid === null || p.jobUid === jobUid);
    if (ended.length === 0) {
      const holders = still.filter((p) => p.jobUid === null).map((p) => p.who);
      const fix = holders.length > 0 ? `held by ${holders.join(', ')}: lift it there` : 'nothing to do';
      throw new SchedulerError(
        'NOT_PAUSED',
        job ? `job ${job.id} is not paused by itself` : 'no stored pause holds',
        fix,
      );
    }
    onWrite();
    const zone = this.#parts.timezone();
    return {
      resumed: ended.length,
      job: job?.id ?? null,
      still_paused_by: still.map((p) => ({ source: p.source, who: p.who, since: iso(p.since, zone) })),
    };
  }
}
