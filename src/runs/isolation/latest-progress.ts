// Progress of a job in its worker: the service hears the latest, not each.

import type { Clock } from '#core/clock';
import type { Progress } from '../context.ts';

/** Nobody reads faster. */
const LEAST_BETWEEN_MS = 100;
const LONGEST_NOTE = 1_024;

export class LatestProgress {
  readonly #clock: Pick<Clock, 'timer'>;
  readonly #send: (progress: Progress) => void;
  #latest: Progress | null = null;
  #rests = false;
  #cancelRest: () => void = () => {};

  constructor(clock: Pick<Clock, 'timer'>, send: (progress: Progress) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  report({ done, total, note }: Progress): void {
    // Whatever a handler passes: only numbers and text cross the border.
    this.#latest = {
      done: Number(done),
      total: total === null ? null : Number(total),
      note: note === null ? null : String(note).slice(0, LONGEST_NOTE),
    };
    if (this.#rests) return;
    this.#flush();
    this.#rests = true;
    this.#cancelRest = this.#clock.timer(LEAST_BETWEEN_MS, () => {
      this.#rests = false;
      if (this.#latest) this.report(this.#latest);
    });
  }

  /** Sends what waits, before the end. */
  end(): void {
    this.#cancelRest();
    this.#flush();
  }

  #flush(): void {
    if (this.#latest) this.#send(this.#latest);
    this.#latest = null;
  }
}
