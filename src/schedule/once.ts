// Schedules of one slot (rule 17) and of none (a job that is only run by hand). Pure.

import type { EpochMs } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Schedule, ScheduleSpec } from '#core/schedule';

/** One slot, at the millisecond given. Whether a slot in the past still runs is the engine's to decide. */
export class OnceSchedule implements Schedule {
  readonly kind = 'at';
  readonly #at: EpochMs;

  /** Throws INVALID_SCHEDULE when `at` is not an instant. */
  constructor(spec: Extract<ScheduleSpec, { kind: 'at' }>) {
    if (!Number.isInteger(spec.at) || Math.abs(spec.at) > 8_640_000_000_000_000)
      throw new SchedulerError(
        'INVALID_SCHEDULE',
        `the time of a one-time schedule is not an instant: ${spec.at}`,
        'give whole milliseconds since 1970',
      );
    this.#at = spec.at;
  }

  next(after: EpochMs): EpochMs | null {
    return this.#at > after ? this.#at : null;
  }

  prev(atOrBefore: EpochMs): EpochMs | null {
    return this.#at <= atOrBefore ? this.#at : null;
  }

  count(after: EpochMs, upTo: EpochMs): number {
    return this.#at > after && this.#at <= upTo ? 1 : 0;
  }
}

/** No slot, ever. */
export const manualSchedule: Schedule = {
  kind: 'manual',
  next: () => null,
  prev: () => null,
  count: () => 0,
};
