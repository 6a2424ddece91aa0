// Queues and keys of the SQLite store: each promise of ../queues.ts and ../keys.ts is one transaction here.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import type { NewMessage, QueueLimits } from '#core/queue';
import type {
  Delivery,
  KeyPromises,
  QueueCounts,
  QueuePromises,
  StoredKey,
  StoredMessage,
} from '../store.ts';
import type { Database } from './database.ts';
import * as keys from './keys.ts';
import * as queues from './queues.ts';

export class SqliteMessages implements KeyPromises, QueuePromises {
  readonly #db: Database;
  readonly #newReceipt: () => string;

  constructor(db: Database, newReceipt: () => string) {
    this.#db = db;
    this.#newReceipt = newReceipt;
  }

  limitQueues(limits: QueueLimits): void {
    this.#db.queueLimits = limits;
  }

  async queues(at: EpochMs): Promise<QueueCounts[]> {
    return this.#db.read(() => queues.countQueues(this.#db, at));
  }

  async hasQueue(name: string): Promise<boolean> {
    return queues.hasQueue(this.#db, name);
  }

  async put(messages: readonly NewMessage[], at: EpochMs): Promise<(number | null)[]> {
    return this.#db.write(() => messages.map((message) => queues.putMessage(this.#db, message, at)));
  }

  async peek(queue: string, at: EpochMs, limit: number): Promise<StoredMessage[]> {
    return queues.peekMessages(this.#db, queue, at, limit);
  }

  /** A consumer that asks an empty queue again and again writes nothing. */
  async lease(queue: string, at: EpochMs, request: { limit: number; forMs: number }): Promise<Delivery[]> {
    if (!queues.isAnyDue(this.#db, queue, at)) return [];
    return this.#db.write(() => queues.leaseMessages(this.#db, queue, at, request, this.#newReceipt));
  }

  async ack(receipts: readonly string[]): Promise<boolean[]> {
    return this.#db.write(() => receipts.map((receipt) => queues.ackMessage(this.#db, receipt)));
  }

  async nack(
    receipts: readonly string[],
    at: EpochMs,
    because: { delayMs: number; error: string | null },
  ): ReturnType<QueuePromises['nack']> {
    return this.#db.write(() => receipts.map((each) => queues.nackMessage(this.#db, each, at, because)));
  }

  async deadLetters(queue: string, at: EpochMs, limit: number): Promise<StoredMessage[]> {
    return queues.readDead(this.#db, queue, at, limit);
  }

  async reviveDead(queue: string, at: EpochMs, by: string): Promise<number> {
    return this.#db.write(() => queues.reviveDead(this.#db, queue, at, by));
  }

  async clearQueue(queue: string, which: 'all' | 'dead', at: EpochMs, by: string): Promise<number> {
    return this.#db.write(() => queues.clearQueue(this.#db, queue, which, at, by));
  }

  async nextDelivery(queue: string): Promise<EpochMs | null> {
    return queues.nextDelivery(this.#db, queue);
  }

  async key(name: string): Promise<StoredKey | null> {
    return keys.findKey(this.#db, name);
  }

  async keys(query: { prefix: string; after: string; limit: number }): Promise<StoredKey[]> {
    return keys.listKeys(this.#db, query);
  }

  async setKey(name: string, value: Json, at: EpochMs, by: string): Promise<void> {
    this.#db.write(() => keys.setKey(this.#db, name, value, at, by));
  }

  async deleteKey(name: string, at: EpochMs, by: string): Promise<boolean> {
    return this.#db.write(() => keys.deleteKey(this.#db, name, at, by));
  }
}
