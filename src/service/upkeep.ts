// The hourly upkeep of the ledger: the invariant check, finished jobs whose time is over, old history out (rules 17, 24).

import type { Settings } from '#config/settings';
import type { Clock, EpochMs } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Log } from '#core/log';
import type { RunLogs } from '#core/run-log';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { isForgotten, MOST_FORGOTTEN } from '#engine/reconcile';
import type { Store } from '#store/store';
import { type AgentLimits, hasOutlived } from './agent-jobs.ts';
import { checkInvariant } from './invariant.ts';
import { iso } from './shapes.ts';

const DAY_MS = 86_400_000;
/** Of all jobs together (rule 24). */
const MOST_ROWS = 5_000_000;
/** Rows of one transaction: a few milliseconds. */
const BATCH = 500;

export interface UpkeepSettings {
  intervalMs: number;
  /** False = history is never cleaned up. */
  prunes: boolean;
  retentionDays: number;
  maxRowsPerJob: number;
}

export function upkeepOf({ scheduler }: Settings): UpkeepSettings {
  return {
    intervalMs: scheduler.cleanupIntervalMs,
    prunes: scheduler.autoCleanupEnabled,
    retentionDays: scheduler.historyRetentionDays,
    maxRowsPerJob: scheduler.historyMaxRows,
  };
}

export interface UpkeepParts {
  store: Store;
  clock: Clock;
  log: Log;
  runLogs: RunLogs;
  settings(): UpkeepSettings;
  scheduleOf(spec: ScheduleSpec): Schedule;
  /** Takes away at most `MOST_FORGOTTEN` jobs of other faces that finished before `before`; answers how many. */
  forgetFinished(before: EpochMs): Promise<number>;
  agentLimits(): AgentLimits;
  /** Jobs of agents whose time is over end as completed. */
  endOutlived(ids: readonly string[]): Promise<void>;
}

/** One start, one stop; a round never overlaps the next, and yields to the loops between its short steps. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #stopped = true;
  #lastAt: number | null = null;
  #cancel: () => void = () => {};
  #working: Promise<void> | null = null;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Begins the first round and does not wait for it. */
  start(): void {
    this.#stopped = false;
    this.#begin();
  }

  /** Resolves when the step under way is over; the rest of the round is left to the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#working;
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** The interval may have changed. */
  reschedule(): void {
    if (this.#stopped || this.#working || this.#lastAt === null) return;
    this.#cancel();
    const { clock, settings } = this.#parts;
    const left = this.#lastAt + settings().intervalMs - clock.monotonic();
    this.#cancel = clock.timer(Math.max(0, left), () => this.#begin());
  }

  #begin(): void {
    this.#lastAt = this.#parts.clock.monotonic();
    this.#working ??= this.#round().finally(() => {
      this.#working = null;
      this.reschedule();
    });
  }

  async #round(): Promise<void> {
    const { clock, log } = this.#parts;
    const began = clock.monotonic();
    try {
      const { looked, holes, finished, outlived } = await this.#check();
      if (outlived.length > 0) await this.#parts.endOutlived(outlived);
      if (finished) await this.#forget();
      const deleted = await this.#prune();
      await this.#pruneOutput();
      const took = Math.round(clock.monotonic() - began) / 1000;
      log.at('upkeep.round').debug('upkeep of the ledger', { jobs: looked, holes, deleted, duration: took });
      if (deleted > 0)
        log.at('upkeep.prune').info('old history was cleaned up', { rows: deleted, duration: took });
    } catch (error) {
      log.at('upkeep.round').error('the upkeep of the ledger did not end', faultFields(error, 'service'));
    }
  }

  async #check(): Promise<{ looked: number; holes: number; finished: boolean; outlived: string[] }> {
    const { store, clock, scheduleOf } = this.#parts;
    const at = clock.now();
    const finishedBefore = this.#finishedBefore();
    const sum = { looked: 0, holes: 0, finished: false, outlived: [] as string[] };
    const limits = this.#parts.agentLimits();
    const breathe = () => this.#breathe();
    for await (const { jobs, holes } of checkInvariant({ store, scheduleOf, breathe }, at)) {
      sum.looked += jobs.length;
      sum.holes += holes.length;
      for (const job of jobs) if (hasOutlived(job, at, limits)) sum.outlived.push(job.id);
      sum.finished ||= jobs.some((job) => isForgotten(job, finishedBefore));
      for (const { job, from, to, count } of holes)
        this.#tell(job.id, job.schedule.timezone, from, to, count);
    }
    return sum;
  }

  async #forget(): Promise<void> {
    for (let removed = MOST_FORGOTTEN; removed >= MOST_FORGOTTEN && !this.#stopped; ) {
      removed = await this.#parts.forgetFinished(this.#finishedBefore());
      await this.#breathe();
    }
  }

  #tell(job: string, zone: string, from: EpochMs, to: EpochMs, count: number): void {
    const slots = count === 1 ? 'a slot' : `${count} slots`;
    this.#parts.log
      .at('upkeep.check')
      .error(`${slots} of ${job} without an account: this is a fault of the scheduler, please report it`, {
        ...{ job_name: job, from: iso(from, zone), to: iso(to, zone), slots: count },
        ...{ error_type: 'hole', component: 'service' },
      });
  }

  async #prune(): Promise<number> {
    const { store, clock, settings } = this.#parts;
    let deleted = 0;
    for (let more = true; more && !this.#stopped; ) {
      const { prunes, maxRowsPerJob } = settings();
      if (!prunes) break;
      const limits = { before: this.#finishedBefore(), maxRowsPerJob, maxRows: MOST_ROWS, limit: BATCH };
      const step = await store.prune({ at: clock.now(), ...limits });
      deleted += step.deleted;
      more = step.more;
      await this.#breathe();
    }
    return deleted;
  }

  /** What runs have put out goes with their rows. */
  async #pruneOutput(): Promise<void> {
    const { store, runLogs } = this.#parts;
    const absent = (runIds: readonly string[]) => store.absentRuns(runIds);
    await runLogs.prune(absent, () => this.#breathe());
  }

  #finishedBefore(): EpochMs {
    const { clock, settings } = this.#parts;
    const { prunes, retentionDays } = settings();
    return prunes ? clock.now() - retentionDays * DAY_MS : -Infinity;
  }

  async #breathe(): Promise<boolean> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    return !this.#stopped;
  }
}
