// Who waits for nothing but time: timers that job code has set, told apart from those of the scheduler.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '#core/clock';

/** A call of job code, and how many timers it waits for at the moment. */
export interface Caller {
  timers: number;
}

export interface SetTimer {
  readonly delayMs: number;
  /** Set by job code, or by what job code called. */
  readonly isOfJob: boolean;
  isSet(): boolean;
}

/** Follows each call of job code through all that it awaits. */
export class Callers {
  readonly #current = new AsyncLocalStorage<Caller>();

  call<T>(caller: Caller, work: () => T): T {
    return this.#current.run(caller, work);
  }

  /** The same clock, counting the timers of each caller; `onTimer` hears of every one that is set. */
  counting(clock: Clock, onTimer: (timer: SetTimer) => void): Clock {
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      timer: (delayMs, wake) => {
        const caller = this.#current.getStore();
        let isSet = true;
        const over = () => {
          if (isSet && caller) caller.timers--;
          isSet = false;
        };
        if (caller) caller.timers++;
        const cancel = clock.timer(delayMs, () => {
          over();
          wake();
        });
        onTimer({ delayMs, isOfJob: caller !== undefined, isSet: () => isSet });
        return () => {
          over();
          cancel();
        };
      },
    };
  }
}
