// One suite for every graph: what the sync may rely on, whichever database keeps the blocks.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import neo4j, { type Driver } from 'neo4j-driver';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BlockData, type Graph, GraphFault, type GraphWrite } from '../../jobs/vault-sync/graph.ts';
import { openEmbeddedGraph } from '../../jobs/vault-sync/graph-embedded.ts';
import { openNeo4jGraph } from '../../jobs/vault-sync/graph-neo4j.ts';

/** A graph under test, and a way to look at it that is not its own. */
interface Bench {
  open(): Graph;
  /** Properties of a node as plain values, or null. */
  inspect(id: string): Promise<Record<string, unknown> | null>;
  /** A node as another service makes it. */
  put(id: string, properties: { hash?: string; version?: number }): Promise<void>;
  forget(id: string): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const { NEO4J_TEST_URI = '', NEO4J_TEST_USER = 'neo4j', NEO4J_TEST_PASSWORD = '' } = process.env;
const noServer = NEO4J_TEST_URI === '';
const skipped = noServer ? ' (skipped: no server, set NEO4J_TEST_URI)' : '';
const server = { uri: NEO4J_TEST_URI, user: NEO4J_TEST_USER, password: NEO4J_TEST_PASSWORD, database: null };
/** Several test files share one server: every id of this one begins so, and nothing else is removed. */
const PREFIX = `graph-contract-${randomUUID()}-`;
const id = (name: string | number): string => `${PREFIX}${name}`;

function data(name: string | number, changes: Partial<BlockData> = {}): BlockData {
  const sourceFile = 'conversations/a.md';
  return {
    id: id(name),
    text: 'A text',
    hash: 'h1',
    version: 1,
    sourceFile,
    tier: 1,
    blockType: 'inline',
    ...changes,
  };
}
const create = (name: string | number, changes?: Partial<BlockData>): GraphWrite => ({
  kind: 'create',
  data: data(name, changes),
});

describe('embedded', () => contract(new EmbeddedBench()));
describe.skipIf(noServer)(`neo4j${skipped}`, () => contract(new Neo4jBench()));

function contract(bench: Bench): void {
  let graph: Graph;
  beforeAll(() => bench.start());
  afterAll(() => bench.stop());
  beforeEach(async () => {
    graph = bench.open();
    await graph.prepare();
  });
  afterEach(() => graph.close());

  test('has one identity, whoever opens it', async () => {
    const again = bench.open();
    expect(await again.identity()).toBe(await graph.identity());
    expect(await graph.identity()).toContain(graph.kind);
    await again.close();
  });

  test('is prepared as often as you like', async () => {
    expect(await graph.prepare()).toEqual([]);
    expect(await graph.prepare()).toEqual([]);
  });

  test('creates a block whole, to be processed, with the time of the database in UTC', async () => {
    const written = await graph.apply([
      create('new', { text: 'Zeile 1\n🙂', version: 7, tier: 3, blockType: 'file' }),
    ]);
    expect([...written]).toEqual([id('new')]);
    const node = await bench.inspect(id('new'));
    expect(node).toMatchObject({
      id: id('new'),
      text: 'Zeile 1\n🙂',
      hash: 'h1',
      version: 7,
      source_file: 'conversations/a.md',
      tier: 3,
      block_type: 'file',
      needs_reprocessing: true,
      archived: false,
    });
    expect(node?.last_updated).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(Math.abs(Date.parse(String(node?.last_updated)) - Date.now())).toBeLessThan(60_000);
  });

  test('reads what is there, and nothing for what is not', async () => {
    await graph.apply([create('here', { version: 2 })]);
    await bench.put(id('bare'), {});
    const rows = await graph.read([id('here'), id('bare'), id('nowhere')]);
    expect(rows.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: id('bare'), hash: null, version: null, sourceFile: null, archived: false },
      { id: id('here'), hash: 'h1', version: 2, sourceFile: 'conversations/a.md', archived: false },
    ]);
    expect(await graph.read([])).toEqual([]);
  });

  test('updates a block that is as it was seen', async () => {
    await graph.apply([create('edit')]);
    const changed = data('edit', { text: 'B', hash: 'h2', version: 2, sourceFile: 'b.md' });
    const written = await graph.apply([{ kind: 'update', data: changed, seen: { hash: 'h1', version: 1 } }]);
    expect(written.size).toBe(1);
    expect(await bench.inspect(id('edit'))).toMatchObject({
      text: 'B',
      hash: 'h2',
      version: 2,
      source_file: 'b.md',
    });
  });

  test('leaves a block alone that is no longer as it was seen', async () => {
    await graph.apply([create('raced', { version: 5, hash: 'theirs' }), create('fine')]);
    const before = await bench.inspect(id('raced'));
    const written = await graph.apply([
      { kind: 'update', data: data('raced', { hash: 'h2', version: 2 }), seen: { hash: 'h1', version: 1 } },
      { kind: 'update', data: data('fine', { hash: 'h2', version: 2 }), seen: { hash: 'h1', version: 1 } },
      { kind: 'touch', data: data('raced', { version: 6 }), seen: { hash: 'theirs', version: 4 } },
    ]);
    expect([...written]).toEqual([id('fine')]);
    expect(await bench.inspect(id('raced'))).toEqual(before);
  });

  test('does not make a node again that somebody removed', async () => {
    await graph.apply([create('removed')]);
    await bench.forget(id('removed'));
    const seen = { hash: 'h1', version: 1 };
    const written = await graph.apply([
      { kind: 'update', data: data('removed', { hash: 'h2', version: 2 }), seen },
      { kind: 'touch', data: data('removed'), seen },
    ]);
    expect(written.size).toBe(0);
    expect(await bench.inspect(id('removed'))).toBeNull();
  });

  test('fills a bare node that appeared meanwhile, but no other', async () => {
    await bench.put(id('appeared'), {});
    await bench.put(id('taken'), { hash: 'theirs', version: 1 });
    const written = await graph.apply([create('appeared'), create('taken')]);
    expect([...written]).toEqual([id('appeared')]);
    expect(await bench.inspect(id('appeared'))).toMatchObject({ hash: 'h1', needs_reprocessing: true });
    expect(await bench.inspect(id('taken'))).toMatchObject({ hash: 'theirs' });
  });

  test('updates a bare node that was seen bare', async () => {
    await bench.put(id('stub'), { version: 4 });
    const seen = { hash: null, version: 4 };
    const written = await graph.apply([{ kind: 'update', data: data('stub', { version: 5 }), seen }]);
    expect(written.size).toBe(1);
    expect(await bench.inspect(id('stub'))).toMatchObject({ hash: 'h1', version: 5 });
  });

  test('touches only where a block stands and its version', async () => {
    await graph.apply([create('moved')]);
    const before = await bench.inspect(id('moved'));
    const { text: _, ...place } = data('moved', { version: 3, sourceFile: 'concepts/c.md', tier: 3 });
    expect((await graph.apply([{ kind: 'touch', data: place, seen: { hash: 'h1', version: 1 } }])).size).toBe(
      1,
    );
    expect(await bench.inspect(id('moved'))).toEqual({
      ...before,
      version: 3,
      source_file: 'concepts/c.md',
      tier: 3,
    });
  });

  test('takes the same batch twice', async () => {
    await graph.apply([create('old')]);
    const batch: GraphWrite[] = [
      create('twice'),
      { kind: 'update', data: data('old', { hash: 'h2', version: 2 }), seen: { hash: 'h1', version: 1 } },
    ];
    const first = await graph.apply(batch);
    expect(first.size).toBe(2);
    expect(await graph.apply(batch)).toEqual(first);
  });

  test('keeps the highest version, and a text of 100 kB', async () => {
    const text = 'Lorum '.repeat(20_000);
    await graph.apply([create('big', { text, version: Number.MAX_SAFE_INTEGER })]);
    const node = await bench.inspect(id('big'));
    expect(node?.text).toBe(text);
    const [row] = await graph.read([id('big')]);
    expect(row?.version).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('takes a batch of thousands', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => create(`many-${index}`));
    expect((await graph.apply(many)).size).toBe(3000);
    expect(await graph.read(many.map((write) => write.data.id))).toHaveLength(3000);
  });

  test('writes all of a batch or nothing', async () => {
    const broken = create('x', { id: null as unknown as string });
    await expect(graph.apply([create('half'), broken])).rejects.toThrow(GraphFault);
    await expect(graph.apply([create('half'), broken])).rejects.toMatchObject({ kind: 'data' });
    expect(await bench.inspect(id('half'))).toBeNull();
    expect((await graph.apply([create('half')])).size).toBe(1);
  });
}

describe('embedded only', () => {
  test('another file is another graph; a dry run makes none', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'graph-'));
    const [a, b] = [path.join(directory, 'a.db'), path.join(directory, 'b.db')];
    const dry = openEmbeddedGraph(a, { readOnly: true });
    expect(await dry.read(['x'])).toEqual([]);
    await dry.close();
    const graphs = [openEmbeddedGraph(a), openEmbeddedGraph(b)];
    expect(await graphs[0]!.identity()).not.toBe(await graphs[1]!.identity());
    const looking = openEmbeddedGraph(a, { readOnly: true });
    await expect(looking.apply([create('no')])).rejects.toThrow(GraphFault);
    for (const graph of [...graphs, looking]) await graph.close();
    await rm(directory, { recursive: true });
  });
});

describe.skipIf(noServer)(`neo4j only${skipped}`, () => {
  const bench = new Neo4jBench();
  beforeAll(() => bench.start());
  afterAll(() => bench.stop());

  test('has its constraints and indexes', async () => {
    const graph = bench.open();
    await graph.prepare();
    await graph.close();
    const names = await bench.names();
    for (const name of ['claim_id_unique', 'sentence_id_unique', 'block_id_unique'])
      expect(names).toContain(name);
    for (const name of ['claim_text', 'sentence_text', 'block_text', 'block_hash'])
      expect(names).toContain(name);
  });

  test('writes integers and a zoned time', async () => {
    const graph = bench.open();
    await graph.apply([create('types')]);
    await graph.close();
    expect(await bench.types(id('types'))).toEqual({
      version: 'INTEGER NOT NULL',
      tier: 'INTEGER NOT NULL',
      last_updated: 'ZONED DATETIME NOT NULL',
      needs_reprocessing: 'BOOLEAN NOT NULL',
    });
  });

  test.each([
    [2.0, 2],
    ['3', 3],
    ['three', null],
    [[1], null],
  ])("reads another service's version %j as %j, and updates the node", async (theirs, version) => {
    const graph = bench.open();
    const node = id(`theirs-${JSON.stringify(theirs)}`);
    await bench.set(node, { hash: 'h0', version: theirs });
    const [row] = await graph.read([node]);
    expect(row).toMatchObject({ hash: 'h0', version });
    const changed = data('x', { id: node, hash: 'h9', version: 9 });
    const written = await graph.apply([{ kind: 'update', data: changed, seen: { hash: 'h0', version } }]);
    await graph.close();
    expect(written.size).toBe(1);
  });

  test('a wrong password names NEO4J_PASSWORD, and not the password', async () => {
    // A user that does not exist: wrong passwords of a real one would lock it for everybody.
    const graph = openNeo4jGraph({ ...server, user: PREFIX.slice(0, 60), password: 'guessed-secret' });
    const fault = await graph.identity().catch((cause: unknown) => cause as GraphFault);
    await graph.close();
    expect(fault).toMatchObject({ kind: 'refused', fix: expect.stringContaining('NEO4J_PASSWORD') });
    expect(JSON.stringify(fault) + String(fault)).not.toContain('guessed-secret');
  });
});

describe('neo4j without a server', () => {
  const config = { user: 'neo4j', password: 'secret', database: null };

  test.each([null, ''])('password %j is refused by name', (password) => {
    const open = () => openNeo4jGraph({ ...config, uri: 'bolt://localhost', password });
    expect(open).toThrow(
      expect.objectContaining({ kind: 'refused', fix: expect.stringContaining('NEO4J_PASSWORD') }),
    );
  });

  test.each(['http://localhost', 'nonsense', ''])('address %j is refused', (uri) => {
    expect(() => openNeo4jGraph({ ...config, uri })).toThrow(GraphFault);
  });

  test('nobody listens: one clear fault within seconds', { timeout: 10_000 }, async () => {
    const graph = openNeo4jGraph({ ...config, uri: 'bolt://user:hidden@127.0.0.1:9' });
    const fault = await graph.identity().catch((cause: unknown) => cause as GraphFault);
    await graph.close();
    expect(fault).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('127.0.0.1:9') });
    expect(String(fault)).not.toContain('hidden');
  });

  test('somebody listens and never answers: the same', { timeout: 15_000 }, async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const graph = openNeo4jGraph({ ...config, uri: `bolt://127.0.0.1:${port}` });
    await expect(graph.identity()).rejects.toMatchObject({ kind: 'unreachable' });
    await graph.close();
    silent.close();
  });
});

class EmbeddedBench implements Bench {
  #directory = '';
  get #file(): string {
    return path.join(this.#directory, 'graph.db');
  }
  async start(): Promise<void> {
    this.#directory = await mkdtemp(path.join(tmpdir(), 'graph-contract-'));
  }
  stop(): Promise<void> {
    return rm(this.#directory, { recursive: true });
  }
  open(): Graph {
    return openEmbeddedGraph(this.#file);
  }
  async inspect(node: string): Promise<Record<string, unknown> | null> {
    const row = this.#with((database) => database.prepare('SELECT * FROM block WHERE id = ?').get(node));
    return row
      ? { ...row, needs_reprocessing: row.needs_reprocessing === 1, archived: row.archived === 1 }
      : null;
  }
  async put(node: string, { hash, version }: { hash?: string; version?: number }): Promise<void> {
    const insert = 'INSERT INTO block (id, hash, version) VALUES (?, ?, ?)';
    this.#with((database) => database.prepare(insert).run(node, hash ?? null, version ?? null));
  }
  async forget(node: string): Promise<void> {
    this.#with((database) => database.prepare('DELETE FROM block WHERE id = ?').run(node));
  }
  #with<T>(work: (database: DatabaseSync) => T): T {
    const database = new DatabaseSync(this.#file);
    try {
      return work(database);
    } finally {
      database.close();
    }
  }
}

class Neo4jBench implements Bench {
  #driver: Driver | null = null;

  async start(): Promise<void> {
    const auth = neo4j.auth.basic(server.user, server.password);
    this.#driver = neo4j.driver(server.uri, auth, { disableLosslessIntegers: true });
  }
  async stop(): Promise<void> {
    await this.#run('MATCH (b:Block) WHERE b.id STARTS WITH $prefix DETACH DELETE b', { prefix: PREFIX });
    await this.#driver?.close();
  }
  open(): Graph {
    return openNeo4jGraph(server);
  }
  async inspect(node: string): Promise<Record<string, unknown> | null> {
    const query =
      'MATCH (b:Block {id: $node}) RETURN properties(b) AS node, toString(b.last_updated) AS time';
    const [found] = await this.#run(query, { node });
    return found ? { ...(found.node as object), last_updated: found.time } : null;
  }
  async put(node: string, { hash, version }: { hash?: string; version?: number }): Promise<void> {
    await this.set(node, { hash: hash ?? null, version: version === undefined ? null : neo4j.int(version) });
  }
  async set(node: string, properties: object): Promise<void> {
    await this.#run('CREATE (b:Block {id: $node}) SET b += $properties', { node, properties });
  }
  async forget(node: string): Promise<void> {
    await this.#run('MATCH (b:Block {id: $node}) DELETE b', { node });
  }
  async names(): Promise<unknown[]> {
    const indexes = await this.#run('SHOW INDEXES YIELD name');
    const constraints = await this.#run('SHOW CONSTRAINTS YIELD name');
    return [...indexes, ...constraints].map(({ name }) => name);
  }
  async types(node: string): Promise<Record<string, unknown>> {
    const names = ['version', 'tier', 'last_updated', 'needs_reprocessing'];
    const columns = names.map((name) => `valueType(b.${name}) AS ${name}`).join(', ');
    const [found] = await this.#run(`MATCH (b:Block {id: $node}) RETURN ${columns}`, { node });
    return found ?? {};
  }
  async #run(query: string, parameters: object = {}): Promise<Record<string, unknown>[]> {
    const { records } = await this.#driver!.executeQuery(query, parameters);
    return records.map((record) => record.toObject());
  }
}
