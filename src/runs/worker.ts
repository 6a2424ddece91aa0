// The loop that works: free places → claim → execute → settle (rules 5, 8, 9, 23).

import { sleep } from '#core/clock';
import { faultFields } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { Claimed, ClaimRequest, Store } from '#store/store';
import { classify } from './classify.ts';
import { decide } from './decide.ts';
import { type ExecuteParts, execute, type Stopper, stop } from './execute.ts';
import { Settler } from './settler.ts';

export interface WorkerOptions extends ExecuteParts {
  store: Store;
  bootId: string;
  /** `max_concurrent_executions`. */
  cap(): number;
  /** Asked before every claim: notes the pause sources that hold now (rule 6). */
  observePauses(): Promise<unknown>;
}

interface InFlight {
  run: Run;
  stopper: Stopper;
  done: Promise<void>;
  /** Its handler has ended; only the record is missing. */
  isOver: boolean;
}

/** Between the abort of an attempt and the end of its thread; the complaint where there is none to end (rule 8). */
const CONFIRM_MS = 10_000;
/** After a fault of the store. */
const LOOK_AGAIN_MS = 1_000;
const LEAST_TO_RECORD_MS = 1_000;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #settler: Settler;
  readonly #inFlight = new Map<string, InFlight>();
  #open = false;
  #only: string | null = null;
  #filling: Promise<void> | null = null;
  #again = false;
  #cancelRetryTimer: () => void = () => {};
  /** The pause sources were read in this turn of the loop or the one before. */
  #hasLooked = false;
  #looks = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#settler = new Settler(options.store, options.clock, options.log, {
      claimRequest: (ending) => (this.#hasLooked ? this.claimRequest(ending) : null),
      onClaimed: (claimed) => this.take(claimed),
    });
  }

  /** From here on queued runs are claimed. `only` = this run and no other. */
  start(only: string | null = null): void {
    this.#only = only;
    this.#open = true;
    this.wake();
  }

  /** Claims nothing more; what runs goes on. `start` opens it again. */
  hold(): void {
    this.#open = false;
    this.#cancelRetryTimer();
  }

  /** What may be claimed now, for a transaction that claims beside other work; null = nothing. `ending` leave their places. */
  claimRequest(ending = 0): ClaimRequest | null {
    const { clock, bootId, cap } = this.#options;
    const places = cap() - this.#inFlight.size + ending;
    if (!this.#open || places <= 0) return null;
    const only = this.#only === null ? {} : { only: this.#only };
    return { at: clock.now(), bootId, places, cap: cap(), ...only };
  }

  /** Begins runs that were claimed. */
  take(claimed: readonly Claimed[]): void {
    for (const { run, job } of claimed) this.#begin(run, job);
  }

  get running(): readonly string[] {
    return [...this.#inFlight.keys()];
  }

  /** Of those in flight, the runs whose handler has not ended. */
  get atWork(): readonly string[] {
    return [...this.#inFlight.values()].filter((flight) => !flight.isOver).map(({ run }) => run.runId);
  }

  /** Looks for work and for cancel requests. Cheap to call often. */
  wake(): void {
    this.#again = true;
    for (const { stopper } of this.#inFlight.values()) stopper.call?.refresh();
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = null;
      // Asked between the last look and here: without this the wish would be lost.
      if (this.#again) this.wake();
    });
  }

  /** Resolves when nothing is being claimed or written at this moment; handlers may still run. */
  async idle(): Promise<void> {
    await this.#filling;
    await this.#settler.resting();
  }

  /** Resolves when the run, if it is in flight here, has ended and is recorded. */
  async ended(runId: string): Promise<void> {
    await this.#inFlight.get(runId)?.done;
  }

  cancel(runId: string): void {
    const flight = this.#inFlight.get(runId);
    if (flight) stop(flight.stopper, 'cancel');
  }

  /** Admits nothing more, lets running work end for `drainMs`, aborts it, gives it `abortMs` to flush (rule 23). */
  async stop(drainMs: number, abortMs: number): Promise<void> {
    this.#open = false;
    this.#cancelRetryTimer();
    await this.#filling;
    await this.#endWithin(drainMs);
    for (const { stopper } of this.#inFlight.values()) stop(stopper, 'shutdown');
    await this.#endWithin(abortMs);
    const threads = [...this.#inFlight.values()].filter(({ stopper }) => stopper.call?.end);
    for (const { stopper } of threads) stopper.call?.end?.();
    await this.#within(LEAST_TO_RECORD_MS, Promise.all(threads.map((flight) => flight.done)));
    const left = [...this.#inFlight.values()].map((flight) => this.#endWithProcess(flight));
    // A store that takes nothing must not keep the process: what is not recorded is a crash to the next start.
    await this.#within(Math.max(abortMs, LEAST_TO_RECORD_MS), Promise.all([...left, this.#settler.idle()]));
  }

  async #endWithin(ms: number): Promise<void> {
    if (this.#inFlight.size === 0 || ms <= 0) return;
    await this.#within(ms, Promise.all([...this.#inFlight.values()].map((flight) => flight.done)));
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    await Promise.race([work, sleep(this.#options.clock, ms, over.signal)]);
    over.abort();
  }

  async #fill(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#cancelRequested();
        if (this.#open) await this.#look();
        // One instant for both: a retry that falls due between two looks at the clock would be missed.
        const request = this.claimRequest();
        if (request) this.take(await this.#options.store.claim(request));
        await this.#armRetryTimer(request?.at ?? this.#options.clock.now());
      } catch (error) {
        this.#options.log.at('worker.fill').error('could not look for work', faultFields(error, 'runs'));
        this.#cancelRetryTimer();
        if (this.#open) this.#cancelRetryTimer = this.#options.clock.timer(LOOK_AGAIN_MS, () => this.wake());
      }
    }
  }

  /** Reads the pause sources; what ends right after may be followed by a claim in its own transaction (rule 6). */
  async #look(): Promise<void> {
    await this.#options.observePauses();
    this.#hasLooked = true;
    const look = ++this.#looks;
    const over = () => {
      if (this.#looks === look) this.#hasLooked = false;
    };
    setImmediate(() => setImmediate(over));
  }

  #begin(run: Run, job: StoredJob): void {
    const stopper: Stopper = { controller: new AbortController(), cause: null, call: null };
    const flight: InFlight = { run, stopper, done: Promise.resolve(), isOver: false };
    this.#inFlight.set(run.runId, flight);
    flight.done = this.#work(flight, job);
  }

  async #work(flight: InFlight, job: StoredJob): Promise<void> {
    const { run, stopper } = flight;
    const { signal } = stopper.controller;
    const onAbort = () => void this.#markStopping(flight);
    signal.addEventListener('abort', onAbort, { once: true });
    const ending = await execute(run, job, stopper, this.#options);
    flight.isOver = true;
    signal.removeEventListener('abort', onAbort);
    if (this.#inFlight.get(run.runId) !== flight) return;
    await this.#settler.settle(ending);
    // Claimed again meanwhile, it is another flight.
    if (this.#inFlight.get(run.runId) === flight) this.#inFlight.delete(run.runId);
    this.wake();
  }

  /** `stopping` until the end is confirmed: its place stays taken (rule 8). */
  async #markStopping({ run, stopper }: InFlight): Promise<void> {
    const { store, clock, log } = this.#options;
    if (stopper.cause === 'shutdown') return;
    try {
      await store.markStopping(run.runId, run.leaseToken ?? '');
    } catch (error) {
      log.at('worker.stop').error('could not record that a run is stopping', {
        run_id: run.runId,
        ...faultFields(error, 'runs'),
      });
    }
    const confirmed = new AbortController();
    void this.ended(run.runId).then(() => confirmed.abort());
    const names = { job_name: run.jobId, run_id: run.runId };
    if (!(await sleep(clock, CONFIRM_MS, confirmed.signal))) return;
    const end = stopper.call?.end;
    if (end) {
      log.at('worker.stop').warn('a run did not end when it was told to: its thread is ended', names);
      end();
      if (!(await sleep(clock, CONFIRM_MS, confirmed.signal))) return;
    }
    const fix = end
      ? 'it is inside native code, which nothing can end; it keeps its place until that returns'
      : 'make the handler stop when ctx.signal aborts; it keeps its place until it ends';
    log.at('worker.stop').warn('a run does not end although it was told to', { ...names, fix });
  }

  /**
   * Still at work when the process ends, which ends it: recorded before exit. Cut by the shutdown alone it is given back
   * without using an attempt (rule 23); a time limit or a cancel that came before stands.
   */
  async #endWithProcess({ run, stopper }: InFlight): Promise<void> {
    const { clock, random } = this.#options;
    this.#inFlight.delete(run.runId);
    const at = clock.now();
    const { policy } = run.snapshot;
    const end = classify(
      { kind: 'threw', error: stopper.controller.signal.reason },
      stopper.cause,
      policy.timeoutMs,
    );
    const startedAt = run.startedAt ?? at;
    await this.#settler.settle({
      runId: run.runId,
      leaseToken: run.leaseToken ?? '',
      attempt: { n: run.attempt, startedAt, endedAt: at, outcome: end.outcome, error: end.error },
      verdict: decide(run, end, at, random()),
      durationMs: Math.max(0, at - startedAt),
      statistics: null,
      codeHash: null,
    });
  }

  async #cancelRequested(): Promise<void> {
    for (const runId of await this.#options.store.cancelRequests(this.#options.bootId)) this.cancel(runId);
  }

  async #armRetryTimer(at: number): Promise<void> {
    this.#cancelRetryTimer();
    if (!this.#open) return;
    const { store, clock } = this.#options;
    const { retry } = await store.nextWake(at);
    if (retry !== null) this.#cancelRetryTimer = clock.timer(retry - clock.now(), () => this.wake());
  }
}
