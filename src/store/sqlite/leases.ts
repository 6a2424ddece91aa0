// The runs that this process has claimed, as they were claimed: what an ending writes needs no look at the row.

import type { Run } from '#core/run';
import type { Claimed } from '../store.ts';

/** More than ever run at a time; what is forgotten is read again. */
const MOST = 1_000;

/** Only a memory: whether a lease still holds is asked of the row by every write. */
export class Leases {
  readonly #runs = new Map<string, Run>();

  /** Also what a transaction has taken back since: no row bears that lease. */
  add(claimed: readonly Claimed[]): void {
    for (const { run } of claimed) {
      if (run.leaseToken !== null) this.#runs.set(run.leaseToken, run);
    }
    for (const token of this.#runs.keys()) {
      if (this.#runs.size <= MOST) return;
      this.#runs.delete(token);
    }
  }

  /** The run as it was claimed; forgotten with this call. */
  take(runId: string, leaseToken: string): Run | null {
    const run = this.#runs.get(leaseToken);
    this.#runs.delete(leaseToken);
    return run?.runId === runId ? run : null;
  }
}
