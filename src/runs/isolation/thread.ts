// The service's side of a call in a thread: starts it, answers what it asks, takes what it says, ends it for certain.

import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { SchedulerError } from '#core/errors';
import type { Answer, Call, StartThread, ThreadRequest } from '../call.ts';
import { keepLoopsEndable } from './endable.ts';
import { fromErrorData, toErrorData } from './error-data.ts';
import { type FromThread, SHARED, SHARED_BYTES, type ThreadStart, type ToThread } from './messages.ts';

/** By name, so that it is found in a compiled package, too. */
const ENTRY = new URL(import.meta.resolve('#runs/isolation/thread-entry'));
/** V8 cannot start a thread with less. */
const LEAST_HEAP_MB = 16;

/** `environment`: the variables that job code sees. */
export function threadStarter(environment: Readonly<Record<string, string>>): StartThread {
  keepLoopsEndable();
  return (request) => {
    try {
      return new JobThread(request, environment);
    } catch (error) {
      // No memory for a thread, or settings that no thread can be given.
      return { answer: Promise.reject(error), end: null, refresh: () => {} };
    }
  };
}

class JobThread implements Call {
  readonly answer: Promise<Answer>;
  readonly #request: ThreadRequest;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #shared = new Int32Array(new SharedArrayBuffer(SHARED_BYTES));
  /** Operations of the service that it asked for and that are still at work. */
  readonly #operations = new Set<Promise<void>>();
  readonly #onAbort = () => this.#post({ kind: 'abort', reason: toErrorData(this.#request.signal.reason) });
  /** The first that was said stands. */
  #outcome: Extract<FromThread, { kind: 'returned' | 'threw' }> | null = null;
  #failure: unknown = null;
  #isEnded = false;

  constructor(request: ThreadRequest, environment: Readonly<Record<string, string>>) {
    this.#request = request;
    this.refresh();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = startWorker(request, port2, this.#shared.buffer, environment);
    port1.on('message', (message: FromThread) => this.#take(message));
    request.signal.addEventListener('abort', this.#onAbort, { once: true });
    this.answer = this.#over();
    // Whoever started it listens a turn later.
    this.answer.catch(() => {});
  }

  readonly end = (): void => {
    this.#isEnded = true;
    void this.#worker.terminate();
  };

  refresh(): void {
    Atomics.store(this.#shared, SHARED.paused, this.#request.paused() ? 1 : 0);
  }

  /** Settles when the thread is gone and nothing is at work for it any more. */
  async #over(): Promise<Answer> {
    const code = await this.#exit();
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    for (let left = receiveMessageOnPort(this.#port); left; left = receiveMessageOnPort(this.#port))
      this.#take(left.message as FromThread);
    this.#port.close();
    await Promise.all(this.#operations);
    this.#tellDropped();
    if (this.#outcome?.kind === 'returned') return this.#outcome;
    if (this.#outcome?.kind === 'threw') throw fromErrorData(this.#outcome.error);
    throw this.#reasonOfExit(code);
  }

  #exit(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#worker.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#worker.once('exit', resolve);
    return promise;
  }

  #take(message: FromThread): void {
    const { log, onProgress, onCalled } = this.#request;
    switch (message.kind) {
      case 'called':
        onCalled();
        return;
      case 'log':
        Atomics.add(this.#shared, SHARED.taken, 1);
        if (message.stream) log.written(message.stream, message.message);
        else log[message.level](message.message, message.fields);
        return;
      case 'progress':
        onProgress(message.progress);
        return;
      case 'call': {
        const work = this.#operate(message).finally(() => this.#operations.delete(work));
        this.#operations.add(work);
        return;
      }
      case 'returned':
      case 'threw':
        this.#outcome ??= message;
        this.end();
    }
  }

  async #operate({ id, operation, input }: Extract<FromThread, { kind: 'call' }>): Promise<void> {
    try {
      this.#post({ kind: 'answered', id, value: await this.#request.call(operation, input) });
    } catch (error) {
      this.#post({ kind: 'refused', id, error: toErrorData(error) });
    }
  }

  #post(message: ToThread): void {
    this.#port.postMessage(message);
  }

  #tellDropped(): void {
    const dropped = Atomics.load(this.#shared, SHARED.dropped);
    if (dropped > 0)
      this.#request.log.warn(`${dropped} lines of the job's log were dropped: too many at once`, { dropped });
  }

  /** It said nothing and is gone. */
  #reasonOfExit(code: number): unknown {
    const { maxMemoryMb } = this.#request;
    const error = this.#failure as { code?: unknown } | null;
    if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const limit = maxMemoryMb === null ? '' : ` (max_memory_mb: ${maxMemoryMb})`;
      return new SchedulerError(
        'EXECUTION_ERROR',
        `the job's thread ran out of memory${limit}`,
        'keep less at once, or raise max_memory_mb',
      );
    }
    if (error !== null) return error;
    if (this.#isEnded) return new SchedulerError('EXECUTION_ERROR', "the job's thread was ended");
    return new SchedulerError(
      'EXECUTION_ERROR',
      `the job called process.exit(${code})`,
      'return, or throw: a job that exits has failed, and the service goes on',
    );
  }
}

function startWorker(
  request: ThreadRequest,
  port: MessagePort,
  shared: SharedArrayBuffer,
  environment: Readonly<Record<string, string>>,
): Worker {
  const { code, data, input, maxMemoryMb } = request;
  const start: ThreadStart = { port, shared, code, data, input };
  const cache = getCompileCacheDir();
  const worker = new Worker(ENTRY, {
    name: data.job,
    workerData: start,
    transferList: [port],
    // Compiled code as the service keeps it: half the time until the handler is called.
    env: { ...environment, ...(cache !== undefined && { NODE_COMPILE_CACHE: path.dirname(cache) }) },
    execArgv: [],
    stdout: true,
    stderr: true,
    ...(maxMemoryMb !== null && {
      resourceLimits: { maxOldGenerationSizeMb: Math.max(maxMemoryMb, LEAST_HEAP_MB) },
    }),
  });
  // Lines of the job come by its log; what Node itself writes there has no reader.
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}
