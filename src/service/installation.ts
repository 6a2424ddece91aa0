// One settings file and its ledger, with or without the loops running in this process.

import { formatNote } from '#config/format';
import type { Note, Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Handler } from '#core/handler';
import type { Pause } from '#core/pause';
import type { Events } from './events.ts';
import { followRun } from './follow.ts';
import { knownHoles } from './holes.ts';
import type { Installation, Performed, RunHereOptions, ServeOptions } from './host.ts';
import type { InstallationParts } from './installation-parts.ts';
import { KnownJobs } from './known-jobs.ts';
import { LOOK_OF_OTHERS_MS, lockForRun, lockForService } from './lock.ts';
import { Loops } from './loops.ts';
import { openPauses } from './open-pauses.ts';
import { Reloader } from './reload.ts';
import { SchedulerService } from './service.ts';
import { serveUntilAborted } from './serving.ts';
import type { RunShape } from './shapes.ts';
import { type StatusShape, statusShape } from './status.ts';
import { suspiciouslyBehind, untilClockIsRight } from './suspect-clock.ts';
import type { VaultWatch } from './vault-watch.ts';
import { type VitalSigns, vitalSigns } from './vital-signs.ts';
import { vaultWatch } from './watch-run.ts';

/** So long a look at another process's lock is believed. */
const LOOKED_MS = 1_000;

export class Installed implements Installation {
  readonly #parts: InstallationParts;
  readonly service: SchedulerService;
  readonly #reloader: Reloader;
  readonly #jobs: KnownJobs;
  #loops: Loops | null = null;
  #vaultWatch: VaultWatch | null = null;
  #servedUntil = -Infinity;
  #onProgress: RunHereOptions['onProgress'] = () => {};
  /** Of runs that somebody waits for while this process is the service. */
  readonly #waitedFor = new Map<string, Set<RunHereOptions['onProgress']>>();

  constructor(parts: InstallationParts) {
    this.#parts = parts;
    this.#reloader = new Reloader({
      ...parts,
      apply: async (next, adopt) => {
        await this.#loops?.redefine(next.jobs, adopt);
        await this.#vaultWatch?.follow();
      },
    });
    this.#jobs = new KnownJobs({
      ...parts,
      settings: () => this.settings,
      isLedgerRight: () => parts.faults.length > 0 || this.isServed,
    });
    this.service = new SchedulerService({
      ...parts,
      timezone: () => this.settings.scheduler.timezone,
      settings: () => this.settings,
      jobs: () => this.#jobs.listed(),
      jobsCalled: (idOrName) => this.#jobs.called(idOrName),
      newRunId: parts.newId,
      allowPastEvents: () => this.settings.scheduler.allowPastEvents,
      agentLimits: () => this.settings.scheduler.agents,
      queueLimits: () => this.settings.scheduler.queues,
      checkIntervalMs: () => this.settings.scheduler.checkIntervalMs,
      cap: () => this.settings.scheduler.maxConcurrentExecutions,
      enabled: () => this.settings.scheduler.enabled,
      openPauses: () => this.#openPauses(),
      isServed: () => this.isServed,
      onWrite: () => this.#loops?.wake(),
    });
  }

  get settings(): Settings {
    return this.#parts.current();
  }

  get version(): string {
    return this.#parts.version;
  }

  get faults(): readonly Note[] {
    return this.#parts.faults;
  }

  /** A service or a run holds the loops, here or in another process. */
  get isServed(): boolean {
    const { clock, acquireLock } = this.#parts;
    if (this.#loops || clock.monotonic() < this.#servedUntil) return true;
    const lock = acquireLock(this.settings.stateDir, LOOK_OF_OTHERS_MS);
    if (lock.kind === 'held') lock.release();
    else this.#servedUntil = clock.monotonic() + LOOKED_MS;
    return lock.kind === 'busy';
  }

  async status(): Promise<StatusShape> {
    const [[boot], jobs] = [await this.#parts.store.boots({ limit: 1 }), await this.#jobs.listed()];
    return statusShape({
      served: this.isServed,
      boot: boot ?? null,
      jobs,
      pauses: await this.service.pauses(),
      counts: await this.#parts.store.counts(),
      clockBehindMs: await suspiciouslyBehind(this.#parts.store, this.#parts.clock.now()),
      holes: await knownHoles(this.#parts.store, jobs),
      ledgerFault: await this.#parts.store.fault(),
      settings: this.settings,
      faults: [...this.#parts.faults, ...this.#reloader.faults],
      restartRequired: this.#reloader.restartRequired,
      version: this.#parts.version,
      now: this.#parts.clock.now(),
    });
  }

  async vitalSigns(): Promise<VitalSigns> {
    const { store, clock, faults } = this.#parts;
    const [boot] = await store.boots({ limit: 1 });
    return vitalSigns({
      now: clock.now(),
      lastTick: this.isServed ? (boot?.lastTick ?? null) : null,
      ledgerFault: await store.fault(),
      settingsFaults: [...faults, ...this.#reloader.faults].map(formatNote),
    });
  }

  async serve(options: ServeOptions): Promise<void> {
    const lock = await lockForService(this.#parts, this.settings.stateDir, options.signal);
    if (lock === null) return;
    try {
      if (!(await untilClockIsRight(this.#parts, options.acceptClock, options.signal))) return;
      if (options.paused) await this.#pauseAll(options.by);
      await this.#warn();
      const loops = new Loops(this.#parts.loopsParts((run, progress) => this.#told(run.runId, progress)));
      this.#loops = loops;
      const { log } = this.#parts;
      this.#vaultWatch = vaultWatch(this.#parts, () => loops.wake());
      const parts = { log, settings: this.settings, reloader: this.#reloader, vaultWatch: this.#vaultWatch };
      await serveUntilAborted(loops, parts, options);
    } finally {
      this.#vaultWatch = null;
      this.#loops = null;
      lock.release();
    }
  }

  run(job: string, options: RunHereOptions) {
    return this.#performOne(() => this.service.runNow(job, options), options);
  }

  runAdHoc(handler: string, options: Parameters<Installation['runAdHoc']>[1]) {
    return this.#performOne(() => this.service.runAdHoc({ ...options, handler }), options);
  }

  rerun(runId: string, options: RunHereOptions) {
    return this.#performOne(() => this.service.rerun(runId, options), options);
  }

  async backfill(job: string, stretch: { from: EpochMs; to: EpochMs }, options: RunHereOptions) {
    const wish = { ...stretch, by: options.by, force: options.force === true };
    return await this.#perform(async () => (await this.service.backfill(job, wish)).runs, options);
  }

  async #performOne(queue: () => Promise<RunShape>, options: RunHereOptions) {
    const { runs, where } = await this.#perform(async () => [await queue()], options);
    return { run: runs[0]!, where };
  }

  /** Here and to their end where no service is up, else queued for the service. */
  async #perform(queue: () => Promise<RunShape[]>, options: RunHereOptions): Promise<Performed> {
    const lock = await lockForRun(this.#parts, this.settings.stateDir, options.signal);
    if (lock.kind === 'busy') {
      const queued = await queue();
      if (!options.wait) return { runs: queued, where: 'service' };
      const follow = { service: this.service, clock: this.#parts.clock, isServed: () => this.isServed };
      const runs: RunShape[] = [];
      for (const { run_id } of queued) {
        const told = this.#waitedFor.get(run_id) ?? new Set();
        this.#waitedFor.set(run_id, told.add(options.onProgress));
        runs.push(await followRun(follow, run_id, options.signal));
        told.delete(options.onProgress);
        if (told.size === 0) this.#waitedFor.delete(run_id);
      }
      return { runs, where: 'service' };
    }
    try {
      this.#onProgress = options.onProgress;
      const loops = new Loops(this.#parts.loopsParts((run, progress) => this.#told(run.runId, progress)));
      this.#loops = loops;
      let runIds: string[] = [];
      const onAbort = () => {
        for (const runId of runIds) loops.cancel(runId);
      };
      options.signal.addEventListener('abort', onAbort);
      await loops.runOnly(async () => {
        runIds = (await queue()).map((run) => run.run_id);
        return runIds;
      }, options.signal);
      options.signal.removeEventListener('abort', onAbort);
      return { runs: await Promise.all(runIds.map((runId) => this.service.run(runId))), where: 'here' };
    } finally {
      await this.#loops?.stop();
      this.#loops = null;
      lock.release();
    }
  }

  #told(runId: string, progress: Parameters<RunHereOptions['onProgress']>[0]): void {
    this.#onProgress(progress);
    for (const tell of this.#waitedFor.get(runId) ?? []) tell(progress);
  }

  async prepareWrite(): Promise<void> {
    if (this.#loops || this.#parts.faults.length > 0) return;
    const lock = this.#parts.acquireLock(this.settings.stateDir, LOOK_OF_OTHERS_MS);
    if (lock.kind === 'busy') return;
    try {
      await this.#jobs.reconcile();
    } finally {
      lock.release();
    }
  }

  register(handler: Handler): void {
    this.#parts.register(handler);
    // What waits for its handler is looked at again.
    this.#loops?.wake();
  }

  get events(): Events {
    return this.#parts.events;
  }

  async close(): Promise<void> {
    await this.events.idle();
    await this.#parts.runLogs.close();
    await this.#parts.store.close();
  }

  /** Reads, decides, claims and writes nothing more at this moment; for tests on a clock that is moved by hand. */
  async idle(): Promise<void> {
    await this.#reloader.idle();
    await this.#vaultWatch?.idle();
    await this.#loops?.idle();
    await this.events.idle();
  }

  /** Runs in this process whose handler has not ended. */
  get running(): readonly string[] {
    return this.#loops?.atWork ?? [];
  }

  /** As SIGHUP does. */
  reload(): Promise<void> {
    return this.#reloader.reload();
  }

  async #openPauses(): Promise<Pause[]> {
    await this.#observe();
    return await openPauses({ ...this.#parts, isServed: this.isServed });
  }

  /** A ledger that takes nothing now must not keep `status` from saying so. */
  async #observe(): Promise<void> {
    try {
      await this.#loops?.observe();
    } catch (error) {
      const log = this.#parts.log.at('installation.observe');
      log.error('the pauses that hold now could not be noted', faultFields(error, 'service'));
    }
  }

  async #pauseAll(by: string): Promise<void> {
    const since = this.#parts.clock.now();
    await this.#parts.store.pause({
      jobUid: null,
      source: 'api',
      who: by,
      why: 'start --paused',
      since,
      until: null,
    });
  }

  /** What a person should know before the first run, once at start. */
  async #warn(): Promise<void> {
    const log = this.#parts.log.at('app.start');
    for (const note of this.settings.warnings) log.warn(formatNote(note), { code: note.code });
    for (const warning of await this.#parts.housekeeper.check()) {
      log.warn(`cleanup rule ${warning.id}: ${warning.message}`, { fix: warning.fix });
    }
  }
}
