// A Neo4j server for benches, the bare batches that the sync is compared with, and the count of queries that it takes.

import { randomUUID } from 'node:crypto';
import neo4j, { type Driver } from 'neo4j-driver';
import type { Neo4jConfig } from '#core/handler';

/** Rows of one query; the sync writes in batches of the same size. */
export const BATCH = 2000;

const { NEO4J_TEST_URI = '', NEO4J_TEST_USER = 'neo4j', NEO4J_TEST_PASSWORD = '' } = process.env;

/** Null, and said so, where no server is named. */
export function benchServer(bench: string): Neo4jConfig | null {
  if (NEO4J_TEST_URI === '') {
    console.error(`${bench}: skipped: no server, set NEO4J_TEST_URI`);
    return null;
  }
  return { uri: NEO4J_TEST_URI, user: NEO4J_TEST_USER, password: NEO4J_TEST_PASSWORD, database: null };
}

export interface BareRow {
  id: string;
  text: string;
  hash: string;
  version: number;
}

/** What the sync writes of every block beside these. */
const OTHERS =
  "b.source_file = 'conversations/folder 17/note 5617.md', b.tier = 1, b.block_type = 'inline', b.archived = false, b.needs_reprocessing = true, b.last_updated = datetime()";

/** Nodes of one prefix on a shared server, removed at the end. */
export class BareGraph {
  readonly prefix = `bench-${randomUUID()}-`;
  readonly #driver: Driver;

  constructor({ uri, user, password }: Neo4jConfig) {
    this.#driver = neo4j.driver(uri, neo4j.auth.basic(user, password ?? ''));
  }

  async create(rows: readonly BareRow[]): Promise<void> {
    await this.#batches(rows, `UNWIND $rows AS row CREATE (b:Block {id: row.id}) SET b += row, ${OTHERS}`);
  }

  async update(rows: readonly BareRow[]): Promise<void> {
    await this.#batches(rows, `UNWIND $rows AS row MATCH (b:Block {id: row.id}) SET b += row, ${OTHERS}`);
  }

  async clear(): Promise<void> {
    const session = this.#driver.session();
    await session.run(
      'MATCH (b:Block) WHERE b.id STARTS WITH $prefix CALL (b) { DETACH DELETE b } IN TRANSACTIONS OF 10000 ROWS',
      { prefix: this.prefix },
    );
    await session.close();
  }

  async close(): Promise<void> {
    await this.clear();
    await this.#driver.close();
  }

  async #batches(rows: readonly BareRow[], query: string): Promise<void> {
    const session = this.#driver.session();
    for (let at = 0; at < rows.length; at += BATCH) {
      const batch = rows.slice(at, at + BATCH).map((row) => ({ ...row, version: neo4j.int(row.version) }));
      await session.executeWrite((tx) => tx.run(query, { rows: batch }));
    }
    await session.close();
  }
}

/** How many queries `work` sends, by whichever driver of this process. */
export async function countQueries(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const undo = [neo4j.Session, neo4j.ManagedTransaction].map(({ prototype }) => {
    const { run } = prototype;
    Object.assign(prototype, {
      run(this: unknown, ...args: never[]) {
        count++;
        return (run as (...given: never[]) => unknown).apply(this, args);
      },
    });
    return () => Object.assign(prototype, { run });
  });
  try {
    await work();
  } finally {
    for (const restore of undo) restore();
  }
  return count;
}
