// A whole service on a clock that a test moves: real settings, real ledger, real rules, and a day in a moment.

import type { EpochMs } from '#core/clock';
import { parseDurationMs } from '#core/duration';
import type { Handler, JobContext, JsonObject } from '#core/handler';
import { HandlerRegistry } from '#runs/handlers/registry';
import type { Installed } from '#service/installation';
import type { RunShape } from '#service/shapes';
import { openSqliteStore } from '#store/sqlite/open';
import type { Store } from '#store/store';
import { install } from '../app.ts';
import { createLog } from '../log.ts';
import { handlerOf, type JobUnderTest } from './handler.ts';
import { makePlace, type Place, settingsOf } from './installation.ts';
import type { LogLine } from './kept-log.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { type Caller, Callers, type SetTimer } from './waiting.ts';

export interface TestSchedulerOptions {
  /** By id: a job, or `{ job, …keys of its YAML entry }`. `enabled` is true unless given. */
  jobs: Readonly<Record<string, JobUnderTest | { job: JobUnderTest; [key: string]: unknown }>>;
  /** ISO 8601 with offset; 2026-01-05T00:00:00Z, a Monday, unless given. */
  at?: string;
  /** Sections of the settings file, such as `{ scheduler: { timezone: 'Europe/Paris' } }`. */
  settings?: JsonObject;
}

export interface TestScheduler extends AsyncDisposable {
  readonly clock: {
    /** Epoch milliseconds. */
    now(): EpochMs;
    /** `1d`, `90m`, or milliseconds. All that falls due on the way happens, each at its own instant. */
    advance(duration: string | number): Promise<void>;
    advanceTo(iso: string): Promise<void>;
  };
  /** Rows of the ledger, oldest first, as `history` shows them. */
  runs(job?: string): Promise<RunShape[]>;
  /** Starts a run by hand, and waits for its end or for the time that it waits for. */
  run(job: string, options?: { input?: JsonObject; dryRun?: boolean; force?: boolean }): Promise<RunShape>;
  /** Of all jobs, oldest first. */
  readonly logs: readonly LogLine[];
  /** Stops the service and removes all that it kept. */
  close(): Promise<void>;
}

const MONDAY = '2026-01-05T00:00:00Z';

/**
 * The service is up when this resolves. Jobs run in the test's own thread. Time moves by `clock` only: a job in
 * `ctx.sleep` waits for it, a job at work elsewhere (files, network) is waited for. Throws VALIDATION_ERROR with the
 * faults of the jobs' keys.
 */
export async function createTestScheduler(options: TestSchedulerOptions): Promise<TestScheduler> {
  const place = await makePlace();
  try {
    return await LivingScheduler.begin(place, options);
  } catch (error) {
    await place.remove();
    throw error;
  }
}

class LivingScheduler implements TestScheduler {
  readonly clock: TestScheduler['clock'];
  readonly logs: LogLine[] = [];
  readonly #place: Place;
  readonly #time: ManualClock;
  readonly #callers = new Callers();
  /** By run, while its job is called. */
  readonly #calls = new Map<string, Caller>();
  readonly #stop = new AbortController();
  /** When timers ring that are no routine, by the monotonic clock. */
  #marks: { at: number; isSet(): boolean }[] = [];
  #store: Store | null = null;
  #hasShortLimits = false;
  #installed: Installed | null = null;
  #ended: Promise<void> = Promise.resolve();

  static async begin(place: Place, options: TestSchedulerOptions): Promise<TestScheduler> {
    const scheduler = new LivingScheduler(place, Date.parse(options.at ?? MONDAY));
    await scheduler.#start(options);
    return scheduler;
  }

  private constructor(place: Place, at: EpochMs) {
    this.#place = place;
    this.#time = createManualClock(at, () => this.#quiet());
    this.clock = {
      now: () => this.#time.now(),
      advance: (duration) =>
        this.#advance(typeof duration === 'number' ? duration : parseDurationMs(duration)),
      advanceTo: (iso) => this.#advance(Date.parse(iso) - this.#time.now()),
    };
  }

  async runs(job?: string): Promise<RunShape[]> {
    const query = { limit: Number.MAX_SAFE_INTEGER, ...(job !== undefined && { job }) };
    return (await this.#up.service.history(query)).toReversed();
  }

  async run(job: string, options: { input?: JsonObject; dryRun?: boolean; force?: boolean } = {}) {
    const { run_id } = await this.#up.service.runNow(job, { ...options, by: 'test' });
    await this.#quiet();
    return await this.#up.service.run(run_id);
  }

  async close(): Promise<void> {
    if (!this.#installed) return;
    this.#stop.abort();
    let isOver = false;
    void this.#ended.finally(() => {
      isOver = true;
    });
    while (!isOver) await this.#time.advance(1_000);
    await this.#ended;
    await this.#installed.close();
    this.#installed = null;
    await this.#place.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #up(): Installed {
    if (this.#installed) return this.#installed;
    throw new Error('the scheduler is closed');
  }

  async #start({ jobs, settings: sections = {} }: TestSchedulerOptions): Promise<void> {
    const clock = this.#callers.counting(this.#time, (timer) => this.#note(timer));
    const write = (line: string) => this.#keep(JSON.parse(line) as Record<string, unknown>);
    const log = createLog({ clock, level: 'debug', sink: { write }, pretty: false });
    const registry = new HandlerRegistry(log);
    const entries: Record<string, JsonObject> = {};
    for (const [id, given] of Object.entries(jobs)) {
      const { job, ...keys } = 'job' in given ? given : { job: given };
      registry.register(this.#watched(handlerOf(job, id)));
      entries[id] = { enabled: true, ...(keys as JsonObject), handler: id };
    }
    const settings = await settingsOf(this.#place, sections, entries, (name) => registry.info(name));
    const options = {
      ...{ env: {}, cwd: this.#place.dir, clock, log, version: 'test', pid: 1, random: () => 0.5 },
      // What changes on the disk is no part of the test.
      noticeFolders: () => ({ ready: Promise.resolve(), add() {}, close: async () => {} }),
      watchTree: () => async () => {},
    };
    const store = await openSqliteStore({ stateDir: settings.stateDir, clock });
    this.#store = store;
    this.#hasShortLimits = settings.jobs.some(({ policy }) => policy.timeoutMs <= ROUTINE_MS);
    const installed = install(options, { settings: settings.file }, settings, registry, store);
    this.#installed = installed;
    const { promise: up, resolve: onUp } = Promise.withResolvers<void>();
    this.#ended = installed.serve({
      ...{
        paused: false,
        acceptClock: false,
        by: 'test',
        signal: this.#stop.signal,
        onUp,
        onHangup: () => {},
      },
    });
    await Promise.race([up, this.#ended]);
    await this.#quiet();
  }

  #watched(handler: Handler): Handler {
    const call = async (ctx: JobContext) => {
      const caller: Caller = { timers: 0 };
      this.#calls.set(ctx.runId, caller);
      try {
        return await this.#callers.call(caller, () => handler.call(ctx));
      } finally {
        this.#calls.delete(ctx.runId);
      }
    };
    return { ...handler, call };
  }

  /**
   * From one thing that happens to the next. The service's routine between them (heartbeats, looks at files) is done
   * once on arrival: it decides nothing, and ten thousand of them a day would cost the test a minute.
   */
  async #advance(ms: number): Promise<void> {
    const target = this.#time.monotonic() + ms;
    await this.#quiet();
    while (this.#time.monotonic() < target) {
      const left = target - this.#time.monotonic();
      const free = this.#hasShortLimits && this.#calls.size > 0 ? 0 : await this.#nothingHappensFor(left);
      if (free > 0) {
        this.#time.block(free);
        await this.#time.advance(0);
      } else await this.#time.advance(Math.min(left, STEP_MS));
    }
    await this.#time.advance(0);
  }

  /** At most `ms`; 0 = something is about to. */
  async #nothingHappensFor(ms: number): Promise<number> {
    const wake = await this.#store!.nextWake(this.#time.now());
    const ofLedger = Object.values(wake).filter((at) => at !== null);
    this.#marks = this.#marks.filter(({ isSet }) => isSet());
    const ofTimers = this.#marks.map(({ at }) => at - this.#time.monotonic());
    return Math.max(0, Math.min(ms, ...ofLedger.map((at) => at - this.#time.now()), ...ofTimers));
  }

  #note({ delayMs, isOfJob, isSet }: SetTimer): void {
    if (isOfJob || delayMs > ROUTINE_MS)
      this.#marks.push({ at: this.#time.monotonic() + Math.max(0, Math.ceil(delayMs)), isSet });
  }

  /** Resolves when nothing moves any more unless time does. */
  async #quiet(): Promise<void> {
    for (let still = 0; still < 3; ) {
      await this.#installed?.idle();
      await new Promise((resolve) => setImmediate(resolve));
      const running = this.#installed?.running ?? [];
      still = running.every((id) => (this.#calls.get(id)?.timers ?? 0) > 0) ? still + 1 : 0;
    }
  }

  #keep({ level, msg, [WHERE]: where, ...fields }: Record<string, unknown>): void {
    if (!String(where).startsWith('job.')) return;
    const { time: _time, service: _service, ...own } = fields;
    this.logs.push({
      level: String(level).toLowerCase() as LogLine['level'],
      message: String(msg),
      fields: own,
    });
  }
}

/** Longer timers of the service are no routine: limits, upkeep. */
const ROUTINE_MS = 60_000;
const STEP_MS = 1_000;
const WHERE = 'filename.function_name';
