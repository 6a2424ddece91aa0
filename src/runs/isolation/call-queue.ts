// The side of `ctx.call` in the worker: requests out, answers in, never more on the way than the service takes at once.

import type { Json, JsonObject } from '#core/handler';

export interface CallRequest {
  id: number;
  operation: string;
  input: JsonObject;
}

const MOST_AT_ONCE = 16;

export class CallQueue {
  readonly #send: (request: CallRequest) => void;
  readonly #waiting: CallRequest[] = [];
  readonly #asked = new Map<number, { resolve(value: Json): void; reject(error: Error): void }>();
  #ids = 0;
  #atOnce = 0;

  constructor(send: (request: CallRequest) => void) {
    this.#send = send;
  }

  /** Throws what JSON cannot hold of the input. */
  async ask(operation: string, input: JsonObject): Promise<Json> {
    const id = ++this.#ids;
    const plain = JSON.parse(JSON.stringify(input)) as JsonObject;
    const answer = new Promise<Json>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    this.#waiting.push({ id, operation: String(operation), input: plain });
    this.#next();
    return await answer;
  }

  /** Nothing is asked that has no answer yet. */
  get isIdle(): boolean {
    return this.#asked.size === 0;
  }

  answered(id: number, value: Json): void {
    this.#settle(id)?.resolve(value);
  }

  refused(id: number, error: Error): void {
    this.#settle(id)?.reject(error);
  }

  #settle(id: number) {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    this.#atOnce--;
    this.#next();
    return asked;
  }

  #next(): void {
    while (this.#atOnce < MOST_AT_ONCE && this.#waiting.length > 0) {
      this.#atOnce++;
      this.#send(this.#waiting.shift()!);
    }
  }
}
