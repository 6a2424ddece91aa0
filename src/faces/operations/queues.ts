// Operations on queues: looked at, filled, consumed under leases, cleared.

import { z } from 'zod';
import { operation } from './operation.ts';

const instant = z.string().describe('ISO 8601 with offset');
const count = z.int().nonnegative();
const queue = z.string().min(1).max(128).describe('name of a queue');
const limit = z.int().min(1).max(1_000);
const receipts = z.array(z.string().max(200)).min(1).max(1_000).describe('of deliveries');
const delay = z.number().min(0).max(2_592_000).default(0).describe('seconds before it is delivered');

export const queueShape = z.strictObject({
  name: z.string(),
  waiting: count,
  delayed: count,
  leased: count,
  dead: count,
  size: count,
});

export const messageShape = z.strictObject({
  id: z.int(),
  queue: z.string(),
  body: z.json(),
  run_id: z.string().nullable().describe('the run that it tells of'),
  put_at: instant,
  due_at: instant,
  deliveries: count,
  error: z.string().nullable().describe('why it was given back last'),
});

export const deliveryShape = messageShape.extend({
  receipt: z.string().describe('acknowledges this delivery'),
  leased_until: instant,
});

export const queueOperations = [
  operation({
    name: 'list_queues',
    summary: 'All queues with what they hold.',
    effect: 'read',
    input: z.strictObject({}),
    output: z.array(queueShape),
    handle: ({ installation }) => installation.service.queues.list(),
  }),
  operation({
    name: 'queue_size',
    summary: 'What one queue holds.',
    effect: 'read',
    input: z.strictObject({ queue }),
    output: queueShape,
    handle: ({ installation }, { queue }) => installation.service.queues.size(queue),
  }),
  operation({
    name: 'peek_queue',
    summary: 'The next messages of a queue, without delivering them.',
    effect: 'read',
    input: z.strictObject({ queue, limit: limit.default(10) }),
    output: z.array(messageShape),
    handle: ({ installation }, { queue, limit }) => installation.service.queues.peek(queue, limit),
  }),
  operation({
    name: 'put_message',
    summary: 'Puts a message into a queue.',
    effect: 'run',
    input: z.strictObject({ queue, body: z.json(), delay }),
    output: z.strictObject({ id: z.int() }),
    handle: ({ installation }, { queue, body, delay }) =>
      installation.service.queues.put(queue, body, { delayMs: Math.round(delay * 1000) }),
  }),
  operation({
    name: 'lease_messages',
    summary: 'Delivers messages to whoever asks: nobody else gets them until the lease is over.',
    effect: 'run',
    input: z.strictObject({
      queue,
      limit: limit.default(1),
      seconds: z.number().min(1).max(43_200).default(60).describe('how long the lease lasts'),
    }),
    output: z.array(deliveryShape),
    handle: ({ installation }, { queue, limit, seconds }) =>
      installation.service.queues.lease(queue, { limit, forMs: Math.round(seconds * 1000) }),
  }),
  operation({
    name: 'ack_messages',
    summary: 'Acknowledges deliveries: these messages are never delivered again.',
    effect: 'run',
    input: z.strictObject({ receipts }),
    output: z.strictObject({
      acked: count,
      lost: z.array(z.string()).describe('came too late: delivered to somebody else, or cleared'),
    }),
    handle: ({ installation }, { receipts }) => installation.service.queues.ack(receipts),
  }),
  operation({
    name: 'nack_messages',
    summary: 'Gives deliveries back: delivered again, or dead after the last time.',
    effect: 'run',
    input: z.strictObject({ receipts, delay, error: z.string().max(10_000).nullable().default(null) }),
    output: z.strictObject({ waiting: count, dead: count, lost: z.array(z.string()) }),
    handle: ({ installation }, { receipts, delay, error }) =>
      installation.service.queues.nack(receipts, { delayMs: Math.round(delay * 1000), error }),
  }),
  operation({
    name: 'dead_letters',
    summary: 'Messages that were delivered too often without an acknowledgement, oldest first.',
    effect: 'read',
    input: z.strictObject({ queue, limit: limit.default(100) }),
    output: z.array(messageShape),
    handle: ({ installation }, { queue, limit }) => installation.service.queues.dead(queue, limit),
  }),
  operation({
    name: 'revive_dead',
    summary: 'Makes the dead letters of a queue messages again.',
    effect: 'write',
    input: z.strictObject({ queue }),
    output: z.strictObject({ revived: count }),
    handle: ({ installation, by }, { queue }) => installation.service.queues.revive(queue, by),
  }),
  operation({
    name: 'clear_queue',
    summary: 'Takes away all messages of a queue, or its dead letters only.',
    effect: 'write',
    input: z.strictObject({ queue, which: z.enum(['all', 'dead']).default('all') }),
    output: z.strictObject({ cleared: count }),
    handle: ({ installation, by }, { queue, which }) => installation.service.queues.clear(queue, which, by),
  }),
];
