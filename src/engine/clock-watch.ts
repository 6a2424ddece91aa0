// Tells a clock that was set from time that passed: wall and monotonic time compared at every wake (rule 13).

import type { Clock, EpochMs } from '#core/clock';

/** Wall and monotonic time may drift apart by so much between two looks. */
const DRIFT_MS = 2_000;
/** A clock set back further than this is a correction: the time after it counts anew. */
export const CORRECTION_MS = 3 * 3_600_000;
/** Older ones have been decided on. */
const REMEMBERED = 20;

export interface Jump {
  /** What the clock would show without the jump, and what it shows. */
  from: EpochMs;
  to: EpochMs;
}

export class ClockWatch {
  readonly #clock: Clock;
  #wall: EpochMs;
  #elapsed: number;
  #highest: EpochMs;
  #forward: readonly Jump[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wall = clock.now();
    this.#elapsed = clock.monotonic();
    this.#highest = this.#wall;
  }

  /** Jumps forward since the start, the newest last: no time passed between their ends. */
  get forward(): readonly Jump[] {
    return this.#forward;
  }

  /** Whether the next look will find a jump. Time that passed as it should counts as looked at. */
  wasSet(): boolean {
    const wall = this.#clock.now();
    const elapsed = this.#clock.monotonic();
    if (Math.abs(wall - (this.#wall + (elapsed - this.#elapsed))) > DRIFT_MS) return true;
    this.look();
    return false;
  }

  /** The jump since the last look, if there was one. A machine that slept looks like a clock set forward. */
  look(): Jump | null {
    const wall = this.#clock.now();
    const elapsed = this.#clock.monotonic();
    const expected = this.#wall + (elapsed - this.#elapsed);
    this.#wall = wall;
    this.#elapsed = elapsed;
    if (Math.abs(wall - expected) <= DRIFT_MS) return this.#seen(null);
    const jump = { from: Math.round(expected), to: wall };
    if (jump.to > jump.from) this.#forward = [...this.#forward, jump].slice(-REMEMBERED);
    return this.#seen(jump);
  }

  /** The latest time that the clock has shown since the start, or since it was corrected. */
  get highest(): EpochMs {
    return this.#highest;
  }

  /** True when the clock shows a time so far before one it has shown that the time between counts anew. */
  get isSetFarBack(): boolean {
    return this.#highest - this.#wall > CORRECTION_MS;
  }

  /** The time after the present counts anew from here. */
  correct(): void {
    this.#highest = this.#wall;
    this.#forward = [];
  }

  #seen(jump: Jump | null): Jump | null {
    this.#highest = Math.max(this.#highest, this.#wall);
    return jump;
  }
}
