// Calls of job files in, workers for them: one that has served the same code before where there is one, else a new one.

import { mkdirSync } from 'node:fs';
import type { Clock } from '#core/clock';
import type { ChildWatch, IsolatedRequest, Isolation, StartIsolated } from '../call.ts';
import { allowedEnvironment, type Variables, withheldNames } from './environment.ts';
import type { JobWorker } from './job-worker.ts';
import { memoryLimitMb } from './memory.ts';
import { codeNeeds, processCache } from './needs.ts';
import { NOTHING_GRANTED, permissionFlags } from './permissions.ts';
import { ProcessWorker } from './process-worker.ts';
import { ThreadWorker } from './thread-worker.ts';
import { WorkerCall } from './worker-call.ts';

export interface WarmWorkersParts {
  clock: Clock;
  /** Of the service. */
  env: Variables;
  /** A path of the settings, absolute. */
  resolve(written: string): string;
  watch: ChildWatch;
}

/** A worker serves so many calls: what its code keeps and forgets to let go of does not grow for ever. */
const MOST_CALLS = 500;
/** A job of every minute finds its worker; five minutes after the last call the memory is back. */
const IDLE_MS = 90_000;
/** Of all jobs, at rest; the one that rests longest goes first. */
const MOST_AT_REST = 10;

interface Resting {
  worker: JobWorker;
  key: string;
  job: string;
  calls: number;
  cancelIdle(): void;
}

export class WarmWorkers implements Isolation {
  readonly #parts: WarmWorkersParts;
  readonly #resting = new Set<Resting>();
  readonly #all = new Set<JobWorker>();
  #isClosed = false;

  constructor(parts: WarmWorkersParts) {
    this.#parts = parts;
  }

  readonly start: StartIsolated = (request) => {
    const key = keyOf(request);
    const warm = this.#take(key, request.data.job);
    let worker: JobWorker | null = null;
    try {
      worker = warm?.worker ?? this.#make(request);
      const made = worker;
      const calls = (warm?.calls ?? 0) + 1;
      return new WorkerCall(request, made, (mayServeAgain) => {
        if (mayServeAgain)
          this.#rest({ worker: made, key, job: request.data.job, calls, cancelIdle: () => {} });
      });
    } catch (error) {
      // No memory for a thread, or settings that no worker can be given.
      worker?.end();
      return { answer: Promise.reject(error), end: null, refresh: () => {} };
    }
  };

  /** Ends all, those that rest for certain; resolves when they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const resting = [...this.#resting].map(({ worker }) => worker);
    for (const each of this.#resting) each.cancelIdle();
    this.#resting.clear();
    for (const worker of this.#all) worker.end();
    await Promise.all(resting.map(({ gone }) => gone));
  }

  /** One with this code, and none of the job with other code is kept any longer. */
  #take(key: string, job: string): Resting | null {
    const ofJob = [...this.#resting].filter((each) => each.job === job);
    for (const each of ofJob) if (each.key !== key) this.#drop(each);
    const found = ofJob.findLast((each) => each.key === key) ?? null;
    if (found === null) return null;
    found.cancelIdle();
    this.#resting.delete(found);
    return found;
  }

  #rest(resting: Resting): void {
    if (this.#isClosed || resting.calls >= MOST_CALLS) {
      this.#drop(resting);
      return;
    }
    resting.cancelIdle = this.#parts.clock.timer(IDLE_MS, () => this.#drop(resting));
    this.#resting.add(resting);
    const [oldest] = this.#resting;
    if (this.#resting.size > MOST_AT_REST) this.#drop(oldest!);
  }

  #drop(resting: Resting): void {
    resting.cancelIdle();
    this.#resting.delete(resting);
    resting.worker.end();
  }

  #make(request: IsolatedRequest): JobWorker {
    const worker = request.isolation === 'process' ? this.#process(request) : this.#thread(request);
    this.#all.add(worker);
    void worker.gone.then(() => {
      this.#all.delete(worker);
      // It ended while it rested: what its code left behind has thrown.
      for (const each of this.#resting) if (each.worker === worker) this.#drop(each);
    });
    return worker;
  }

  #thread({ code, data, permissions, maxMemoryMb }: IsolatedRequest): JobWorker {
    const { clock, env } = this.#parts;
    const environment = allowedEnvironment(env, permissions?.env);
    const options = { clock, job: data.job, code, environment, withheld: withheldNames(env, environment) };
    return new ThreadWorker({ ...options, maxMemoryMb: memoryLimitMb(maxMemoryMb) });
  }

  #process({ code, data, permissions, maxMemoryMb }: IsolatedRequest): JobWorker {
    const { clock, env, resolve, watch } = this.#parts;
    const granted = { ...NOTHING_GRANTED, ...permissions };
    const cache = processCache();
    const allowed = allowedEnvironment(env, granted.env);
    const environment = { ...allowed, ...(cache !== null && { NODE_COMPILE_CACHE: cache }) };
    // Node looks at each path once, at the start, whether it is a folder.
    mkdirSync(data.stateDir, { recursive: true });
    const needs = codeNeeds(code, [data.stateDir, ...(cache === null ? [] : [cache])]);
    const flags = permissionFlags(granted, needs, resolve);
    const options = {
      clock,
      job: data.job,
      code,
      environment,
      withheld: withheldNames(env, environment),
      watch,
    };
    const limit = { mayFork: granted.child, maxMemoryMb: memoryLimitMb(maxMemoryMb) };
    return new ProcessWorker({ ...options, ...limit, flags });
  }
}

/** Whoever has the same may take over a worker: the same code of the same job, held to the same. */
function keyOf({ isolation, permissions, maxMemoryMb, code, data }: IsolatedRequest): string {
  return JSON.stringify([isolation, data.job, code.file, code.hash, permissions, maxMemoryMb, data.stateDir]);
}
