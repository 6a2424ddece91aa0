// Whole runs against a real Neo4j that goes away, refuses, or is shared: what is said, and that nothing is lost.

import { mkdir } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { appConfig } from '../../support/job-context.ts';
import { id, Neo4jBench, noServer, PREFIX, server, skipped } from './graph-benches.ts';
import { line, type RunOptions, SyncBench } from './sync-bench.ts';

const graph = new Neo4jBench();

describe.skipIf(noServer)(`neo4j${skipped}`, () => {
  let bench: SyncBench;
  beforeAll(() => graph.start());
  afterAll(() => graph.stop());
  beforeEach(async () => {
    bench = await SyncBench.make();
    // A folder of its own: a full pass looks at every node of a server that other files use at the same time.
    await mkdir(path.join(bench.vault, PREFIX));
  });
  afterEach(async () => {
    await graph.clear();
    await bench.remove();
  });

  function against(changes: Partial<typeof server> | { database: string } = {}): RunOptions {
    const config = appConfig(bench.vault);
    const tier = path.join(bench.vault, PREFIX);
    return {
      config: {
        paths: { ...config.paths, tier1: tier, tier2: tier, tier3: tier },
        vault: { ...config.vault, graph: 'neo4j' },
        databases: { neo4j: { ...server, ...changes }, rabbitmq: null },
      },
    };
  }
  const put = (text: string, file = 'a.md') => bench.put(path.join(PREFIX, file), text);
  const many = (count: number, word = 'Text') =>
    Array.from({ length: count }, (_, n) => line(id(n), `${word} ${n}.`)).join('');

  test('a wrong password is one error that names the variable, and is not tried again', async () => {
    const { result, ctx } = await bench.run(against({ password: 'guessed-secret' }));
    expect(result).toMatchObject({
      success: false,
      retryable: false,
      error: { message: expect.stringContaining('refuse'), fix: expect.stringContaining('NEO4J_PASSWORD') },
    });
    expect(ctx.slept).toEqual([]);
    expect(JSON.stringify([result, ctx.lines])).not.toContain('guessed-secret');
  });

  test('a database that is not there is one error that names the variable', async () => {
    const { result, ctx } = await bench.run(against({ database: 'nowhere' } as never));
    expect(result).toMatchObject({
      success: false,
      retryable: false,
      error: { message: expect.stringContaining('nowhere'), fix: expect.stringContaining('NEO4J_DATABASE') },
    });
    expect(ctx.slept).toEqual([]);
  });

  test('a server lost between two batches fails the run, which keeps what was written; the next carries on', async () => {
    const door = await Door.before(server.uri);
    const on = against({ uri: door.uri });
    await put(many(6000));
    door.closeAfter(900_000);
    const lost = (await bench.run(on)).result;
    expect(lost).toMatchObject({ success: false, error: { code: 'DATABASE_ERROR' } });
    expect(lost.blocks_new).toBeGreaterThan(0);
    expect(lost.blocks_new).toBeLessThan(6000);
    await door.open();
    const next = (await bench.run(on)).result;
    expect(next).toMatchObject({ success: true, blocks_processed: 6000, conflicts: 0, errors: 0 });
    expect(next.blocks_new).toBeLessThanOrEqual(6000 - Number(lost.blocks_new));
    expect((await bench.run(on)).result).toMatchObject({ blocks_unchanged: 6000, items_updated: 0 });
    await door.close();
  });

  test('a server that is away fails the run in seconds', { timeout: 20_000 }, async () => {
    const door = await Door.before(server.uri);
    await door.close();
    const started = performance.now();
    expect((await bench.run(against({ uri: door.uri }))).result).toMatchObject({ success: false });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test('two schedulers on one graph do no harm', async () => {
    const other = await SyncBench.make();
    other.vault = bench.vault;
    await put(many(500));
    const both = await Promise.all([bench.run(against()), other.run(against())]);
    for (const { result } of both) expect(result).toMatchObject({ success: true, errors: 0 });
    await put(many(200, 'Edited'), 'b.md');
    await put(many(500, 'Again'));
    const runs = [bench, other, bench, other].map((each) =>
      each.run({ ...against(), input: { allow_mass_update: true } }),
    );
    for (const { result } of await Promise.all(runs))
      expect(result).toMatchObject({ success: true, errors: 0 });
    for (const each of [bench, other])
      expect((await each.run(against())).result).toMatchObject({
        conflicts: 0,
        blocks_new: 0,
        blocks_updated: 0,
      });
    expect(await graph.inspect(id(499))).toMatchObject({ text: 'Again 499.', version: 2 });
    await other.remove();
  });

  test('archives with a time, and takes the mark away', async () => {
    await put(line(id('a'), 'One.') + line(id('b'), 'Two.'));
    await bench.run(against());
    await put(line(id('a'), 'One.'));
    expect((await bench.run(against())).result).toMatchObject({ blocks_archived: 1 });
    expect(await graph.inspect(id('b'))).toMatchObject({
      archived: true,
      archived_at: expect.anything(),
      text: 'Two.',
    });
    await put(line(id('a'), 'One.') + line(id('b'), 'Two.'));
    expect((await bench.run(against())).result).toMatchObject({ blocks_updated: 1 });
    const back = await graph.inspect(id('b'));
    expect(back).toMatchObject({ archived: false, version: 1 });
    expect(back).not.toHaveProperty('archived_at');
  });
});

/** A server that can be taken away and come back, without touching the real one. */
class Door {
  readonly #target: { host: string; port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  #budget = Infinity;
  uri = '';

  private constructor({ hostname, port }: URL) {
    this.#target = { host: hostname, port: Number(port || 7687) };
  }

  static async before(uri: string): Promise<Door> {
    const door = new Door(new URL(uri));
    await door.open();
    door.uri = `bolt://127.0.0.1:${door.#port}`;
    return door;
  }

  async open(): Promise<void> {
    this.#budget = Infinity;
    this.#server = createServer((socket) => this.#pass(socket));
    await new Promise<void>((resolve) => this.#server!.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** After so many bytes to the server: for everybody, until it is opened again. */
  closeAfter(bytes: number): void {
    this.#budget = bytes;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server?.listening) await new Promise((resolve) => this.#server!.close(resolve));
  }

  #pass(socket: Socket): void {
    const onward = connect(this.#target);
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
      if (this.#budget >= 0) onward.write(bytes);
      else void this.close();
    });
    onward.pipe(socket);
  }
}
