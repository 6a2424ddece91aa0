// Queues as every face asks for them: looked at, filled, consumed. What is acknowledged is never delivered again.

import { type Clock, type EpochMs, sleep } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { Json } from '#core/handler';
import type { Delivery, QueueCounts, Store, StoredMessage } from '#store/store';
import { iso } from './shapes.ts';
import { StoreTold } from './store-told.ts';

export interface QueuesParts {
  store: Store;
  clock: Clock;
  timezone(): string;
  queueLimits(): { maxRetries: number; maxSize: number };
  /** How often rows of other processes are looked for where the store does not tell of them. */
  checkIntervalMs(): number;
}

/** `size` = all that the queue holds: it refuses more than `scheduler.queues.max_size`. */
export interface QueueShape extends QueueCounts {
  size: number;
}

export interface MessageShape {
  id: number;
  queue: string;
  body: Json;
  /** The run that it tells of. */
  run_id: string | null;
  put_at: string;
  due_at: string;
  deliveries: number;
  error: string | null;
}

export interface DeliveryShape extends MessageShape {
  receipt: string;
  leased_until: string;
}

/** What a consumer of this process gets. Neither method throws because a lease is over: false, `lost` say so. */
export interface ReceivedMessage extends DeliveryShape {
  /** Done with it: it is never delivered again. False = it was too late, another consumer has it. */
  ack(): Promise<boolean>;
  /** Not done: it is delivered again, or dead if that was its last time. */
  nack(because?: { delayMs?: number; error?: string }): Promise<'waiting' | 'dead' | 'lost'>;
}

export const LONGEST_LEASE_MS = 12 * 3_600_000;
const LARGEST_BODY = 1_048_576;
const NAME = /^[A-Za-z0-9][\w.:-]{0,127}$/;

export class Queues {
  readonly #parts: QueuesParts;

  constructor(parts: QueuesParts) {
    this.#parts = parts;
  }

  /** By name: those that hold or held messages, and those that a job names. */
  async list(): Promise<QueueShape[]> {
    const counts = await this.#parts.store.queues(this.#now());
    return counts.map((each) => ({ ...each, size: each.waiting + each.delayed + each.leased + each.dead }));
  }

  /** Throws QUEUE_NOT_FOUND with the nearest. */
  async size(name: string): Promise<QueueShape> {
    const all = await this.list();
    const found = all.find((queue) => queue.name === name);
    if (found) return found;
    throw unknownQueue(
      name,
      all.map((queue) => queue.name),
    );
  }

  /** Throws QUOTA_EXCEEDED for a queue that is full, TOO_LARGE for more than 1 MiB, INVALID_PARAMETERS for a name. */
  async put(queue: string, body: Json, { delayMs = 0 }: { delayMs?: number } = {}): Promise<{ id: number }> {
    if (!NAME.test(queue))
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `${JSON.stringify(queue)} is no name of a queue`,
        'begin with a letter or digit, then letters, digits, _ . : -; at most 128',
      );
    const bytes = Buffer.byteLength(JSON.stringify(body));
    if (bytes > LARGEST_BODY)
      throw new SchedulerError(
        'TOO_LARGE',
        `the message has ${bytes} bytes, at most ${LARGEST_BODY}`,
        'put the data into a file or a key, and its name into the message',
      );
    const at = this.#now();
    const [id] = await this.#parts.store.put([{ queue, body, runId: null, dueAt: at + delayMs }], at);
    if (typeof id === 'number') return { id };
    const { maxSize } = this.#parts.queueLimits();
    throw new SchedulerError(
      'QUOTA_EXCEEDED',
      `queue ${queue} is full: it holds ${maxSize} messages (dead letters count), at most ${maxSize}`,
      'consume it, clear its dead letters, or raise scheduler.queues.max_size',
    );
  }

  /** What would be delivered next, without delivering it. */
  async peek(name: string, limit: number): Promise<MessageShape[]> {
    await this.#expect(name);
    return (await this.#parts.store.peek(name, this.#now(), limit)).map((each) => this.#shape(each));
  }

  async lease(name: string, request: { limit: number; forMs: number }): Promise<DeliveryShape[]> {
    await this.#expect(name);
    const deliveries = await this.#parts.store.lease(name, this.#now(), request);
    return deliveries.map((each) => this.#deliveryShape(each));
  }

  async ack(receipts: readonly string[]): Promise<{ acked: number; lost: string[] }> {
    const answers = await this.#parts.store.ack(receipts);
    const lost = receipts.filter((_, n) => !answers[n]);
    return { acked: receipts.length - lost.length, lost };
  }

  async nack(
    receipts: readonly string[],
    { delayMs = 0, error = null }: { delayMs?: number; error?: string | null } = {},
  ): Promise<{ waiting: number; dead: number; lost: string[] }> {
    const answers = await this.#parts.store.nack(receipts, this.#now(), { delayMs, error });
    const count = (wanted: string) => answers.filter((answer) => answer === wanted).length;
    const lost = receipts.filter((_, n) => answers[n] === 'lost');
    return { waiting: count('waiting'), dead: count('dead'), lost };
  }

  async dead(name: string, limit: number): Promise<MessageShape[]> {
    await this.#expect(name);
    return (await this.#parts.store.deadLetters(name, this.#now(), limit)).map((each) => this.#shape(each));
  }

  /** Dead letters are delivered again, as new messages. */
  async revive(name: string, by: string): Promise<{ revived: number }> {
    await this.#expect(name);
    return { revived: await this.#parts.store.reviveDead(name, this.#now(), by) };
  }

  async clear(name: string, which: 'all' | 'dead', by: string): Promise<{ cleared: number }> {
    await this.#expect(name);
    return { cleared: await this.#parts.store.clearQueue(name, which, this.#now(), by) };
  }

  /**
   * The messages of a queue as they come, each leased for `leaseMs` (a minute) to whoever iterates; ends when `signal`
   * aborts. What is neither acknowledged nor given back comes again once its lease is over. The queue need not be there yet.
   */
  async *consume(
    name: string,
    { signal, leaseMs = 60_000 }: { signal: AbortSignal; leaseMs?: number },
  ): AsyncGenerator<ReceivedMessage, void> {
    using told = new StoreTold(this.#parts.store);
    while (!signal.aborted) {
      const [delivery] = await this.#parts.store.lease(name, this.#now(), { limit: 1, forMs: leaseMs });
      if (delivery) yield this.#received(delivery);
      else await this.#untilDue(name, told, signal);
    }
  }

  async #untilDue(name: string, told: StoreTold, signal: AbortSignal): Promise<void> {
    const { store, clock, checkIntervalMs } = this.#parts;
    const due = await store.nextDelivery(name);
    const untilDue = due === null ? Number.POSITIVE_INFINITY : due - this.#now();
    const wait = Math.min(untilDue, told.nextLookMs(checkIntervalMs()));
    await sleep(clock, Math.max(0, wait), AbortSignal.any([signal, told.signal]));
  }

  #received(delivery: Delivery): ReceivedMessage {
    const { receipt } = delivery;
    const { store } = this.#parts;
    return {
      ...this.#deliveryShape(delivery),
      ack: async () => (await store.ack([receipt]))[0] === true,
      nack: async ({ delayMs = 0, error = null as string | null } = {}) =>
        (await store.nack([receipt], this.#now(), { delayMs, error }))[0] ?? 'lost',
    };
  }

  async #expect(name: string): Promise<void> {
    if (!(await this.#parts.store.hasQueue(name))) await this.size(name);
  }

  #now(): EpochMs {
    return this.#parts.clock.now();
  }

  #shape({ id, queue, body, runId, putAt, dueAt, deliveries, error }: StoredMessage): MessageShape {
    const zone = this.#parts.timezone();
    const times = { put_at: iso(putAt, zone), due_at: iso(dueAt, zone) };
    return { id, queue, body, run_id: runId, ...times, deliveries, error };
  }

  #deliveryShape(delivery: Delivery): DeliveryShape {
    const leased_until = iso(delivery.dueAt, this.#parts.timezone());
    return { ...this.#shape(delivery), receipt: delivery.receipt, leased_until };
  }
}

function unknownQueue(name: string, names: readonly string[]): SchedulerError {
  const near = closest(name, names);
  return new SchedulerError(
    'QUEUE_NOT_FOUND',
    `there is no queue ${name}`,
    near ? `did you mean ${near}?` : `queues: ${names.join(', ') || 'none'}`,
  );
}
