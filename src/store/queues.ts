// What a store promises of queues: a message is delivered until it is acknowledged, and never once it is.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import type { NewMessage, QueueLimits } from '#core/queue';

export interface QueuePromises {
  /** From here on these hold; without it, the defaults. Of this process: it is no write. */
  limitQueues(limits: QueueLimits): void;
  /** By name: those that hold or held messages, and those that some job names. */
  queues(at: EpochMs): Promise<QueueCounts[]>;
  /** Whether it is one of `queues`. */
  hasQueue(name: string): Promise<boolean>;
  /** Answers each message's id, or null where its queue is full and it was not put. All or nothing of one call is on the disk. */
  put(messages: readonly NewMessage[], at: EpochMs): Promise<(number | null)[]>;
  /** What is not being delivered, in the order in which it will be; changes nothing. */
  peek(queue: string, at: EpochMs, limit: number): Promise<StoredMessage[]>;
  /**
   * Delivers what is due, the longest due first: nobody else gets it for `forMs`. What was delivered once and
   * `maxRetries` times more becomes a dead letter instead.
   */
  lease(queue: string, at: EpochMs, request: { limit: number; forMs: number }): Promise<Delivery[]>;
  /**
   * Takes messages away for good, by the receipts of their last deliveries. False = it was delivered to somebody else
   * since, or is gone: whoever asks has to take it as not acknowledged.
   */
  ack(receipts: readonly string[]): Promise<boolean[]>;
  /** Gives deliveries back: each is due again after `delayMs`, or dead if that was its last. `lost` as `ack`'s false. */
  nack(
    receipts: readonly string[],
    at: EpochMs,
    because: { delayMs: number; error: string | null },
  ): Promise<('waiting' | 'dead' | 'lost')[]>;
  /** Oldest first. */
  deadLetters(queue: string, at: EpochMs, limit: number): Promise<StoredMessage[]>;
  /** Dead letters become messages as new; answers how many. Audited. */
  reviveDead(queue: string, at: EpochMs, by: string): Promise<number>;
  /** Takes away all, also what is being delivered, or only the dead letters; answers how many. Audited. */
  clearQueue(queue: string, which: 'all' | 'dead', at: EpochMs, by: string): Promise<number>;
  /** When the next message is due, also one that is; null = the queue holds none that will be. */
  nextDelivery(queue: string): Promise<EpochMs | null>;
}

export interface QueueCounts {
  name: string;
  /** Due now. */
  waiting: number;
  /** Due later. */
  delayed: number;
  leased: number;
  dead: number;
}

export interface StoredMessage {
  id: number;
  queue: string;
  body: Json;
  runId: string | null;
  putAt: EpochMs;
  dueAt: EpochMs;
  /** So far. */
  deliveries: number;
  /** What the last one who gave it back said, or that nobody answered for it. */
  error: string | null;
}

/** `dueAt` is the end of its lease. */
export interface Delivery extends StoredMessage {
  receipt: string;
}
