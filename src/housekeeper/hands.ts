// Threads that stat and unlink side by side: what one folder with many files needs, and the engine's thread is spared.

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
const PIECES_EACH = 2;

/** This thread, or one that was hired. */
type Hand = HandThread | 'here';

/** This thread works, too; the others are hired when there is work that is worth it, and let go together. */
export class Hands implements AsyncDisposable {
  readonly #hired: HandThread[] = [];
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
      const answer = await hand.ask({ kind: 'stat', base, names: joinNames(names) });
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
      const answer = await hand.ask({ kind: 'remove', base, names: joinNames(names), proofs: rest });
      if (answer.kind !== 'remove') throw new Error('a hand answered something else');
      return answer.kept;
    } finally {
      if (aside) this.#give(hand);
    }
  }

  /** Much is coming: threads begin while this one still reads the names. */
  hire(): void {
    if (this.#hired.length > 0) return;
    for (let n = 0; n < this.#threads; n++) this.#hired.push(new HandThread());
    for (let n = 0; n < PIECES_EACH; n++) this.#free.push(...this.#hired);
  }

  /** Pieces of work that are given out at the same time. */
  get count(): number {
    return this.#threads * PIECES_EACH + 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hired.map((thread) => thread.end()));
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

/** By name, so that it is found in a compiled package, too. */
const ENTRY = new URL(import.meta.resolve('#housekeeper/hand-entry'));

/** Has the next piece at hand when one is done: it never waits for this thread to look up. */
class HandThread {
  readonly #worker = new Worker(ENTRY, {
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
  /** Answered in the order in which they were asked. */
  readonly #asked: PromiseWithResolvers<HandAnswer>[] = [];

  constructor() {
    this.#worker.on('message', (answer: HandAnswer) => this.#asked.shift()?.resolve(answer));
    this.#worker.on('error', (error) => {
      for (const asked of this.#asked.splice(0)) asked.reject(error);
    });
  }

  ask(request: HandRequest): Promise<HandAnswer> {
    const asked = Promise.withResolvers<HandAnswer>();
    this.#asked.push(asked);
    this.#worker.postMessage(request);
    return asked.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
