// SchedulerService: the one API that every face calls. Holds no rule; asks the ledger, the planners and the settings.

import type { Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import type { JsonObject } from '#core/handler';
import { type JobSpec, labelledId, type StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { RunLogs } from '#core/run-log';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { RemovalWish } from '#engine/create';
import { AdHocRuns, type AdHocWish } from './ad-hoc.ts';
import type { AgentLimits } from './agent-jobs.ts';
import { inTurns } from './all-jobs.ts';
import { type AuditShape, auditTrail } from './audit-trail.ts';
import { Cleanups, type CleanupsParts } from './cleanups.ts';
import { type Changer, Definitions, type DefinitionsParts, type Maker } from './definitions.ts';
import { Explainer } from './explain.ts';
import { type Candidate, Forecast } from './forecast.ts';
import { type BackfillWish, HandRuns, type RunNowOptions } from './hand-runs.ts';
import { Keys } from './keys.ts';
import { type HistoryQuery, Lookup } from './lookup.ts';
import { type NextSlot, nextSlots } from './next-slots.ts';
import { type PauseRequest, Pauses, type ResumeRequest, type ResumeShape } from './pauses.ts';
import { Queues, type QueuesParts } from './queues.ts';
import { type RunLineShape, runLineShape } from './run-lines.ts';
import type { SettingsPlanShape } from './settings-plan.ts';
import {
  type BackfillShape,
  iso,
  type JobShape,
  jobShape,
  type RunShape,
  revisionOf,
  runShape,
} from './shapes.ts';
import type { SimulationShape } from './simulation.ts';
import type { SimulationTexts } from './simulation-request.ts';
import { type StatsShape, stats } from './stats.ts';
import { type ValidateShape, validateExpression } from './validate.ts';
import type { WhyShape } from './why.ts';

export interface ServiceParts extends CleanupsParts, QueuesParts {
  /** What runs have put out. */
  runLogs: RunLogs;
  scheduleOf(spec: ScheduleSpec): Schedule;
  handlerKnown(name: string): boolean;
  /** What is wrong with an input for a handler; null = nothing. */
  inputFault(handler: string, input: JsonObject): string | null;
  /** What ad hoc runs of the handler are kept under. Throws HANDLER_NOT_FOUND with the nearest. */
  adHocJob(handler: string): JobSpec;
  define: DefinitionsParts['define'];
  /** As the ledger has them, or as the settings would make them; without those that ad hoc runs are kept under. */
  jobs(): Promise<StoredJob[]>;
  /** Of these the ones whose id or name it is. */
  jobsCalled(idOrName: string): Promise<StoredJob[]>;
  /** One-time jobs that are past are due at their creation (rule 17). */
  allowPastEvents(): boolean;
  agentLimits(): AgentLimits;
  /** Pauses that hold now, global and of single jobs, outside sources included. */
  openPauses(): Promise<Pause[]>;
  /** `max_concurrent_executions`. */
  cap(): number;
  /** `scheduler.enabled`. */
  enabled(): boolean;
  /** Some process holds the loops. */
  isServed(): boolean;
  /** Rows were written that the loops of this process should see. */
  onWrite(): void;
}

export class SchedulerService {
  readonly #parts: ServiceParts;
  readonly #lookup: Lookup;
  readonly #byHand: HandRuns;
  readonly #adHoc: AdHocRuns;
  readonly #pauses: Pauses;
  readonly #definitions: Definitions;
  readonly #explainer: Explainer;
  readonly #forecast: Forecast;
  /** The housekeeper's rules: looked at, registered, run. */
  readonly cleanups: Cleanups;
  /** Durable queues: what runs answered, and what others put. */
  readonly queues: Queues;
  /** Small values by key. */
  readonly keys: Keys;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    this.#lookup = new Lookup(parts);
    this.#byHand = new HandRuns({ ...parts, lookup: this.#lookup });
    this.#adHoc = new AdHocRuns({ ...parts, define: (spec, by) => this.#definitions.keep(spec, by) });
    this.#pauses = new Pauses({ ...parts, lookup: this.#lookup });
    this.#definitions = new Definitions({ ...parts, lookup: this.#lookup });
    this.#explainer = new Explainer({ ...parts, lookup: this.#lookup });
    this.#forecast = new Forecast(parts);
    this.cleanups = new Cleanups(parts);
    this.queues = new Queues(parts);
    this.keys = new Keys(parts);
  }

  /** All jobs by id, or those in one state. */
  async list(query: { state?: string } = {}): Promise<JobShape[]> {
    const [jobs, pauses] = [await this.#parts.jobs(), await this.#parts.openPauses()];
    const listed = jobs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const shapes = await inTurns(listed, (job) => jobShape(job, pauses));
    return query.state === undefined ? shapes : shapes.filter((job) => job.state === query.state);
  }

  /** The next `count` planned slots of one job, or of all, ascending. Paused and disabled jobs have none. */
  async next(query: { job?: string; count: number }): Promise<NextSlot[]> {
    const pauses = await this.#parts.openPauses();
    const jobs = query.job === undefined ? await this.#parts.jobs() : [await this.#lookup.job(query.job)];
    return nextSlots(jobs, pauses, query.count, (spec) => this.#parts.scheduleOf(spec));
  }

  /**
   * Rows of the ledger, newest first: by when they were admitted or decided, a gap row by its last slot. With `after` only
   * what comes after this run; throws RUN_NOT_FOUND.
   */
  async history(query: HistoryQuery): Promise<RunShape[]> {
    const job = query.job === undefined ? null : await this.#lookup.job(query.job);
    const { states, limit } = query;
    const after = query.after === undefined ? null : await this.#lookup.run(query.after);
    const runs = await this.#parts.store.runs({
      limit,
      ...(after && { after: after.runId }),
      ...(job && { jobUid: job.uid }),
      ...(states && { states }),
    });
    return this.#runShapes(runs);
  }

  /** Runs of all jobs that ever bore the id, and what was run under it without a job, newest first. None = nobody did. */
  async historyOfId(id: string, limit: number): Promise<RunShape[]> {
    const { store } = this.#parts;
    const [own, adHoc] = [
      await store.runs({ jobId: id, limit }),
      await store.runs({ jobId: labelledId(id), limit }),
    ];
    const newest = [...own, ...adHoc].toSorted((a, b) => b.queuedAt - a.queuedAt).slice(0, limit);
    return await this.#runShapes(newest);
  }

  async run(runId: string): Promise<RunShape> {
    return await this.#runShape(await this.#lookup.run(runId));
  }

  /** What a run has put out behind line `after`, at most `limit` lines. */
  async runLog(runId: string, query: { after: number; limit: number }): Promise<RunLineShape[]> {
    const run = await this.#lookup.run(runId);
    const lines = await this.#parts.runLogs.read(run.runId, query.after, query.limit);
    const [job] = await this.#parts.store.jobs({ uids: [run.jobUid] });
    return lines.map((line) => runLineShape(line, job?.schedule.timezone ?? this.#parts.timezone()));
  }

  /** Queues a run by hand (rule 18); see `HandRuns.runNow`. */
  async runNow(idOrName: string, options: RunNowOptions): Promise<RunShape> {
    return await this.#runShape(await this.#byHand.runNow(idOrName, options));
  }

  /** Queues a run of a handler that needs no job (rule 18); see `AdHocRuns.start`. */
  async runAdHoc(wish: AdHocWish): Promise<RunShape> {
    return await this.#runShape(await this.#adHoc.start(wish));
  }

  /** Asks for the stop sequence (rule 9). A queued run ends at once. */
  async cancelRun(runId: string, by: string): Promise<RunShape> {
    return await this.#runShape(await this.#byHand.cancelRun(runId, by));
  }

  /** Pauses one job, or all. ALREADY_PAUSED when this was done before. */
  pause(request: PauseRequest): Promise<{ paused: true; job: string | null }> {
    return this.#pauses.pause(request);
  }

  /** What agents call stop and start: true = all is held back by the tool's own pause; see `Pauses.stopByTool`. */
  holdByTool(held: boolean, by: string): Promise<void> {
    return held ? this.#pauses.stopByTool(by) : this.#pauses.startByTool(by);
  }

  /** Lifts a stored pause and says which sources still hold. NOT_PAUSED when nothing held. */
  resume(request: ResumeRequest): Promise<ResumeShape> {
    return this.#pauses.resume(request);
  }

  /** Resolves to true when nothing runs any more, to false when `signal` aborts first (`pause --wait`). */
  untilNothingRuns(job: string | null, signal: AbortSignal): Promise<boolean> {
    return this.#pauses.untilNothingRuns(job, signal);
  }

  /** Repeats a run with its own input and config (rule 18); see `HandRuns.rerun`. */
  async rerun(runId: string, options: { by: string; force?: boolean; retry?: boolean }): Promise<RunShape> {
    return await this.#runShape(await this.#byHand.rerun(runId, options));
  }

  /** Runs the slots of a stretch that were missed or skipped (rule 18); see `HandRuns.backfill`. */
  async backfill(idOrName: string, wish: BackfillWish): Promise<BackfillShape> {
    const { job, slots, runs } = await this.#byHand.backfill(idOrName, wish);
    const zone = job.schedule.timezone;
    return {
      job: job.id,
      job_name: job.name,
      dry_run: wish.dryRun === true,
      slots: slots.map((slot) => iso(slot, zone)),
      runs: await this.#runShapes(runs),
    };
  }

  /** A job that is not in the settings file; see `Definitions.create`. */
  async createJob(spec: JobSpec, by: string): Promise<JobShape> {
    await this.#definitions.create(spec, by);
    return await this.find(spec.id);
  }

  /** A job in the keys of the settings file; see `Definitions.make`. */
  async create(given: JsonObject, who: Maker): Promise<JobShape> {
    return await this.find(await this.#definitions.make(given, who));
  }

  /** Several at once, all or none; answers their ids in order. See `Definitions.makeAll`. */
  createAll(given: readonly JsonObject[], who: Maker): Promise<string[]> {
    return this.#definitions.makeAll(given, who);
  }

  /** Changes what is given of a job that was made by a call; see `Definitions.change`. */
  async update(idOrName: string, changes: JsonObject, who: Changer): Promise<JobShape> {
    return await this.find(await this.#definitions.change(idOrName, changes, who));
  }

  /** What a schedule means and when it fires, or what is wrong with it. */
  describe(expression: string, timezone = this.#parts.timezone()): ValidateShape {
    return validateExpression(expression, timezone, this.#parts.clock.now());
  }

  /** Takes a job away; its history stays until retention, unless it is purged (rule 15). */
  deleteJob(idOrName: string, wish: RemovalWish & { by: string }): Promise<{ deleted: string }> {
    return this.#definitions.remove(idOrName, wish);
  }

  /** What became of a job at an instant, or at a time as people write it; see `Explainer.why`. */
  why(idOrName: string, at: EpochMs | string): Promise<WhyShape> {
    return this.#explainer.why(idOrName, at);
  }

  /** What would run, be skipped and missed in a stretch of time; see `Forecast.simulate`. */
  simulate(texts: SimulationTexts, candidate?: Candidate): Promise<SimulationShape> {
    return this.#forecast.simulate(texts, candidate);
  }

  /** What changed settings would add, remove, change and move in the next 7 days. */
  plan(settings: Settings): Promise<SettingsPlanShape> {
    return this.#forecast.plan(settings);
  }

  /** Who changed what, newest first; see `auditTrail`. */
  audit(query: { job?: string; before?: EpochMs; limit: number }): Promise<AuditShape[]> {
    return auditTrail({ ...this.#parts, lookup: this.#lookup }, query);
  }

  /** How many jobs there are, how often they ran, how well and how long. */
  stats(): Promise<StatsShape> {
    return stats(this.#parts);
  }

  /** Calls `told` at writes of any process, shortly before they can be read; null where nothing tells. Answers what ends it. */
  onWrite(told: () => void): (() => void) | null {
    return this.#parts.store.onWrite(told, () => {});
  }

  /** Pauses that hold now, global and of single jobs. */
  pauses(): Promise<Pause[]> {
    return this.#parts.openPauses();
  }

  /** Resolves a job by id, or by a name that only one job has. Throws JOB_NOT_FOUND with the nearest. */
  async find(idOrName: string): Promise<JobShape> {
    return jobShape(await this.#lookup.job(idOrName), await this.#parts.openPauses());
  }

  /** A job, and by what it is known again as it is now: another definition is another revision. */
  async findRevision(idOrName: string): Promise<{ job: JobShape; revision: string }> {
    const stored = await this.#lookup.job(idOrName);
    const job = jobShape(stored, await this.#parts.openPauses());
    return { job, revision: revisionOf(stored) };
  }

  async #runShape(run: Run): Promise<RunShape> {
    const [shape] = await this.#runShapes([run]);
    return shape!;
  }

  async #runShapes(runs: readonly Run[]): Promise<RunShape[]> {
    const uids = [...new Set(runs.map((run) => run.jobUid))];
    const zones = new Map(
      (await this.#parts.store.jobs({ uids })).map((job) => [job.uid, job.schedule.timezone]),
    );
    return runs.map((run) => runShape(run, zones.get(run.jobUid) ?? this.#parts.timezone()));
  }
}
