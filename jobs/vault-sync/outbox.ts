// Messages about changed blocks, from the moment the graph holds the change until a broker has confirmed them.

import type { DatabaseSync } from 'node:sqlite';

export interface Unsent {
  readonly key: number;
  readonly message: string;
}

/** Kept in the file of the known state, so that a message is written in the transaction that makes it true. */
export class Outbox {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Inside the caller's transaction. */
  put(messages: readonly string[]): void {
    const insert = this.#database.prepare('INSERT INTO outbox (message) VALUES (?)');
    for (const message of messages) insert.run(message);
  }

  /** The oldest, in the order in which they came. */
  first(count: number): Unsent[] {
    const query = 'SELECT key, message FROM outbox ORDER BY key LIMIT ?';
    return this.#database.prepare(query).all(count) as unknown as Unsent[];
  }

  count(): number {
    return Number(this.#database.prepare('SELECT count(*) AS n FROM outbox').get()?.n);
  }

  /** Every message up to this one was confirmed. */
  forgetThrough(key: number): void {
    this.#database.prepare('DELETE FROM outbox WHERE key <= ?').run(key);
  }
}
