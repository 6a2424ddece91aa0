// Messages about changed blocks, as they wait in the known state, to the queue that other services read.

import type { AppConfig, JobContext } from 'aclarai-scheduler';
import type { ChannelModel, ConfirmChannel } from 'amqplib';
import type { Outbox } from './outbox.ts';

/** Name that the services of aclarai share. */
const QUEUE = 'aclarai_dirty_blocks';
/** Messages that are confirmed together; a kill sends at most so many twice. */
const BATCH = 1000;
const TRIES = 3;
const FIRST_PAUSE_MS = 500;
const CONNECT_MS = 5000;
/** A broker that fell silent is given up after two of these. */
const HEARTBEAT_S = 10;

type Rabbit = AppConfig['databases']['rabbitmq'];

/**
 * Sends all that waits, in order, each message until it is confirmed. Answers what kept it from that, for people, or null:
 * nothing waits any more. What could not be sent waits for the next run.
 */
export async function publishDirty(
  outbox: Outbox,
  rabbit: Rabbit,
  { signal, sleep }: Pick<JobContext, 'signal' | 'sleep'>,
): Promise<string | null> {
  if (outbox.count() === 0) return null;
  if (!rabbit)
    return `${waiting(outbox)}: no RabbitMQ is configured; set RABBITMQ_HOST or databases.rabbitmq`;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      await sendAll(outbox, rabbit.url, signal);
      return null;
    } catch (cause) {
      signal.throwIfAborted();
      if (tries === TRIES) return `${waiting(outbox)}: ${explain(cause, rabbit.url)}`;
      await sleep(FIRST_PAUSE_MS * 2 ** (tries - 1));
    }
  }
}

async function sendAll(outbox: Outbox, url: string, signal: AbortSignal): Promise<void> {
  // Only here: most installations send nothing.
  const { connect } = await import('amqplib');
  const connection = await connect(withHeartbeat(url), { timeout: CONNECT_MS, noDelay: true });
  const broken = brokenPromise(connection, signal);
  try {
    const channel = await Promise.race([connection.createConfirmChannel(), broken]);
    // Why a channel ended is told to whoever waits for it; without a listener it would end the process.
    channel.on('error', () => {});
    await Promise.race([channel.assertQueue(QUEUE, { durable: true }), broken]);
    for (let batch = outbox.first(BATCH); batch.length > 0; batch = outbox.first(BATCH)) {
      await Promise.race([confirmed(channel, batch), broken]);
      outbox.forgetThrough(batch.at(-1)!.key);
    }
  } finally {
    // Not waited for: a broker that is gone answers no goodbye.
    connection.close().catch(() => {});
  }
}

async function confirmed(channel: ConfirmChannel, batch: readonly { message: string }[]): Promise<void> {
  const options = { persistent: true, contentType: 'application/json', contentEncoding: 'utf-8' };
  for (const { message } of batch) channel.sendToQueue(QUEUE, Buffer.from(message), options);
  await channel.waitForConfirms();
}

/** Rejects when nothing will be confirmed any more: the connection ended, the broker takes nothing, the run is over. */
function brokenPromise(connection: ChannelModel, signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  connection.on('error', reject);
  connection.on('close', () => reject(new Error('the connection was closed')));
  connection.on('blocked', (reason) => reject(new Error(`the broker takes no messages now: ${reason}`)));
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  promise.catch(() => {});
  return promise;
}

function withHeartbeat(url: string): string {
  const address = new URL(url);
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(HEARTBEAT_S));
  return address.href;
}

function waiting(outbox: Outbox): string {
  return `${outbox.count()} messages about changed blocks wait to be sent`;
}

/** Host and port, without credentials. */
function explain(cause: unknown, url: string): string {
  const { code, message } = cause as Error & { code?: string | number };
  const why = message || String(code ?? cause);
  return `RabbitMQ at ${new URL(url).host}: ${why} (see databases.rabbitmq, RABBITMQ_HOST, RABBITMQ_USER, RABBITMQ_PASSWORD)`;
}
