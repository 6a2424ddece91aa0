// Start and stop order of what runs: boot row, recovery, definitions, first pass, startup runs, worker, heartbeat.

import { type Clock, type EpochMs, sleep } from '#core/clock';
import { faultFields } from '#core/errors';
import type { AppConfig, Handler, Json, JsonObject } from '#core/handler';
import type { JobSpec } from '#core/job';
import type { Log } from '#core/log';
import type { ObservedPause } from '#core/pause';
import { isFinal, type Run } from '#core/run';
import type { RunLogs } from '#core/run-log';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import { Heartbeat } from '#engine/heartbeat';
import { OrphanWatch } from '#engine/orphan-watch';
import { concernedBy, type ReconcileContext, reconcile } from '#engine/reconcile';
import { Scheduler } from '#engine/scheduler';
import type { Isolate, Isolation } from '#runs/call';
import type { Progress } from '#runs/context';
import { decide } from '#runs/decide';
import type { ExecuteParts } from '#runs/execute';
import type { ReferenceSources } from '#runs/references';
import { Worker } from '#runs/worker';
import type { Store } from '#store/store';
import { type AgentLimits, endOutlived } from './agent-jobs.ts';
import { childrenIn, endStrays } from './children.ts';
import { effectLines, missingSince } from './effects.ts';
import { requestRun } from './run-request.ts';
import { tellRecovered } from './tell-recovered.ts';
import { Upkeep, type UpkeepSettings } from './upkeep.ts';

export interface LoopsParts {
  store: Store;
  clock: Clock;
  log: Log;
  runLogs: RunLogs;
  stateDir: string;
  jobStateRoot: string;
  version: string;
  pid: number;
  /** Definitions and limits as the settings have them now. */
  definitions(): readonly JobSpec[];
  enabled(): boolean;
  cap(): number;
  checkIntervalMs(): number;
  upkeep(): UpkeepSettings;
  agentLimits(): AgentLimits;
  shutdown(): { drainMs: number; abortMs: number };
  config(): AppConfig;
  handlerHost(): Omit<ReturnType<ExecuteParts['handlerHost']>, 'children'>;
  readPauses(): Promise<ObservedPause[]>;
  handlerKnown(name: string): boolean;
  loadHandler(name: string): Promise<Handler>;
  isolate: Isolate;
  references: ReferenceSources;
  scheduleOf(spec: ScheduleSpec): Schedule;
  call(operation: string, input: JsonObject, run: Run, signal: AbortSignal): Promise<Json>;
  onProgress(run: Run, progress: Progress): void;
  newId(): string;
  random(): number;
}

export class Loops {
  readonly #parts: LoopsParts;
  readonly #bootId: string;
  readonly #startedAt: EpochMs;
  readonly #scheduler: Scheduler;
  readonly #worker: Worker;
  readonly #isolation: Isolation;
  readonly #heartbeat: Heartbeat;
  readonly #orphans: OrphanWatch;
  readonly #upkeep: Upkeep;
  #isService = false;
  #areOn = false;
  #isStopping = false;

  constructor(parts: LoopsParts) {
    this.#parts = parts;
    this.#bootId = parts.newId();
    this.#startedAt = parts.clock.now();
    const { store, clock, log, stateDir } = parts;
    this.#scheduler = new Scheduler({
      ...parts,
      bootStartedAt: this.#startedAt,
      newRunId: parts.newId,
      claimRequest: () => this.#worker.claimRequest(),
      onClaimed: (claimed) => this.#worker.take(claimed),
      onWork: () => this.#worker.wake(),
    });
    const children = childrenIn(store, this.#bootId);
    this.#isolation = parts.isolate(children);
    this.#worker = new Worker({
      ...parts,
      handlerHost: () => ({ ...parts.handlerHost(), children }),
      startIsolated: this.#isolation.start,
      bootId: this.#bootId,
      paused: () => this.#scheduler.held.length > 0,
      observePauses: async () => {
        if (this.#isService) await this.#scheduler.observe();
      },
    });
    this.#heartbeat = new Heartbeat({ store, clock, log, bootId: this.#bootId, stateDir });
    this.#orphans = new OrphanWatch(clock, () => void this.#lookAgain());
    this.#upkeep = new Upkeep({
      ...parts,
      settings: parts.upkeep,
      endOutlived: async (ids) => {
        const at = clock.now();
        await store.reconcile(at, { ids }, ({ jobs }) => endOutlived(jobs, at, parts.agentLimits()));
      },
      forgetFinished: (before) =>
        this.#reconcile(parts.definitions(), { by: 'upkeep', finishedBefore: before }),
    });
  }

  /** Runs in flight whose handler has not ended. */
  get atWork(): readonly string[] {
    return this.#worker.atWork;
  }

  /** The service: both loops, until `stop`. The caller holds the service lock. */
  async serve(): Promise<void> {
    this.#isService = true;
    await this.#boot('service');
    if (this.#parts.enabled()) {
      this.#areOn = true;
      await this.#scheduler.start();
      await this.#queueStartupRuns();
      this.#worker.start();
    }
    await this.#heartbeat.start();
    this.#upkeep.start();
  }

  /**
   * These runs and no others, one after another, for a command that found no service; resolves when the last end is
   * recorded, retries included. `signal` cancels them, whether they run or wait.
   */
  async runOnly(enqueue: () => Promise<readonly string[]>, signal: AbortSignal): Promise<void> {
    await this.#boot('run');
    const runIds = await enqueue();
    await this.#heartbeat.start();
    for (const runId of runIds) {
      // What has not begun when somebody asks for the end does not begin.
      if (signal.aborted) await this.#parts.store.requestCancel(runId, this.#parts.clock.now(), 'signal');
      else await this.#runOne(runId, signal);
    }
  }

  async #runOne(runId: string, signal: AbortSignal): Promise<void> {
    this.#worker.start(runId);
    const { store, clock, checkIntervalMs } = this.#parts;
    for (;;) {
      await this.#worker.idle();
      const run = await store.run(runId);
      if (!run || isFinal(run.state)) return;
      const isRunning = this.#worker.running.includes(runId);
      if (signal.aborted && isRunning) this.#worker.cancel(runId);
      else if (signal.aborted) await store.requestCancel(runId, clock.now(), 'signal');
      const changed = new AbortController();
      if (isRunning) void this.#worker.ended(runId).then(() => changed.abort());
      // Not longer, because another process may ask to cancel it.
      await sleep(clock, checkIntervalMs(), isRunning ? changed.signal : signal);
      this.#worker.wake();
    }
  }

  /** Aborts the run at once, e.g. at Ctrl-C in the command that waits for it. */
  cancel(runId: string): void {
    this.#worker.cancel(runId);
  }

  /** Rule 23: admits nothing, drains, aborts, records, and only then says that the boot ended. */
  async stop(): Promise<void> {
    const { drainMs, abortMs } = this.#parts.shutdown();
    this.#isStopping = true;
    this.#orphans.stop();
    this.#worker.hold();
    await this.#scheduler.stop();
    await this.#upkeep.stop();
    await this.#worker.stop(drainMs, abortMs);
    await this.#isolation.close();
    this.#heartbeat.stop();
    await this.#parts.store.endBoot(this.#bootId, this.#parts.clock.now());
  }

  /**
   * Changed definitions: due slots are decided under the old ones first, then the ledger takes the new ones, and only
   * then do they hold (rule 14). Throws, with the old ones in force, when the ledger cannot.
   */
  async redefine(next: readonly JobSpec[], adopt: () => void): Promise<void> {
    await this.#scheduler.pass();
    // The next start reads them.
    if (this.#isStopping) return;
    await this.#reconcile(next);
    adopt();
    await this.#switch();
    this.#upkeep.reschedule();
    this.#scheduler.wake();
  }

  /** `scheduler.enabled` may be switched while the service is up. */
  async #switch(): Promise<void> {
    const wanted = this.#parts.enabled();
    if (wanted === this.#areOn) return;
    this.#areOn = wanted;
    if (wanted) {
      await this.#scheduler.start();
      this.#worker.start();
    } else {
      this.#worker.hold();
      await this.#scheduler.stop();
    }
  }

  wake(): void {
    // A cancel is heard also while nothing new is started.
    this.#worker.wake();
    this.#scheduler.wake();
  }

  /** Notes the outside pauses that hold now, where this is the service. */
  async observe(): Promise<void> {
    if (this.#isService) await this.#scheduler.observe();
  }

  /** Resolves when nothing is being decided, claimed or written. */
  async idle(): Promise<void> {
    await this.#scheduler.idle();
    await this.#worker.idle();
    await this.#heartbeat.idle();
    await this.#upkeep.idle();
  }

  async #boot(kind: 'service' | 'run'): Promise<void> {
    const { store, clock, log, version, pid, readPauses, random } = this.#parts;
    const last = (await store.boots({ limit: 10_000 })).find((boot) => boot.kind === 'service');
    await store.beginBoot({ bootId: this.#bootId, kind, pid, startedAt: this.#startedAt, version });
    // A source that held at the last tick and holds now held in between; one that is gone ended with that tick. A
    // command may have another environment than the service, and its run is allowed in a pause: it notes nothing.
    if (kind === 'service')
      await store.observe(clock.now(), await readPauses(), last?.endedAt ?? last?.lastTick);
    await endStrays(this.#parts, this.#bootId);
    const at = clock.now();
    const recovered = await store.recover(this.#bootId, at, (run) =>
      decide(run, { outcome: 'interrupted', error: null, retryable: true, retryAfterMs: null }, at, random()),
    );
    for (const run of recovered.runs) tellRecovered(run, log);
    for (const { jobUid, why } of recovered.paused) {
      const job = recovered.runs.find((run) => run.jobUid === jobUid)?.jobId ?? jobUid;
      const fix = 'look into its log, then lift the pause: resume <job>';
      log.at('loops.recover').error(`job ${job} is paused: ${why}`, { job_name: job, fix });
    }
    await this.#reconcile(this.#parts.definitions(), { atStart: true });
  }

  /** Answers how many jobs were removed. */
  async #reconcile(definitions: readonly JobSpec[], how: Partial<ReconcileContext> = {}): Promise<number> {
    const { store, clock, scheduleOf, newId, log } = this.#parts;
    const at = clock.now();
    const told: string[] = [];
    let removed = 0;
    const away: EpochMs[] = [];
    const ids = { newRunId: newId, newUid: newId };
    const start = { bootStartedAt: this.#scheduler.upSince, atStart: false };
    const context: ReconcileContext = { at, ...start, by: 'settings', scheduleOf, ...ids, ...how };
    await store.reconcile(at, concernedBy(definitions, context), (view) => {
      const effects = reconcile(view, definitions, context);
      removed = effects.remove?.length ?? 0;
      told.splice(0, Infinity, ...effectLines(effects, view));
      away.splice(0, Infinity, ...missingSince(effects, view));
      return effects;
    });
    for (const line of told) log.at('loops.reconcile').warn(line);
    if (this.#isService) this.#orphans.expect(away);
    return removed;
  }

  /** The definitions have not changed, but what is no longer among them may have been away for too long. */
  async #lookAgain(): Promise<void> {
    const { clock, log, definitions } = this.#parts;
    try {
      await this.#reconcile(definitions());
    } catch (error) {
      log.at('loops.reconcile').error('could not look for orphaned jobs', faultFields(error, 'engine'));
      this.#orphans.expect([clock.now()]);
    }
  }

  /** `run_on_start`: one run after the first pass (rule 18). */
  async #queueStartupRuns(): Promise<void> {
    const { store, clock, newId, handlerKnown, definitions } = this.#parts;
    for (const spec of definitions()) {
      if (!spec.runOnStart || !spec.enabled) continue;
      const request = { kind: 'startup', at: clock.now(), runId: newId(), by: 'run_on_start' } as const;
      await store.enqueue(spec.id, (due) =>
        requestRun(due, { ...request, handlerKnown: handlerKnown(spec.handler) }),
      );
    }
  }
}
