// The loop that works: free places → claim → execute → settle (rules 5, 8, 9, 23).

import { type EpochMs, sleep } from '#core/clock';
import { toErrorRecord } from '#core/errors';
import type { StoredJob } from '#core/job';
import type { Run } from '#core/run';
import type { Store } from '#store/store';
import { type ExecuteParts, execute, type Stopper, stop } from './execute.ts';
import { Settler } from './settler.ts';

export interface WorkerOptions extends ExecuteParts {
  store: Store;
  bootId: string;
  /** `max_concurrent_executions`. */
  cap(): number;
  /** Asked before every claim: notes the pause sources that hold now (rule 6). */
  observePauses(): Promise<unknown>;
  onSettled(run: Run, answer: 'settled' | 'lost'): void;
}

interface InFlight {
  run: Run;
  stopper: Stopper;
  done: Promise<void>;
}

/** Between the abort of an attempt and the complaint that it does not end (rule 8). */
const CONFIRM_MS = 10_000;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #settler: Settler;
  readonly #inFlight = new Map<string, InFlight>();
  #open = false;
  #only: string | null = null;
  #filling: Promise<void> | null = null;
  #again = false;
  #cancelRetryTimer: () => void = () => {};

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#settler = new Settler(options.store, options.clock, options.log);
  }

  /** From here on queued runs are claimed. `only` = this run and no other. */
  start(only: string | null = null): void {
    this.#only = only;
    this.#open = true;
    this.wake();
  }

  get running(): readonly string[] {
    return [...this.#inFlight.keys()];
  }

  /** Looks for work and for cancel requests. Cheap to call often. */
  wake(): void {
    this.#again = true;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = null;
      // Asked between the last look and here: without this the wish would be lost.
      if (this.#again) this.wake();
    });
  }

  /** Resolves when nothing is being claimed or written; handlers may still run. */
  async idle(): Promise<void> {
    await this.#filling;
    await this.#settler.idle();
  }

  /** Resolves when the run, if it is in flight here, has ended and is recorded. */
  async ended(runId: string): Promise<void> {
    await this.#inFlight.get(runId)?.done;
  }

  cancel(runId: string): void {
    const flight = this.#inFlight.get(runId);
    if (flight) this.#stop(flight, 'cancel');
  }

  /** Admits nothing more, lets running work end for `drainMs`, aborts it, gives it `abortMs` to flush (rule 23). */
  async stop(drainMs: number, abortMs: number): Promise<void> {
    this.#open = false;
    this.#cancelRetryTimer();
    await this.#filling;
    await this.#endWithin(drainMs);
    for (const flight of this.#inFlight.values()) this.#stop(flight, 'shutdown');
    await this.#endWithin(abortMs);
    for (const flight of [...this.#inFlight.values()]) await this.#giveBack(flight);
    await this.#settler.idle();
  }

  async #endWithin(ms: number): Promise<void> {
    if (this.#inFlight.size === 0 || ms <= 0) return;
    const timer = new AbortController();
    const all = Promise.all([...this.#inFlight.values()].map((flight) => flight.done));
    await Promise.race([all, sleep(this.#options.clock, ms, timer.signal)]);
    timer.abort();
  }

  async #fill(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#cancelRequested();
        if (this.#open) await this.#options.observePauses();
        // One instant for both: a retry that falls due between two looks at the clock would be missed.
        const at = this.#options.clock.now();
        await this.#claim(at);
        await this.#armRetryTimer(at);
      } catch (error) {
        this.#options.log.at('worker.fill').error('could not look for work', { error: toErrorRecord(error) });
        this.#cancelRetryTimer();
        if (this.#open) this.#cancelRetryTimer = this.#options.clock.timer(1_000, () => this.wake());
      }
    }
  }

  async #claim(at: EpochMs): Promise<void> {
    const { store, bootId, cap } = this.#options;
    const places = cap() - this.#inFlight.size;
    if (!this.#open || places <= 0) return;
    const only = this.#only === null ? {} : { only: this.#only };
    const claimed = await store.claim({ at, bootId, places, cap: cap(), ...only });
    if (claimed.length === 0) return;
    const owners = await store.jobs({ uids: claimed.map((run) => run.jobUid) });
    const jobs = new Map(owners.map((job) => [job.uid, job]));
    for (const run of claimed) this.#begin(run, jobs.get(run.jobUid)!);
  }

  #begin(run: Run, job: StoredJob): void {
    const stopper: Stopper = { controller: new AbortController(), cause: null };
    const flight: InFlight = { run, stopper, done: Promise.resolve() };
    this.#inFlight.set(run.runId, flight);
    flight.done = this.#work(flight, job);
  }

  async #work(flight: InFlight, job: StoredJob): Promise<void> {
    const { run, stopper } = flight;
    const { signal } = stopper.controller;
    const onAbort = () => void this.#markStopping(flight);
    signal.addEventListener('abort', onAbort, { once: true });
    const ending = await execute(run, job, stopper, this.#options);
    signal.removeEventListener('abort', onAbort);
    if (this.#inFlight.get(run.runId) !== flight) return;
    const answer = await this.#settler.settle(ending);
    this.#inFlight.delete(run.runId);
    this.#options.onSettled(run, answer);
    this.wake();
  }

  #stop(flight: InFlight, cause: 'cancel' | 'shutdown'): void {
    stop(flight.stopper, cause);
  }

  /** `stopping` until the end is confirmed: its place stays taken (rule 8). */
  async #markStopping({ run, stopper }: InFlight): Promise<void> {
    const { store, clock, log } = this.#options;
    if (stopper.cause === 'shutdown') return;
    try {
      await store.markStopping(run.runId, run.leaseToken ?? '');
    } catch (error) {
      log
        .at('worker.stop')
        .error('could not record that a run is stopping', { run_id: run.runId, error: toErrorRecord(error) });
    }
    const confirmed = new AbortController();
    void this.ended(run.runId).then(() => confirmed.abort());
    const tooLong = await sleep(clock, CONFIRM_MS, confirmed.signal);
    if (tooLong && this.#inFlight.has(run.runId)) {
      const fix = 'make the handler stop when ctx.signal aborts; it keeps its place until it ends';
      log
        .at('worker.stop')
        .warn('a run does not end although it was told to', { job_name: run.jobId, run_id: run.runId, fix });
    }
  }

  /** Cut by the shutdown: recorded before exit, without using an attempt (rule 23). */
  async #giveBack(flight: InFlight): Promise<void> {
    const { run } = flight;
    this.#inFlight.delete(run.runId);
    const at = this.#options.clock.now();
    await this.#settler.settle({
      runId: run.runId,
      leaseToken: run.leaseToken ?? '',
      attempt: {
        n: run.attempt,
        startedAt: run.startedAt ?? at,
        endedAt: at,
        outcome: 'given_back',
        error: null,
      },
      verdict: { kind: 'given_back' },
      durationMs: Math.max(0, at - (run.startedAt ?? at)),
      statistics: null,
      codeHash: null,
    });
  }

  async #cancelRequested(): Promise<void> {
    for (const runId of await this.#options.store.cancelRequests(this.#options.bootId)) this.cancel(runId);
  }

  async #armRetryTimer(at: EpochMs): Promise<void> {
    this.#cancelRetryTimer();
    if (!this.#open) return;
    const { store, clock } = this.#options;
    const { retry } = await store.nextWake(at);
    if (retry !== null) this.#cancelRetryTimer = clock.timer(retry - clock.now(), () => this.wake());
  }
}
