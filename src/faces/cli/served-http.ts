// The HTTP face in the life of `start`: opened once the first slots are decided, closed while the runs drain.

import { faultFields } from '#core/errors';
import type { HttpFace, HttpParts } from '../http/server.ts';

export class ServedHttp {
  readonly #parts: HttpParts;
  readonly #signal: AbortSignal;
  #face: Promise<HttpFace | null> = Promise.resolve(null);
  #closing: Promise<void> = Promise.resolve();

  constructor(parts: HttpParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** A service that cannot listen says so, and its jobs run on. */
  open(): void {
    if (this.#signal.aborted) return;
    this.#face = this.#listen();
    this.#signal.addEventListener('abort', () => {
      this.#closing = this.#face.then((face) => face?.close());
    });
  }

  /** Resolves when what was asked has been answered. */
  async closed(): Promise<void> {
    await this.#closing;
  }

  async #listen(): Promise<HttpFace | null> {
    try {
      // Late: the first run does not wait for a web server to be loaded.
      const { openHttp } = await import('../http/server.ts');
      return await openHttp(this.#parts);
    } catch (error) {
      const log = this.#parts.log.at('http.listen');
      log.error(
        'nothing can be asked over HTTP until the next start',
        faultFields(error, 'http', 'CONFLICT'),
      );
      return null;
    }
  }
}
