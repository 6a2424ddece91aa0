// The service's side of one call in a worker: answers what it asks, takes what it says, and knows when it is over.

import type { Answer, Call, IsolatedRequest } from '../call.ts';
import { fromErrorData, toErrorData } from './error-data.ts';
import type { JobWorker, WorkerLine } from './job-worker.ts';
import type { FromWorker, LastWord } from './messages.ts';

export class WorkerCall implements Call {
  /** Settles when nothing of the call runs any more: its worker is gone, or as it was before the call. */
  readonly answer: Promise<Answer>;
  readonly #request: IsolatedRequest;
  readonly #worker: JobWorker;
  readonly #line: WorkerLine;
  /** Operations of the service that it asked for and that are still at work. */
  readonly #operations = new Set<Promise<void>>();
  readonly #lastWord = Promise.withResolvers<LastWord>();
  readonly #onAbort = () =>
    this.#line.say({ kind: 'abort', reason: toErrorData(this.#request.signal.reason) });
  /** The first that was said stands. */
  #outcome: LastWord | null = null;

  /** `onOver` hears whether the worker may serve another call; one that may not is gone by then. */
  constructor(request: IsolatedRequest, worker: JobWorker, onOver: (mayServeAgain: boolean) => void) {
    this.#request = request;
    this.#worker = worker;
    const { data, input, signal, paused } = request;
    const take = (message: FromWorker) => this.#take(message);
    this.#line = worker.begin({ data, input }, { isPaused: paused(), take });
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.answer = this.#over(onOver);
    // Whoever started it listens a turn later.
    this.answer.catch(() => {});
  }

  readonly end = (): void => this.#worker.end();

  refresh(): void {
    this.#line.setPaused(this.#request.paused());
  }

  async #over(onOver: (mayServeAgain: boolean) => void): Promise<Answer> {
    const { signal } = this.#request;
    const isGone =
      (await Promise.race([this.#lastWord.promise, this.#worker.gone.then(() => null)])) === null;
    const mayServeAgain = !isGone && this.#outcome?.isClean === true && !signal.aborted;
    if (!mayServeAgain) this.#worker.end();
    const reason = mayServeAgain ? null : await this.#worker.gone;
    signal.removeEventListener('abort', this.#onAbort);
    this.#line.close();
    await Promise.all(this.#operations);
    this.#tellDropped();
    onOver(mayServeAgain);
    if (this.#outcome?.kind === 'returned') return this.#outcome;
    throw this.#outcome ? fromErrorData(this.#outcome.error) : reason;
  }

  #take(message: FromWorker): void {
    const { log, onProgress, onCalled } = this.#request;
    switch (message.kind) {
      case 'called':
        onCalled();
        return;
      case 'log':
        this.#line.took();
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
        this.#lastWord.resolve(this.#outcome);
    }
  }

  async #operate({ id, operation, input }: Extract<FromWorker, { kind: 'call' }>): Promise<void> {
    try {
      this.#line.say({ kind: 'answered', id, value: await this.#request.call(operation, input) });
    } catch (error) {
      this.#line.say({ kind: 'refused', id, error: toErrorData(error) });
    }
  }

  #tellDropped(): void {
    const dropped = this.#line.dropped();
    if (dropped > 0)
      this.#request.log.warn(`${dropped} lines of the job's log were dropped: too many at once`, { dropped });
  }
}
