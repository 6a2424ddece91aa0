// Threads that stat and unlink side by side: what one folder with many files needs, and the engine's thread is spared.

import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { nextTurn } from './bounded.ts';
import { type NamedFault, type Proofs, removeAll, type StatColumns, statAll } from './file-work.ts';

export type HandRequest =
  | { kind: 'stat'; base: string; names: string }
  | { kind: 'remove'; base: string; names: string; proofs: Omit<Proofs, 'names'> };
export type HandAnswer =
  | { kind: 'stat'; names: string; columns: Omit<StatColumns, 'names'> }
  | { kind: 'remove'; kept: NamedFault[] };

/** Between names as they cross threads: no file name holds it, and one text is quicker than many. */
const BETWEEN = '\0';
export const joinNames = (names: readonly string[]): string => names.join(BETWEEN);
export const splitNames = (names: string): string[] => (names === '' ? [] : names.split(BETWEEN));

const MOST_THREADS = 3;

/** This thread, or one that was hired. */
type Hand = Worker | 'here';

/** This thread works, too; the others are hired when there is work that is worth it, and let go together. */
export class Hands implements AsyncDisposable {
  readonly #workers: Worker[] = [];
  readonly #free: Hand[] = ['here'];
  readonly #waiting: ((hand: Hand) => void)[] = [];
  readonly #threads: number;

  private constructor(threads: number) {
    this.#threads = threads;
  }

  /** What was just listed lies in memory: as many as there are processors. */
  static forLooking(): Hands {
    return new Hands(Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1)));
  }

  /** A deletion waits for the disk more than for a processor. */
  static forRemoving(): Hands {
    return new Hands(MOST_THREADS);
  }

  /** `aside` = there are more such pieces: worth a thread; else it is done here and now. */
  async stat(base: string, names: readonly string[], aside: boolean): Promise<StatColumns> {
    const hand = aside ? await this.#take() : 'here';
    try {
      if (hand === 'here') return statAll(base, names);
      const answer = await ask(hand, { kind: 'stat', base, names: joinNames(names) });
      if (answer.kind !== 'stat') throw new Error('a hand answered something else');
      return { ...answer.columns, names: splitNames(answer.names) };
    } finally {
      if (aside) this.#give(hand);
    }
  }

  /** Those that stay, each with the reason. */
  async remove(base: string, proofs: Proofs, aside: boolean): Promise<NamedFault[]> {
    const hand = aside ? await this.#take() : 'here';
    try {
      if (hand === 'here') return removeAll(base, proofs);
      const { names, ...rest } = proofs;
      const answer = await ask(hand, { kind: 'remove', base, names: joinNames(names), proofs: rest });
      if (answer.kind !== 'remove') throw new Error('a hand answered something else');
      return answer.kept;
    } finally {
      if (aside) this.#give(hand);
    }
  }

  /** Much is coming: threads begin while this one still reads the names. */
  hire(): void {
    while (this.#workers.length < this.#threads) this.#free.push(this.#newWorker());
  }

  #newWorker(): Worker {
    const worker = new Worker(new URL('./hand-entry.ts', import.meta.url));
    this.#workers.push(worker);
    return worker;
  }

  /** Pieces of work that are done at the same time. */
  get count(): number {
    return this.#threads + 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Threads first: while this one works it hears of none. */
  async #take(): Promise<Hand> {
    this.hire();
    const place = this.#free.findLastIndex((hand) => hand !== 'here');
    const hand = this.#free.splice(place, 1)[0] ?? (await this.#wait());
    if (hand === 'here') await nextTurn();
    return hand;
  }

  #wait(): Promise<Hand> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(hand: Hand): void {
    const next = this.#waiting.shift();
    if (next) next(hand);
    else this.#free.push(hand);
  }
}

async function ask(worker: Worker, request: HandRequest): Promise<HandAnswer> {
  worker.postMessage(request);
  const [answer] = await once(worker, 'message');
  return answer as HandAnswer;
}
