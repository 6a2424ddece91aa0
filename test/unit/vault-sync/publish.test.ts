// Messages about changed blocks, at a real broker: what they say, and that none is lost while it is away.

import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { appConfig } from '../../support/job-context.ts';
import { line, type RunOptions, SyncBench } from './sync-bench.ts';

const QUEUE = 'aclarai_dirty_blocks';
const { AMQP_TEST_URL = '' } = process.env;
const skipped = AMQP_TEST_URL === '' ? ' (skipped: no server, set AMQP_TEST_URL)' : '';

let bench: SyncBench;
beforeEach(async () => {
  bench = await SyncBench.make();
});
afterEach(() => bench.remove());

function publishing(url: string | null): RunOptions {
  const { vault } = appConfig('');
  const rabbitmq = url === null ? null : { url };
  return { config: { vault: { ...vault, publish: true }, databases: { neo4j: null, rabbitmq } } };
}
const waiting = (): number => bench.known('SELECT key FROM outbox').length;

describe('without a broker', () => {
  test('nothing is kept while vault.publish is off', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    expect((await bench.run()).result).toMatchObject({ blocks_new: 1, warnings: 0 });
    expect(waiting()).toBe(0);
  });

  test.each([
    ['none is configured', null, 'RABBITMQ_HOST'],
    ['nobody listens', 'amqp://user:hidden@127.0.0.1:9', '127.0.0.1:9'],
  ])('%s: the run succeeds, warns, and keeps its messages', async (_, url, named) => {
    await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
    const { result, ctx } = await bench.run(publishing(url));
    expect(result).toMatchObject({ success: true, blocks_new: 2, warnings: 1 });
    expect(ctx.lines.at(-1)).toMatchObject({ level: 'warn', message: expect.stringMatching(/^2 messages/) });
    expect(ctx.lines.at(-1)?.message).toContain(named);
    expect(JSON.stringify(ctx.lines)).not.toContain('hidden');
    expect(waiting()).toBe(2);
  });

  test('a dry run keeps and sends none', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    const options = { ...publishing('amqp://127.0.0.1:9'), dryRun: true };
    expect((await bench.run(options)).result).toMatchObject({ blocks_new: 1, warnings: 0 });
  });
});

describe.skipIf(AMQP_TEST_URL === '')(`at a broker${skipped}`, () => {
  let connection: ChannelModel;
  let channel: Channel;
  beforeAll(async () => {
    connection = await amqp.connect(AMQP_TEST_URL);
    channel = await connection.createChannel();
    await channel.assertQueue(QUEUE, { durable: true });
  });
  beforeEach(() => channel.purgeQueue(QUEUE));
  afterAll(async () => {
    await channel.deleteQueue(QUEUE);
    await connection.close();
  });

  async function received() {
    const messages = [];
    const taken = { noAck: true };
    for (let next = await channel.get(QUEUE, taken); next; next = await channel.get(QUEUE, taken)) {
      messages.push({
        ...JSON.parse(next.content.toString()),
        persistent: next.properties.deliveryMode === 2,
      });
    }
    return messages;
  }

  test('each created, changed and archived block is told once; moved and raised ones are not', async () => {
    const on = publishing(AMQP_TEST_URL);
    await bench.put(
      'conversations/a.md',
      line('blk_1', 'One.') + line('blk_2', 'Two.', 3) + line('blk_3', 'Three.'),
    );
    await bench.run(on);
    const shared = {
      timestamp: expect.any(Number),
      persistent: true,
      file_path: 'conversations/a.md',
      block_type: 'inline',
    };
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await received()).toEqual([
      { ...shared, aclarai_id: 'blk_1', change_type: 'added', version: 1, content_hash: hash },
      { ...shared, aclarai_id: 'blk_2', change_type: 'added', version: 3, content_hash: hash },
      { ...shared, aclarai_id: 'blk_3', change_type: 'added', version: 1, content_hash: hash },
    ]);
    await bench.put('conversations/a.md', line('blk_1', 'One, edited.') + line('blk_2', 'Two.', 4));
    await bench.put('conversations/b.md', line('blk_4', 'Four.'));
    await bench.run(on);
    const [edited, added, deleted, ...more] = await received();
    expect(more).toEqual([]);
    expect(edited).toEqual({
      ...{ ...shared, aclarai_id: 'blk_1', change_type: 'modified', version: 2 },
      ...{ old_version: 1, new_version: 2, old_hash: hash, new_hash: hash },
    });
    expect(added).toMatchObject({ aclarai_id: 'blk_4', change_type: 'added' });
    expect(deleted).toEqual({
      ...shared,
      aclarai_id: 'blk_3',
      change_type: 'deleted',
      version: 1,
      content_hash: hash,
    });
    expect(Math.abs(edited.timestamp - Date.now())).toBeLessThan(60_000);
    await bench.put('conversations/b.md', line('blk_4', 'Four.') + line('blk_3', 'Three.'));
    await bench.run(on);
    expect(await received()).toMatchObject([{ aclarai_id: 'blk_3', change_type: 'added' }]);
    expect(waiting()).toBe(0);
  });

  test('the queue outlives the broker', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.run(publishing(AMQP_TEST_URL));
    const asOther = await connection.createChannel();
    asOther.on('error', () => {});
    await expect(asOther.assertQueue(QUEUE, { durable: false })).rejects.toMatchObject({ code: 406 });
  });

  test('what could not be sent is, in order, when the broker is back', async () => {
    const proxy = await BrokerDoor.before(AMQP_TEST_URL);
    const on = publishing(proxy.url);
    await proxy.stop();
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    expect((await bench.run(on)).result).toMatchObject({ success: true, warnings: 1 });
    await bench.put('conversations/a.md', line('blk_1', 'One, edited.'));
    expect((await bench.run(on)).result).toMatchObject({ success: true, warnings: 1 });
    expect(waiting()).toBe(2);
    await proxy.start();
    expect((await bench.run(on)).result).toMatchObject({ warnings: 0, items_updated: 0 });
    expect((await received()).map(({ change_type }) => change_type)).toEqual(['added', 'modified']);
    expect(waiting()).toBe(0);
    await proxy.stop();
  });

  test('a connection that breaks while messages are sent is made again, and none is lost', async () => {
    const proxy = await BrokerDoor.before(AMQP_TEST_URL);
    proxy.breakAfter(40_000);
    const blocks = Array.from({ length: 300 }, (_, n) => line(`blk_${n}`, `Text ${n}.`)).join('');
    await bench.put('conversations/a.md', blocks);
    expect((await bench.run(publishing(proxy.url))).result).toMatchObject({ success: true, warnings: 0 });
    expect(proxy.broken).toBe(1);
    // Unconfirmed ones may come twice, which their readers know by id and version.
    const told = new Set((await received()).map(({ aclarai_id }) => aclarai_id));
    expect(told.size).toBe(300);
    await proxy.stop();
  });
});

/** A broker that can be taken away and come back, without touching the real one. */
class BrokerDoor {
  readonly #target: { host: string; port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  #budget = Infinity;
  broken = 0;
  url = '';

  private constructor(target: URL) {
    this.#target = { host: target.hostname, port: Number(target.port || 5672) };
  }

  static async before(url: string): Promise<BrokerDoor> {
    const target = new URL(url);
    const proxy = new BrokerDoor(target);
    await proxy.start();
    target.host = `127.0.0.1:${proxy.#port}`;
    proxy.url = target.href;
    return proxy;
  }

  async start(): Promise<void> {
    this.#server = createServer((socket) => this.#pass(socket));
    await new Promise<void>((resolve) => this.#server!.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Once, after so many bytes to the broker. */
  breakAfter(bytes: number): void {
    this.#budget = bytes;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server!.close(resolve));
  }

  #pass(socket: Socket): void {
    const onward = dial(this.#target);
    for (const end of [socket, onward]) {
      this.#sockets.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        socket.destroy();
        onward.destroy();
      });
    }
    socket.on('data', (bytes) => {
      this.#budget -= bytes.length;
      if (this.#budget >= 0) return void onward.write(bytes);
      this.#budget = Infinity;
      this.broken++;
      socket.destroy();
    });
    onward.pipe(socket);
  }
}
