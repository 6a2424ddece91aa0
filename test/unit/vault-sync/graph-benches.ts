// Graphs under test, and ways to look at them that are not their own.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import neo4j, { type Driver } from 'neo4j-driver';
import type { BlockData, Graph, GraphWrite } from '../../../jobs/vault-sync/graph.ts';
import { openEmbeddedGraph } from '../../../jobs/vault-sync/graph-embedded.ts';
import { openNeo4jGraph } from '../../../jobs/vault-sync/graph-neo4j.ts';

/** A graph under test, and a way to look at it that is not its own. */
export interface Bench {
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
export const noServer = NEO4J_TEST_URI === '';
/** For the name of a suite that needs one. */
export const skipped = noServer ? ' (skipped: no server, set NEO4J_TEST_URI)' : '';
export const server = {
  uri: NEO4J_TEST_URI,
  user: NEO4J_TEST_USER,
  password: NEO4J_TEST_PASSWORD,
  database: null,
};

/** Several test files share one server: the ids of each begin with a prefix of its own, and only these are removed. */
export const PREFIX = `test-${randomUUID()}-`;
export const id = (name: string | number): string => `${PREFIX}${name}`;

export function data(name: string | number, changes: Partial<BlockData> = {}): BlockData {
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
export const create = (name: string | number, changes?: Partial<BlockData>): GraphWrite => ({
  kind: 'create',
  data: data(name, changes),
});

export class EmbeddedBench implements Bench {
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

export class Neo4jBench implements Bench {
  #driver: Driver | null = null;

  async start(): Promise<void> {
    const auth = neo4j.auth.basic(server.user, server.password);
    this.#driver = neo4j.driver(server.uri, auth, { disableLosslessIntegers: true });
  }
  async stop(): Promise<void> {
    await this.clear();
    await this.#driver?.close();
  }
  async clear(): Promise<void> {
    await this.#run('MATCH (b:Block) WHERE b.id STARTS WITH $prefix DETACH DELETE b', { prefix: PREFIX });
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
