// The loop that decides: due jobs in, runs and skips out, then asleep until the next slot.

import type { Clock, EpochMs } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Log } from '#core/log';
import type { ObservedPause, Pause } from '#core/pause';
import type { Schedule, ScheduleSpec } from '#core/schedule';
import type { Claimed, ClaimRequest, DueJob, FireResult, Front, Store } from '#store/store';
import { clockPlan } from './clock-plan.ts';
import { ClockWatch } from './clock-watch.ts';
import { ON_TIME_MS } from './eligible.ts';
import { OtherProcesses } from './other-processes.ts';
import { plan } from './plan.ts';
import { type Left, leaving, tellDropped, tellJump, tellLeft, tellRow } from './tell.ts';

/** No sleep is longer (rule 13): a clock that jumps is noticed within this time. */
const LONGEST_SLEEP_MS = 30_000;

export interface SchedulerOptions {
  store: Store;
  clock: Clock;
  log: Log;
  bootStartedAt: EpochMs;
  readPauses(): Promise<ObservedPause[]>;
  handlerKnown(name: string): boolean;
  scheduleOf(spec: ScheduleSpec): Schedule;
  newRunId(): string;
  /** How often rows of other processes are looked for; never delays a known slot. */
  checkIntervalMs(): number;
  /** What whoever runs things can take now: what is admitted starts in the transaction that decides it. */
  claimRequest(): ClaimRequest | null;
  onClaimed(claimed: readonly Claimed[]): void;
  /** Something may be claimed now: a slot was admitted, a pause ended, another process wrote. */
  onWork(): void;
}

/**
 * Jobs that one transaction decides, and how long it may take for more than a few: the loop stands still meanwhile. On a
 * machine that is busy anyway smaller ones would only add commits.
 */
const BATCH = 100;
const LEAST_BATCH = 25;
const LONGEST_BATCH_MS = 4;

/** One start, one stop. `pass` runs never overlap; a wake during one leads to one more. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #stopped = true;
  #passing: Promise<void> | null = null;
  #again = false;
  #cancelSleep: () => void = () => {};
  #held: readonly Pause[] = [];
  #lookedAt: EpochMs = 0;
  readonly #watch: ClockWatch;
  readonly #others: OtherProcesses;
  /** The start of the service, or of the time that counts anew since the clock was set back. */
  #upSince: EpochMs;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#watch = new ClockWatch(options.clock);
    this.#others = new OtherProcesses({ ...options, onChange: () => this.pass() });
    this.#upSince = options.bootStartedAt;
  }

  /** Resolves when the first pass has decided what became due while nobody looked. */
  async start(): Promise<void> {
    this.#stopped = false;
    // Whoever starts the loop has noted the sources that hold: nothing is dated back before that.
    this.#lookedAt = this.#options.clock.now();
    await this.pass();
    if (!this.#stopped) this.#others.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelSleep();
    this.#others.stop();
    await this.#passing;
  }

  /** Global pauses that held at the last pass. */
  get held(): readonly Pause[] {
    return this.#held;
  }

  /** What was due before fell into a time when no service was up. */
  get upSince(): EpochMs {
    return this.#upSince;
  }

  /** Decides now instead of at the next slot, e.g. after a reload or a changed `.env`. */
  wake(): void {
    if (!this.#stopped) void this.pass();
  }

  /** Resolves when a pass that began after this call is over. */
  async pass(): Promise<void> {
    if (this.#stopped) return;
    if (this.#passing) {
      this.#again = true;
      await this.#passing;
      // Where that pass was just over, the one asked for has taken its place.
      return await this.idle();
    }
    this.#passing = this.#passes().finally(() => {
      this.#passing = null;
      // Asked between the last pass and here: without this the wish would be lost.
      if (this.#again) this.wake();
    });
    return await this.#passing;
  }

  /** Resolves when no pass is under way. */
  async idle(): Promise<void> {
    await this.#passing;
  }

  async #passes(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#decide();
      } catch (error) {
        // The store may be full or locked: nothing was decided, the slots stay due and are asked for again.
        this.#options.log
          .at('scheduler.pass')
          .error('could not decide due slots', faultFields(error, 'engine'));
        this.#sleepFor(this.#options.checkIntervalMs());
      }
    } while (this.#again && !this.#stopped);
  }

  async #decide(): Promise<void> {
    const { store, clock, onWork } = this.#options;
    // Dropped jobs, and any that is still due after it was decided: asking for them again at once would spin.
    const stuck = new Set<string>();
    let at: EpochMs;
    let front: Front | null = null;
    for (;;) {
      await this.#lookAtClock();
      // Before the look at the pauses: nothing is decided that became due after it.
      at = clock.now();
      await this.observe();
      // Asked to stop meanwhile: what is due is decided at the next start (rule 23).
      if (this.#stopped) return;
      const fired = await this.#fire(at, stuck, front);
      if (!fired.more || this.#stopped) break;
      front = fired.front;
      // What ended at once is recorded in the next turn of the loop: timers are heard between that and the next batch.
      await turn();
      await turn();
    }
    onWork();
    const wake = await store.nextWake(at);
    const next = Math.min(wake.slot ?? Infinity, wake.pauseEnd ?? Infinity, wake.expiry ?? Infinity);
    const least = stuck.size > 0 ? this.#options.checkIntervalMs() : 0;
    this.#sleepUntil(Math.max(next, clock.now() + least));
  }

  /** One batch. */
  async #fire(at: EpochMs, stuck: Set<string>, front: Front | null): Promise<FireResult> {
    const { store, clock, log, handlerKnown, scheduleOf, newRunId, claimRequest, onClaimed } = this.#options;
    const context = { at, bootStartedAt: this.#upSince, jumps: this.#watch.forward };
    const left = new Map<string, Left[]>();
    const decide = (due: DueJob) => {
      const decision = plan(due, { ...context, handlerKnown, scheduleOf, newRunId });
      if (decision.end && decision.end.length > 0) left.set(due.job.uid, leaving(due, decision));
      return decision;
    };
    const end = clock.monotonic() + LONGEST_BATCH_MS;
    let decided = 0;
    const isLong = () => ++decided >= LEAST_BATCH && clock.monotonic() > end;
    const options = { limit: BATCH, isLong, except: [...stuck], claim: claimRequest(), front };
    const result = await store.fire(at, decide, options);
    onClaimed(result.claimed);
    for (const { job, rows } of result.decided) {
      for (const each of left.get(job.uid) ?? []) tellLeft(each, log);
      for (const row of rows) tellRow(job.id, row, log);
      if (job.nextDue !== null && job.nextDue <= at) stuck.add(job.uid);
    }
    tellDropped(result.dropped, log);
    for (const { uid } of result.dropped) stuck.add(uid);
    return result;
  }

  /** Notes which outside sources hold, as every fire and every start of an attempt must (rule 6). */
  async observe(): Promise<readonly Pause[]> {
    const { store, clock, log, readPauses } = this.#options;
    const before = this.#held;
    const now = clock.now();
    const held = await readPauses();
    // It began or ended between the last look and this one: a slot that is on time now is decided by what holds now.
    const at = Math.min(now, Math.max(this.#lookedAt + 1, now - ON_TIME_MS));
    this.#lookedAt = now;
    this.#held = await store.observe(at, held);
    for (const pause of this.#held) {
      if (!before.some((b) => b.id === pause.id))
        log.at('scheduler.observe').info(`paused by ${pause.who}`, { source: pause.source });
    }
    for (const pause of before) {
      if (!this.#held.some((h) => h.id === pause.id))
        log.at('scheduler.observe').info(`no longer paused by ${pause.who}`, { source: pause.source });
    }
    return this.#held;
  }

  /** What a clock set forward means for slots is the planner's to say; one set far back is corrected here (rule 13). */
  async #lookAtClock(): Promise<void> {
    const jump = this.#watch.look();
    if (jump) tellJump(jump, this.#options.log);
    if (!this.#watch.isSetFarBack) return;
    const { store, clock, scheduleOf } = this.#options;
    const at = clock.now();
    await store.correctClock({ was: this.#watch.highest, at, by: 'clock' }, clockPlan(at, scheduleOf));
    this.#options.log
      .at('scheduler.clock')
      .warn('the clock was set back by hours: the calendar of all jobs is corrected to it', {
        from: new Date(this.#watch.highest).toISOString(),
        to: new Date(at).toISOString(),
      });
    this.#watch.correct();
    this.#upSince = Math.min(this.#upSince, at);
    this.#lookedAt = at;
  }

  /** Until then nothing is due: a wake on the way looks at the clock, and at nothing else unless it was set. */
  #sleepUntil(at: EpochMs): void {
    const { clock } = this.#options;
    this.#cancelSleep();
    if (this.#stopped) return;
    const ms = Math.min(LONGEST_SLEEP_MS, at - clock.now());
    this.#cancelSleep = clock.timer(ms, () => {
      if (this.#watch.wasSet() || clock.now() >= at) this.wake();
      else this.#sleepUntil(at);
    });
  }

  #sleepFor(ms: number): void {
    this.#cancelSleep();
    if (this.#stopped) return;
    this.#cancelSleep = this.#options.clock.timer(Math.min(LONGEST_SLEEP_MS, ms), () => this.wake());
  }
}

/** Lets everything else in before it goes on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
