// Rows that other processes wrote: looked for every `check_interval`, or, where the store tells of writes, after one.

import type { Clock } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Log } from '#core/log';
import type { Store } from '#store/store';

/** Most commits are over so soon after the first that is heard of them. */
const COMMITTED_MS = 100;
/** The second look is for a commit that took longer than that: it is heard of before it can be read. */
const LOOKS = 2;

export interface OtherProcessesOptions {
  store: Pick<Store, 'changedElsewhere' | 'onWrite'>;
  clock: Clock;
  log: Log;
  /** Between two looks, and the longest that a row waits to be seen. */
  checkIntervalMs(): number;
  onChange(): Promise<void>;
}

export class OtherProcesses {
  readonly #options: OtherProcessesOptions;
  #isOn = false;
  #stopWatching: (() => void) | null = null;
  #cancelTimer: (() => void) | null = null;
  #looksLeft = 0;
  /** On the clock that never jumps. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OtherProcessesOptions) {
    this.#options = options;
  }

  start(): void {
    this.#isOn = true;
    const told = () => {
      this.#looksLeft = LOOKS;
      this.#arm(COMMITTED_MS);
    };
    this.#stopWatching = this.#options.store.onWrite(told, () => {
      this.#stopWatching = null;
      this.#arm(0);
    });
    // What came before the store began to tell; where it does not, the starter has just read everything.
    if (this.#stopWatching) told();
    else this.#arm(this.#options.checkIntervalMs());
  }

  stop(): void {
    this.#isOn = false;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#stopWatching?.();
    this.#stopWatching = null;
  }

  /** The next look, unless one is due already: in `ms` at the earliest, never twice within the interval. */
  #arm(ms: number): void {
    if (!this.#isOn || this.#cancelTimer) return;
    const { clock, checkIntervalMs } = this.#options;
    const rest = this.#lookedAt + checkIntervalMs() - clock.monotonic();
    this.#cancelTimer = clock.timer(Math.max(ms, rest), () => void this.#look());
  }

  async #look(): Promise<void> {
    const { store, clock, log, onChange } = this.#options;
    this.#cancelTimer = null;
    this.#lookedAt = clock.monotonic();
    this.#looksLeft--;
    try {
      if (await store.changedElsewhere()) await onChange();
    } catch (error) {
      const fields = faultFields(error, 'engine');
      log.at('scheduler.check').error('could not look for rows of other processes', fields);
      this.#looksLeft = LOOKS;
    }
    if (!this.#stopWatching || this.#looksLeft > 0) this.#arm(0);
  }
}
