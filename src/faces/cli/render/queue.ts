// Queues, messages and keys as people read them. Pure.

import type { KeyShape } from '#service/keys';
import type { DeliveryShape, MessageShape, QueueShape } from '#service/queues';
import { fields, table } from '../table.ts';
import { NONE, timeText } from '../text.ts';

export function queuesText(queues: readonly QueueShape[], width: number): string {
  if (queues.length === 0) return 'No queues\n';
  const count = (head: string, of: (queue: QueueShape) => number) => ({
    head,
    cell: (queue: QueueShape) => String(of(queue)),
    align: 'right' as const,
  });
  return table<QueueShape>(
    [
      { head: 'QUEUE', cell: (queue) => queue.name },
      count('WAITING', (queue) => queue.waiting),
      count('DELAYED', (queue) => queue.delayed),
      count('LEASED', (queue) => queue.leased),
      count('DEAD', (queue) => queue.dead),
    ],
    queues,
    width,
  );
}

export function messagesText(messages: readonly MessageShape[], width: number): string {
  return table<MessageShape>(
    [
      { head: 'ID', cell: (message) => String(message.id), align: 'right' },
      { head: 'PUT', cell: (message) => timeText(message.put_at) },
      { head: 'DUE', cell: (message) => timeText(message.due_at), optional: true },
      { head: 'DELIVERED', cell: (message) => `${message.deliveries}x` },
      { head: 'MESSAGE', cell: (message) => JSON.stringify(message.body), flexible: true },
    ],
    messages,
    width,
    (message) => (message.error === null ? [] : [`Error: ${message.error}`]),
  );
}

/** Whole: who takes a message needs all of it, and its receipt. */
export function deliveriesText(deliveries: readonly DeliveryShape[]): string {
  if (deliveries.length === 0) return 'No messages waiting\n';
  return deliveries
    .map((each) =>
      fields([
        ['Message', String(each.id)],
        ['Receipt', each.receipt],
        ['Leased until', timeText(each.leased_until)],
        ['Delivered', `${each.deliveries}x`],
        ['Run', each.run_id ?? NONE],
        ['Body', JSON.stringify(each.body)],
      ]),
    )
    .join('\n');
}

export function keysText(keys: readonly KeyShape[], width: number): string {
  if (keys.length === 0) return 'No keys\n';
  return table<KeyShape>(
    [
      { head: 'KEY', cell: (key) => key.key },
      { head: 'VALUE', cell: (key) => JSON.stringify(key.value), flexible: true },
      { head: 'CHANGED', cell: (key) => timeText(key.updated_at) },
      { head: 'BY', cell: (key) => key.updated_by, optional: true },
    ],
    keys,
    width,
  );
}
