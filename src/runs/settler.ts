// Writes endings: at once, in batches of what already waits, and again until the store takes them (rule 11).

import { type Clock, sleep } from '#core/clock';
import { faultFields, SchedulerError, toErrorRecord } from '#core/errors';
import type { Log } from '#core/log';
import type { Claimed, ClaimRequest, Ending, Store } from '#store/store';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** What endings make room for may be claimed in their transaction. */
export interface Refill {
  /** Null = nothing may be claimed at this moment. `ending` = runs whose places this transaction frees. */
  claimRequest(ending: number): ClaimRequest | null;
  onClaimed(claimed: readonly Claimed[]): void;
}

type Waiting = { ending: Ending; done: (answer: 'settled' | 'lost') => void };

export class Settler {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #refill: Refill | null;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  /** Settles when the store has refused and is left alone for a while. */
  #refused = Promise.withResolvers<void>();

  constructor(store: Store, clock: Clock, log: Log, refill: Refill | null = null) {
    this.#refill = refill;
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

  /** As `idle`, but an ending that the store refused and that waits for the next try is not waited for. */
  async resting(): Promise<void> {
    await Promise.race([this.idle(), this.#refused.promise]);
  }

  async #writeAll(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    while (this.#waiting.length > 0) {
      // What else ends in this turn of the loop comes along.
      await turn();
      const batch = this.#waiting.splice(0);
      const left = await this.#writeBatch(batch);
      if (left.length === 0) {
        wait = FIRST_WAIT_MS;
        continue;
      }
      this.#waiting.unshift(...left);
      this.#refused.resolve();
      await sleep(this.#clock, wait);
      this.#refused = Promise.withResolvers();
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  /** Answers what could not be written. One ending that the store cannot take must not hold back the others. */
  async #writeBatch(batch: readonly Waiting[]): Promise<Waiting[]> {
    try {
      const claim = this.#refill?.claimRequest(batch.length) ?? undefined;
      const endings = batch.map((each) => each.ending);
      const { answers, claimed } = await this.#store.settle(endings, claim);
      for (const [i, each] of batch.entries()) this.#answer(each, answers[i] ?? 'lost');
      if (claimed.length > 0) this.#refill?.onClaimed(claimed);
      return [];
    } catch (error) {
      if (isFaultOfLedger(error)) return this.#tryAgain(batch, error);
      if (batch.length === 1) return (await this.#writeBare(batch[0]!, error)) ? [] : [...batch];
      const left: Waiting[] = [];
      for (const each of batch) left.push(...(await this.#writeBatch([each])));
      return left;
    }
  }

  #tryAgain(batch: readonly Waiting[], refused: unknown): Waiting[] {
    for (const { ending } of batch)
      this.#log.error('an ending could not be written, trying again', {
        run_id: ending.runId,
        ...faultFields(refused, 'runs'),
      });
    return [...batch];
  }

  /**
   * The same ending as a plain failure: what a handler answered may be something the store cannot take. Where even that
   * is refused it is the store: the work is done, only its record waits.
   */
  async #writeBare(waiting: Waiting, refused: unknown): Promise<boolean> {
    const { ending } = waiting;
    const error = toErrorRecord(refused, 'DATABASE_ERROR');
    const attempt = { ...ending.attempt, outcome: 'failed' as const, error };
    const verdict = { kind: 'done' as const, state: 'failed' as const, reason: null };
    const { handlerState: _dropped, ...rest } = ending;
    try {
      const durationMs = Math.round(ending.durationMs);
      const { answers } = await this.#store.settle([
        { ...rest, attempt, verdict, statistics: null, durationMs },
      ]);
      this.#log.error('the ledger cannot take what the run answered: it ends as failed', {
        run_id: ending.runId,
        ...faultFields(refused, 'runs'),
      });
      this.#answer(waiting, answers[0] ?? 'lost');
      return true;
    } catch {
      this.#tryAgain([waiting], refused);
      return false;
    }
  }

  #answer({ ending, done }: Waiting, answer: 'settled' | 'lost'): void {
    if (answer === 'lost')
      this.#log.warn('an ending came too late: the run was taken over meanwhile', { run_id: ending.runId });
    done(answer);
  }
}

/** After everything that this turn of the event loop brings, before the next one. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * A full disk, a file held by another process: it has a fix, and says nothing of the ending. Written without what makes
 * it large, a success would stand there as a failure.
 */
function isFaultOfLedger(error: unknown): boolean {
  return error instanceof SchedulerError && error.code === 'DATABASE_ERROR' && error.fix !== null;
}
