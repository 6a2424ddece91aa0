// Writes endings: at once, in batches of what already waits, and again until the store takes them (rule 11).

import { type Clock, sleep } from '#core/clock';
import { toErrorRecord } from '#core/errors';
import type { Log } from '#core/log';
import type { Ending, Store } from '#store/store';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

type Waiting = { ending: Ending; done: (answer: 'settled' | 'lost') => void };

export class Settler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  constructor(store: Store, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log.at('settler.write');
  }

  /** Resolves when the ending is committed, or known to come too late. */
  settle(ending: Ending): Promise<'settled' | 'lost'> {
    const { promise, resolve } = Promise.withResolvers<'settled' | 'lost'>();
    this.#waiting.push({ ending, done: resolve });
    this.#write();
    return promise;
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      // Came between the last batch and here: without this it would wait for the next ending.
      if (this.#waiting.length > 0) this.#write();
    });
  }

  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      try {
        const answers = await this.#store.settle(batch.map((each) => each.ending));
        for (const [i, each] of batch.entries()) this.#answer(each, answers[i] ?? 'lost');
        wait = FIRST_WAIT_MS;
      } catch (error) {
        // A full disk or a locked file: the work is done, only its record waits. Losing it would run it again.
        this.#log.error('endings could not be written, trying again', {
          error: toErrorRecord(error),
          endings: batch.length,
        });
        this.#waiting.unshift(...batch);
        await sleep(this.#clock, wait);
        wait = Math.min(wait * 2, LONGEST_WAIT_MS);
      }
    }
  }

  #answer({ ending, done }: Waiting, answer: 'settled' | 'lost'): void {
    if (answer === 'lost')
      this.#log.warn('an ending came too late: the run was taken over meanwhile', { run_id: ending.runId });
    done(answer);
  }
}
