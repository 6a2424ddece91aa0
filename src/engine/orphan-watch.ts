// Jobs that went missing from the settings, and the day they have to return: asks for a look when it is over (rule 14).

import type { Clock, EpochMs } from '#core/clock';
import { ORPHAN_KEPT_MS } from './reconcile.ts';

/** A clock that is set, or a machine that sleeps, is noticed within this time. */
const LONGEST_SLEEP_MS = 3_600_000;

export class OrphanWatch {
  readonly #clock: Clock;
  readonly #look: () => void;
  #cancel: () => void = () => {};

  /** `look` settles the definitions again, which removes what has been away too long, and then says `expect`. */
  constructor(clock: Clock, look: () => void) {
    this.#clock = clock;
    this.#look = look;
  }

  /** When the jobs that are away went missing; replaces what was said before. */
  expect(missingSince: readonly EpochMs[]): void {
    this.stop();
    if (missingSince.length === 0) return;
    const left = Math.min(...missingSince) + ORPHAN_KEPT_MS - this.#clock.now();
    this.#cancel = this.#clock.timer(Math.min(LONGEST_SLEEP_MS, Math.max(0, left)), this.#look);
  }

  stop(): void {
    this.#cancel();
    this.#cancel = () => {};
  }
}
