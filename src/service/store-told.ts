// Whether somebody has written to the store since it was last looked at: for those who wait for a row.

import type { Store } from '#store/store';

/** Most commits are over so soon after the first that is heard of them (see engine/other-processes.ts). */
const COMMITTED_MS = 100;
/** A commit is heard of before it can be read, and a long one takes a second look. */
const LOOKS = 2;

export class StoreTold implements Disposable {
  readonly #stop: (() => void) | null;
  #tells: boolean;
  #looksLeft = LOOKS;
  #told = new AbortController();

  constructor(store: Pick<Store, 'onWrite'>) {
    const told = () => {
      this.#looksLeft = LOOKS;
      this.#told.abort();
    };
    const lost = () => {
      this.#tells = false;
      told();
    };
    this.#stop = store.onWrite(told, lost);
    this.#tells = this.#stop !== null;
  }

  /** Aborts at the next write from here on. */
  get signal(): AbortSignal {
    if (this.#told.signal.aborted) this.#told = new AbortController();
    return this.#told.signal;
  }

  /** How long to wait before the next look: soon after a write, else `intervalMs`. */
  nextLookMs(intervalMs: number): number {
    if (!this.#tells || this.#looksLeft === 0) return intervalMs;
    this.#looksLeft--;
    return Math.min(COMMITTED_MS, intervalMs);
  }

  [Symbol.dispose](): void {
    this.#stop?.();
  }
}
