// A thread that serves the calls of one job: made, spoken to, held to its memory, ended.

import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Clock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JobCode } from '#core/handler';
import { keepLoopsEndable } from './endable.ts';
import type { JobWorker, WorkerLine } from './job-worker.ts';
import { MEMORY_LOOK_MS, overMemory } from './memory.ts';
import {
  type CallStart,
  type FromWorker,
  SHARED,
  SHARED_BYTES,
  type ThreadCall,
  type ThreadStart,
  type ToWorker,
} from './messages.ts';

export interface ThreadOptions {
  clock: Clock;
  job: string;
  code: JobCode;
  /** The variables that it sees, and the names of those it does not. */
  environment: Readonly<Record<string, string>>;
  withheld: readonly string[];
  /** Of its heap, and of heap and buffers together. */
  maxMemoryMb: number;
}

/** By name, so that it is found in a compiled package, too. */
const ENTRY = new URL(import.meta.resolve('#runs/isolation/thread-entry'));
/** V8 cannot start a thread with less. */
const LEAST_HEAP_MB = 16;
/** New objects lie beside the heap that V8 limits. */
const YOUNG_HEAP_MB = 32;
const MB = 1_048_576;

export class ThreadWorker implements JobWorker {
  readonly kind = 'thread';
  readonly gone: Promise<unknown>;
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  #failure: unknown = null;
  #isEnded = false;
  #cancelLook: () => void = () => {};

  /** Throws where there is no memory for a thread. */
  constructor(options: ThreadOptions) {
    keepLoopsEndable();
    this.#options = options;
    this.#worker = startThread(options);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.gone = promise;
    this.#worker.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#worker.once('exit', (code) => {
      this.#cancelLook();
      resolve(this.#reasonOfExit(code));
    });
  }

  begin(start: CallStart, { isPaused, take }: Parameters<JobWorker['begin']>[1]): WorkerLine {
    const shared = new Int32Array(new SharedArrayBuffer(SHARED_BYTES));
    Atomics.store(shared, SHARED.paused, isPaused ? 1 : 0);
    const { port1, port2 } = new MessageChannel();
    const call: ThreadCall = { ...start, port: port2, shared: shared.buffer };
    this.#worker.postMessage(call, [port2]);
    port1.on('message', take);
    this.#watchMemory();
    return new ThreadLine(port1, shared, take, () => this.#cancelLook());
  }

  end(): void {
    this.#isEnded = true;
    void this.#worker.terminate();
  }

  /** Buffers lie outside of the heap that V8 limits: looked at now and then, also while the code blocks. */
  #watchMemory(): void {
    const { clock, maxMemoryMb } = this.#options;
    const look = async () => {
      const heap = await this.#worker.getHeapStatistics().catch(() => null);
      if (heap === null || this.#isEnded) return;
      const usedMb = (heap.used_heap_size + heap.external_memory) / MB;
      if (usedMb <= Math.max(maxMemoryMb, LEAST_HEAP_MB) + YOUNG_HEAP_MB) {
        this.#watchMemory();
        return;
      }
      this.#failure ??= overMemory('thread', maxMemoryMb);
      this.end();
    };
    this.#cancelLook();
    this.#cancelLook = clock.timer(MEMORY_LOOK_MS, () => void look());
  }

  /** It said nothing and is gone. */
  #reasonOfExit(code: number): unknown {
    const error = this.#failure as { code?: unknown } | null;
    if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') return overMemory('thread', this.#options.maxMemoryMb);
    if (error !== null) return error;
    if (this.#isEnded) return new SchedulerError('EXECUTION_ERROR', "the job's thread was ended");
    return exited(code);
  }
}

export function exited(code: number): SchedulerError {
  return new SchedulerError(
    'EXECUTION_ERROR',
    `the job called process.exit(${code})`,
    'return, or throw: a job that exits has failed, and the service goes on',
  );
}

class ThreadLine implements WorkerLine {
  readonly #port: MessagePort;
  readonly #shared: Int32Array;
  readonly #take: (message: FromWorker) => void;
  readonly #onClose: () => void;

  constructor(
    port: MessagePort,
    shared: Int32Array,
    take: (message: FromWorker) => void,
    onClose: () => void,
  ) {
    this.#port = port;
    this.#shared = shared;
    this.#take = take;
    this.#onClose = onClose;
  }

  say(message: ToWorker): void {
    this.#port.postMessage(message);
  }

  setPaused(isPaused: boolean): void {
    Atomics.store(this.#shared, SHARED.paused, isPaused ? 1 : 0);
  }

  took(): void {
    Atomics.add(this.#shared, SHARED.taken, 1);
  }

  dropped(): number {
    return Atomics.load(this.#shared, SHARED.dropped);
  }

  close(): void {
    for (let left = receiveMessageOnPort(this.#port); left; left = receiveMessageOnPort(this.#port))
      this.#take(left.message as FromWorker);
    this.#port.close();
    this.#onClose();
  }
}

function startThread({ job, code, environment, withheld, maxMemoryMb }: ThreadOptions): Worker {
  const start: ThreadStart = { code, withheld };
  const cache = getCompileCacheDir();
  const worker = new Worker(ENTRY, {
    name: job,
    workerData: start,
    // Compiled code as the service keeps it: half the time until the handler is called.
    env: { ...environment, ...(cache !== undefined && { NODE_COMPILE_CACHE: path.dirname(cache) }) },
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: Math.max(maxMemoryMb, LEAST_HEAP_MB) },
  });
  // Lines of the job come by its log; what Node itself writes there has no reader.
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}
