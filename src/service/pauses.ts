// Pauses that a person or a call makes and lifts; who else holds is told with them (rule 6).

import { type Clock, type EpochMs, sleep } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Pause, PauseSource } from '#core/pause';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { plan } from '#engine/plan';
import type { DueJob, FireDecision, Store } from '#store/store';
import type { Lookup } from './lookup.ts';
import { iso } from './shapes.ts';

/** Rows of another process can only be looked at again: no notice crosses the file. */
const LOOK_MS = 200;
/** Sources that a command may lift; the others are lifted where they come from. */
const STORED_SOURCES: readonly PauseSource[] = ['api', 'tool', 'crash_loop', 'circuit'];

export interface ResumeShape {
  resumed: number;
  job: string | null;
  /** Runs of slots that passed in the pause. */
  caught_up: string[];
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
  /** Runs the newest slot that passed in the pause (rule 6). */
  catchUp?: boolean;
}

export interface PausesParts {
  store: Store;
  clock: Clock;
  lookup: Lookup;
  timezone(): string;
  /** Pauses that hold now, global and of single jobs, outside sources included. */
  openPauses(): Promise<Pause[]>;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  onWrite(): void;
}

export class Pauses {
  readonly #parts: PausesParts;

  constructor(parts: PausesParts) {
    this.#parts = parts;
  }

  /** Pauses one job, or all. ALREADY_PAUSED when this was done before, INVALID_PARAMETERS for an `until` that is past. */
  async pause(request: PauseRequest): Promise<{ paused: true; job: string | null }> {
    const job = request.job === undefined ? null : await this.#parts.lookup.job(request.job);
    const { store, clock, onWrite } = this.#parts;
    const since = clock.now();
    if (request.until !== null && request.until <= since)
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `until: ${iso(request.until, this.#parts.timezone())} is past`,
        'give a time to come, or leave it out',
      );
    const opened = await store.pause({
      jobUid: job?.uid ?? null,
      source: 'api',
      who: request.by,
      why: request.reason,
      since,
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
    const at = clock.now();
    const target = { jobUid, sources: STORED_SOURCES, at, by: request.by };
    const { ended, decided } = await store.resume(
      target,
      request.catchUp ? await this.#catchUp(at) : undefined,
    );
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
      caught_up: decided
        .flatMap((each) => each.rows)
        .flatMap((row) => (row.kind === 'catchup' ? row.runId : [])),
      still_paused_by: still.map((p) => ({ source: p.source, who: p.who, since: iso(p.since, zone) })),
    };
  }

  /** The tool's `stop`: a global pause of its own name. One that holds already is what was wanted. */
  async stopByTool(by: string): Promise<void> {
    const since = this.#parts.clock.now();
    const pause = { jobUid: null, source: 'tool', who: by, why: null, since, until: null } as const;
    if (await this.#parts.store.pause(pause)) this.#parts.onWrite();
  }

  /** Lifts that and nothing else. */
  async startByTool(by: string): Promise<void> {
    const at = this.#parts.clock.now();
    const { ended } = await this.#parts.store.resume({ jobUid: null, sources: ['tool'], at, by });
    if (ended.length > 0) this.#parts.onWrite();
  }

  /** Resolves to true when nothing runs any more, of the job or at all; to false when `signal` aborts first. */
  async untilNothingRuns(idOrName: string | null, signal: AbortSignal): Promise<boolean> {
    const { store, clock, lookup } = this.#parts;
    const job = idOrName === null ? {} : { jobUid: (await lookup.job(idOrName)).uid };
    for (;;) {
      const running = await store.runs({ ...job, states: ['running', 'stopping'], limit: 1 });
      if (running.length === 0) return true;
      if (!(await sleep(clock, LOOK_MS, signal))) return false;
    }
  }

  /** The planner as at a fire, taking the newest slot out of the gap of the pause that ends (rule 6). */
  async #catchUp(at: EpochMs): Promise<(due: DueJob) => FireDecision> {
    const { store, scheduleOf, handlerKnown, newRunId } = this.#parts;
    const [boot] = await store.boots({ limit: 1 });
    const isUp = boot?.kind === 'service' && boot.endedAt === null;
    const context = { at, bootStartedAt: isUp ? boot.startedAt : at, catchUp: true };
    return (due) => plan(due, { ...context, scheduleOf, handlerKnown, newRunId });
  }
}
