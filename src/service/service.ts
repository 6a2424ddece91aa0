// SchedulerService: the one API that every face calls. Holds no rule; asks the ledger, the planners and the settings.

import type { Clock, EpochMs } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { isScheduled, type StoredJob } from '#core/job';
import type { Pause, PauseSource } from '#core/pause';
import { isFinal, LIVE_STATES, type Run, type RunState } from '#core/run';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Store } from '#store/store';
import { definitionAt, downAt } from './past.ts';
import { alreadyRunning, requestRun } from './run-request.ts';
import { iso, type JobShape, jobShape, jobState, type RunShape, runShape } from './shapes.ts';
import { type WhyShape, why } from './why.ts';

export interface ServiceParts {
  store: Store;
  clock: Clock;
  timezone(): string;
  scheduleOf(spec: ScheduleSpec): Schedule;
  handlerKnown(name: string): boolean;
  /** What is wrong with an input for a handler; null = nothing. */
  inputFault(handler: string, input: JsonObject): string | null;
  /** Jobs as the ledger has them, or, where no service keeps it up to date, as the settings would make them. */
  jobs(): Promise<StoredJob[]>;
  newRunId(): string;
  /** Pauses that hold now, global and of single jobs, outside sources included. */
  openPauses(): Promise<Pause[]>;
  /** Rows were written that the loops of this process should see. */
  onWrite(): void;
}

/** Sources that a command may lift; the others are lifted where they come from. */
const STORED_SOURCES: readonly PauseSource[] = ['api', 'tool', 'crash_loop', 'circuit'];

export class SchedulerService {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** All jobs by id, or those in one state. */
  async list(query: { state?: string } = {}): Promise<JobShape[]> {
    const [jobs, pauses] = [await this.#parts.jobs(), await this.#parts.openPauses()];
    const shapes = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((job) => jobShape(job, pauses));
    return query.state === undefined ? shapes : shapes.filter((job) => job.state === query.state);
  }

  /** The next `count` planned slots of one job, or of all, ascending. Paused and disabled jobs have none. */
  async next(query: {
    job?: string;
    count: number;
  }): Promise<{ job: string; job_name: string; slot: string; timezone: string }[]> {
    const pauses = await this.#parts.openPauses();
    const jobs = query.job === undefined ? await this.#parts.jobs() : [await this.#find(query.job)];
    const slots: { at: EpochMs; job: StoredJob }[] = [];
    for (const job of jobs) {
      if (jobState(job, pauses) !== 'active' || job.nextSlot === null) continue;
      const schedule = this.#parts.scheduleOf(job.schedule);
      const left = Math.min(query.count, (job.policy.maxExecutions ?? Infinity) - job.admittedCount);
      for (
        let at: EpochMs | null = job.nextSlot, n = 0;
        at !== null && n < left;
        n++, at = schedule.next(at)
      ) {
        slots.push({ at, job });
      }
    }
    const first = slots
      .toSorted((a, b) => a.at - b.at || (a.job.id < b.job.id ? -1 : 1))
      .slice(0, query.count);
    return first.map(({ at, job }) => {
      const zone = job.schedule.timezone;
      return { job: job.id, job_name: job.name, slot: iso(at, zone), timezone: zone };
    });
  }

  /** Rows of the ledger, newest first. */
  async history(query: { job?: string; states?: readonly RunState[]; limit: number }): Promise<RunShape[]> {
    const job = query.job === undefined ? null : await this.#find(query.job);
    const { states, limit } = query;
    const runs = await this.#parts.store.runs({
      limit,
      ...(job && { jobUid: job.uid }),
      ...(states && { states }),
    });
    return this.#runShapes(runs);
  }

  async run(runId: string): Promise<RunShape> {
    const [shape] = await this.#runShapes([await this.#findRun(runId)]);
    return shape!;
  }

  /**
   * Queues a run by hand (rule 18). Refused: ALREADY_RUNNING without `force`, HANDLER_NOT_FOUND, PRECONDITION_FAILED
   * for a disabled job without `force`.
   */
  async runNow(idOrName: string, options: RunNowOptions): Promise<RunShape> {
    const { store, clock, handlerKnown, newRunId, onWrite } = this.#parts;
    const job = await this.#find(idOrName);
    const fault = this.#parts.inputFault(job.handler, { ...job.input, ...options.input });
    if (fault !== null)
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `invalid input for ${job.id}: ${fault}`,
        'correct the input',
      );
    const result = await store.enqueue(job.id, (due) =>
      requestRun(due, {
        ...options,
        kind: 'manual',
        at: clock.now(),
        runId: newRunId(),
        handlerKnown: handlerKnown(due.job.handler),
      }),
    );
    if (result.kind === 'no_job') throw await this.#unknownJob(idOrName);
    if (result.kind === 'refuse')
      throw alreadyRunning(job.id, result.inTheWay, await store.run(result.inTheWay));
    onWrite();
    return runShape(result.run, job.schedule.timezone);
  }

  /** Asks for the stop sequence (rule 9). A queued run ends at once. */
  async cancelRun(runId: string, by: string): Promise<RunShape> {
    const run = await this.#findRun(runId);
    if (isFinal(run.state)) {
      throw new SchedulerError(
        'PRECONDITION_FAILED',
        `run ${runId} has already ended: ${run.state}`,
        'only queued and running runs can be cancelled',
      );
    }
    const cancelled = await this.#parts.store.requestCancel(runId, this.#parts.clock.now(), by);
    this.#parts.onWrite();
    const [shape] = await this.#runShapes([cancelled ?? run]);
    return shape!;
  }

  /** Pauses one job, or all. ALREADY_PAUSED when this was done before. */
  async pause(request: {
    job?: string;
    reason: string | null;
    until: EpochMs | null;
    by: string;
  }): Promise<{ paused: true; job: string | null }> {
    const job = request.job === undefined ? null : await this.#find(request.job);
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
  async resume(request: { job?: string; by: string }): Promise<ResumeShape> {
    const job = request.job === undefined ? null : await this.#find(request.job);
    const { store, clock, onWrite } = this.#parts;
    const jobUid = job?.uid ?? null;
    const ended = await store.resume({ jobUid, sources: STORED_SOURCES, at: clock.now(), by: request.by });
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

  /** What became of a job at an instant. */
  async why(idOrName: string, at: EpochMs): Promise<WhyShape> {
    const job = await this.#find(idOrName);
    const { store, clock, scheduleOf } = this.#parts;
    const { covering, before, after } = await store.around(job.uid, at);
    const pauses = (await store.pauses({ from: at, to: at })).filter(
      (p) => p.jobUid === null || p.jobUid === job.uid,
    );
    const blocker = covering.find((run) => run.reason === 'overlap')?.by;
    const then = await definitionAt(store, job, at);
    return why({
      job,
      at,
      now: clock.now(),
      scheduleThen: then.schedule === null ? null : scheduleOf(then.schedule),
      unscheduledBecause: then.because,
      covering,
      before,
      after,
      pauses,
      down: await downAt(store, at),
      inTheWay: blocker ? await store.run(blocker) : null,
      nextSlot: isScheduled(job) ? scheduleOf(job.schedule).next(Math.max(at, clock.now())) : null,
    });
  }

  /** Pauses that hold now, global and of single jobs. */
  pauses(): Promise<Pause[]> {
    return this.#parts.openPauses();
  }

  /** Resolves a job by id, or by a name that only one job has. Throws JOB_NOT_FOUND with the nearest. */
  async find(idOrName: string): Promise<JobShape> {
    return jobShape(await this.#find(idOrName), await this.#parts.openPauses());
  }

  async #find(idOrName: string): Promise<StoredJob> {
    const jobs = await this.#parts.jobs();
    const byId = jobs.find((job) => job.id === idOrName);
    if (byId) return byId;
    const named = jobs.filter((job) => job.name === idOrName);
    if (named.length > 1) {
      const ids = named.map((job) => job.id).join(', ');
      throw new SchedulerError(
        'CONFLICT',
        `${named.length} jobs are called ${idOrName}`,
        `use one of the ids: ${ids}`,
      );
    }
    if (!named[0]) throw await this.#unknownJob(idOrName);
    return named[0];
  }

  async #unknownJob(idOrName: string): Promise<SchedulerError> {
    const ids = (await this.#parts.jobs()).map((job) => job.id);
    const near = closest(idOrName, ids);
    return new SchedulerError(
      'JOB_NOT_FOUND',
      `there is no job ${idOrName}`,
      near ? `did you mean ${near}?` : `jobs: ${ids.sort().join(', ') || 'none'}`,
    );
  }

  /** By full id. Throws RUN_NOT_FOUND with the nearest of those under way. */
  async #findRun(runId: string): Promise<Run> {
    const run = await this.#parts.store.run(runId);
    if (run) return run;
    const live = await this.#parts.store.runs({ limit: 100, states: LIVE_STATES });
    const near = closest(
      runId,
      live.map((each) => each.runId),
    );
    throw new SchedulerError(
      'RUN_NOT_FOUND',
      `there is no run ${runId}`,
      near ? `did you mean ${near}?` : 'see: aclarai-scheduler history',
    );
  }

  async #runShapes(runs: readonly Run[]): Promise<RunShape[]> {
    const uids = [...new Set(runs.map((run) => run.jobUid))];
    const zones = new Map(
      (await this.#parts.store.jobs({ uids })).map((job) => [job.uid, job.schedule.timezone]),
    );
    return runs.map((run) => runShape(run, zones.get(run.jobUid) ?? this.#parts.timezone()));
  }
}

export interface RunNowOptions {
  by: string;
  input?: JsonObject;
  force?: boolean;
  dryRun?: boolean;
  retry?: boolean;
}

export interface ResumeShape {
  resumed: number;
  job: string | null;
  still_paused_by: { source: string; who: string; since: string }[];
}
