// queue list, size, peek, put, lease, ack, nack, dead, revive, clear: what runs told their queues, and who takes it from there.

import type { Command } from 'commander';
import type { DeliveryShape, MessageShape, QueueShape } from '#service/queues';
import { duration, jsonOrText, wholeNumber } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { EXIT } from '../exit.ts';
import { deliveriesText, messagesText, queuesText } from '../render/queue.ts';

const LIMIT = ['--limit <n>', 'at most so many', wholeNumber('limit', 1, 1_000)] as const;

export function addQueueCommands(program: Command, perform: Perform): void {
  const queue = program.command('queue').description('queues of results and errors: look, take, clear');
  examples(queue, [
    ['aclarai-scheduler queue list', 'all queues, and what they hold'],
    ['aclarai-scheduler queue peek processed_reports', 'what comes next'],
    ['aclarai-scheduler queue lease processed_reports --for 5m', 'take one, and have it for five minutes'],
    ['aclarai-scheduler queue ack 17.0d0f…', 'done with it: it never comes again'],
  ]);
  addLooks(queue, perform);
  addTaking(queue, perform);
  addChanges(queue, perform);
}

function addLooks(queue: Command, perform: Perform): void {
  const list = queue
    .command('list')
    .description('all queues, and what they hold')
    .action(() =>
      perform(async (session) => {
        const queues = await session.ask<QueueShape[]>('list_queues');
        return { data: queues, text: queuesText(queues, session.width) };
      }),
    );
  examples(list, [['aclarai-scheduler queue list --json', 'for programs']]);
  const size = queue
    .command('size <queue>')
    .description('what one queue holds')
    .action((name: string) =>
      perform(async (session) => {
        const counts = await session.ask<QueueShape>('queue_size', { queue: name });
        return { data: counts, text: queuesText([counts], session.width) };
      }),
    );
  examples(size, [['aclarai-scheduler queue size processed_reports', 'waiting, delayed, leased, dead']]);
  const looks = [
    ['peek', 'peek_queue', 'the next messages, without delivering them', 'No messages waiting\n'],
    ['dead', 'dead_letters', 'messages that were delivered too often, oldest first', 'No dead letters\n'],
  ] as const;
  for (const [command, operation, what, none] of looks) {
    const look = queue
      .command(`${command} <queue>`)
      .description(what)
      .option(...LIMIT)
      .action((name: string, { limit = 10 }: { limit?: number }) =>
        perform(async (session) => {
          const messages = await session.ask<MessageShape[]>(operation, { queue: name, limit });
          return {
            data: messages,
            text: messages.length === 0 ? none : messagesText(messages, session.width),
          };
        }),
      );
    examples(look, [[`aclarai-scheduler queue ${command} processed_reports --limit 3`, 'three of them']]);
  }
}

function addTaking(queue: Command, perform: Perform): void {
  const lease = queue
    .command('lease <queue>')
    .description(
      'take messages: nobody else gets them meanwhile; they come again unless they are acknowledged',
    )
    .option(...LIMIT)
    .option('--for <time>', 'how long they are yours; else 60s', duration('for'))
    .action((name: string, { limit = 1, for: ms = 60_000 }: { limit?: number; for?: number }) =>
      perform(async (session) => {
        const given = { queue: name, limit, seconds: ms / 1000 };
        const deliveries = await session.ask<DeliveryShape[]>('lease_messages', given);
        return { data: deliveries, text: deliveriesText(deliveries) };
      }),
    );
  examples(lease, [
    ['aclarai-scheduler queue lease processed_reports', 'one, for a minute'],
    ['aclarai-scheduler queue lease processed_reports --limit 10 --for 5m --json', 'ten, for a program'],
  ]);
  const ack = queue
    .command('ack <receipts...>')
    .description('done with these deliveries: they never come again')
    .action((receipts: string[]) =>
      perform(async (session) => {
        const done = await session.ask<{ acked: number; lost: string[] }>('ack_messages', { receipts });
        const text = `${done.acked} acknowledged${lostText(done.lost)}\n`;
        return { data: done, text, exit: done.lost.length > 0 ? EXIT.failed : EXIT.ok };
      }),
    );
  examples(ack, [
    ['aclarai-scheduler queue ack 17.0d0fb6f2-9c07-4b4e-9d31-2f3c3a9a4a55', 'the receipt of a lease'],
  ]);
  const nack = queue
    .command('nack <receipts...>')
    .description('give these deliveries back: they come again, or are dead after the last time')
    .option('--delay <time>', 'not before', duration('delay'))
    .option('--error <text>', 'why, for those who look later')
    .action((receipts: string[], { delay = 0, error }: { delay?: number; error?: string }) =>
      perform(async (session) => {
        const given = { receipts, delay: delay / 1000, ...(error !== undefined && { error }) };
        const done = await session.ask<{ waiting: number; dead: number; lost: string[] }>(
          'nack_messages',
          given,
        );
        const text = `${done.waiting} wait again, ${done.dead} dead${lostText(done.lost)}\n`;
        return { data: done, text, exit: done.lost.length > 0 ? EXIT.failed : EXIT.ok };
      }),
    );
  examples(nack, [
    [
      'aclarai-scheduler queue nack 17.0d0fb6f2-9c07-4b4e-9d31-2f3c3a9a4a55 --delay 1m --error "no disk"',
      'later',
    ],
  ]);
}

function addChanges(queue: Command, perform: Perform): void {
  const put = queue
    .command('put <queue> <message>')
    .description('put a message; what is JSON is read as JSON, else it is a text')
    .option('--delay <time>', 'deliver it not before', duration('delay'))
    .action((name: string, message: string, { delay = 0 }: { delay?: number }) =>
      perform(async (session) => {
        const given = { queue: name, body: jsonOrText(message), delay: delay / 1000 };
        const done = await session.ask<{ id: number }>('put_message', given);
        return { data: done, text: `message ${done.id} is in ${name}\n` };
      }),
    );
  examples(put, [
    [`aclarai-scheduler queue put work '{"page": 3}' --delay 1m`, 'delivered in a minute at the earliest'],
  ]);
  const revive = queue
    .command('revive <queue>')
    .description('dead letters become messages again')
    .action((name: string) =>
      perform(async (session) => {
        const done = await session.ask<{ revived: number }>('revive_dead', { queue: name });
        return { data: done, text: `${done.revived} revived\n` };
      }),
    );
  examples(revive, [['aclarai-scheduler queue revive processed_reports', 'all its dead letters']]);
  const clear = queue
    .command('clear <queue>')
    .description('take all messages away, also what somebody is at work on')
    .option('--dead', 'only the dead letters')
    .action((name: string, { dead = false }: { dead?: boolean }) =>
      perform(async (session) => {
        const given = { queue: name, which: dead ? 'dead' : 'all' };
        const done = await session.ask<{ cleared: number }>('clear_queue', given);
        return { data: done, text: `${done.cleared} cleared\n` };
      }),
    );
  examples(clear, [['aclarai-scheduler queue clear processed_reports --dead', 'its dead letters']]);
}

function lostText(lost: readonly string[]): string {
  return lost.length === 0 ? '' : `, ${lost.length} too late: ${lost.join(', ')}`;
}
