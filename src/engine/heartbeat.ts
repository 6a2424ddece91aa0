// Proof of life every 10 s: the boot's last tick in the ledger, and a file that a health check can look at (rule 10).

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Log } from '#core/log';
import type { Store } from '#store/store';

const TICK_MS = 10_000;

export interface HeartbeatOptions {
  store: Store;
  clock: Clock;
  log: Log;
  bootId: string;
  /** Its file `tick` is written: by its age a health check can tell that the loop lives. */
  stateDir: string;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancel: () => void = () => {};
  #stopped = false;
  #beating: Promise<void> | null = null;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#begin();
  }

  /** Resolves when no beat is being written. */
  async idle(): Promise<void> {
    await this.#beating;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #beat(): Promise<void> {
    const { store, clock, log, bootId, stateDir } = this.#options;
    try {
      await store.tick(bootId, clock.now());
      // At once, as the ledger beside it: waiting for it would wake an idle process three times.
      writeFileSync(path.join(stateDir, 'tick'), `${new Date(clock.now()).toISOString()}\n`);
    } catch (error) {
      log.at('heartbeat.tick').error('the heartbeat could not be written', faultFields(error, 'engine'));
    }
    if (!this.#stopped) this.#cancel = clock.timer(TICK_MS, () => void this.#begin());
  }

  #begin(): Promise<void> {
    this.#beating = this.#beat();
    return this.#beating;
  }
}
