// Blocks in, nodes of a Neo4j server out: a handful of queries, each for a whole batch.

import type { Neo4jConfig } from 'aclarai-scheduler';
import neo4j, {
  type Driver,
  type ManagedTransaction,
  type Record as Neo4jRecord,
  type Session,
} from 'neo4j-driver';
import { type Graph, GraphFault, type GraphRow, type GraphWrite } from './graph.ts';
import { isReadOnly, toGraphFault } from './neo4j-faults.ts';

/** A server that does not answer must cost seconds, not the time limit of the run. */
const CONNECT_MS = 5000;
const TRANSACTION_MS = 120_000;

const CONSTRAINTS = [
  'CREATE CONSTRAINT claim_id_unique IF NOT EXISTS FOR (n:Claim) REQUIRE n.id IS UNIQUE',
  'CREATE CONSTRAINT sentence_id_unique IF NOT EXISTS FOR (n:Sentence) REQUIRE n.id IS UNIQUE',
  'CREATE CONSTRAINT block_id_unique IF NOT EXISTS FOR (n:Block) REQUIRE n.id IS UNIQUE',
];

/**
 * Texts get full-text indexes: a range index refuses values over 8 kB and a text index over 32 kB, and with the value
 * the whole write; a whole page is often longer. They follow a moment later, so that they do not slow the writes.
 */
const LATER = 'OPTIONS {indexConfig: {`fulltext.eventually_consistent`: true}}';
const INDEXES = [
  `CREATE FULLTEXT INDEX claim_text IF NOT EXISTS FOR (n:Claim) ON EACH [n.text] ${LATER}`,
  `CREATE FULLTEXT INDEX sentence_text IF NOT EXISTS FOR (n:Sentence) ON EACH [n.text] ${LATER}`,
  `CREATE FULLTEXT INDEX block_text IF NOT EXISTS FOR (n:Block) ON EACH [n.text] ${LATER}`,
  'CREATE INDEX block_hash IF NOT EXISTS FOR (n:Block) ON (n.hash)',
];

const NARROW_TEXT_INDEXES = `
  SHOW INDEXES YIELD name, type, labelsOrTypes, properties
  WHERE 'Block' IN labelsOrTypes AND 'text' IN properties AND type IN ['RANGE', 'TEXT']
  RETURN name, type`;

/** Other services write versions as floats, or as text: read what can be read. */
const ROW = `
  RETURN b.id AS id, toStringOrNull(b.hash) AS hash, toIntegerOrNull(b.version) AS version,
         toStringOrNull(b.source_file) AS sourceFile, toStringOrNull(b.block_type) AS blockType,
         coalesce(b.archived, false) = true AS archived`;
const READ = `UNWIND $ids AS id MATCH (b:Block {id: id}) ${ROW}`;
/** By the index of the unique ids, so that a page costs no more than its rows. */
const LIST = `MATCH (b:Block) WHERE b.id > $after WITH b ORDER BY b.id LIMIT $limit ${ROW}`;
const TEXTS = `
  UNWIND $ids AS id MATCH (b:Block {id: id}) RETURN b.id AS id, coalesce(toStringOrNull(b.text), '') AS text`;

/** As it was read, or as this batch leaves it, so that a batch may be applied twice. */
const AS_SEEN = `
  WITH b, row, coalesce(toStringOrNull(b.hash), '') AS hash, coalesce(toIntegerOrNull(b.version), -1) AS version
  WHERE (hash = row.seenHash AND version = row.seenVersion) OR (hash = row.hash AND version = row.version)`;

const SET_PLACE = `
  SET b.version = row.version, b.source_file = row.sourceFile, b.tier = row.tier, b.block_type = row.blockType,
      b.archived = false, b.archived_at = null`;
const SET_TEXT = `${SET_PLACE}, b.text = row.text, b.hash = row.hash, b.last_updated = datetime({timezone: 'Z'})`;
const SET_WHOLE = `${SET_TEXT}, b.needs_reprocessing = true RETURN row.id AS id`;

/** For blocks that were not there when the batch was planned; one that is by now breaks the constraint. */
const CREATE_NEW = `
  WITH datetime({timezone: 'Z'}) AS now
  UNWIND $nodes AS node CREATE (b:Block {id: node.id}) SET b += node, b.last_updated = now`;

const WRITES = {
  create: `UNWIND $rows AS row MERGE (b:Block {id: row.id}) ${AS_SEEN} ${SET_WHOLE}`,
  update: `UNWIND $rows AS row MATCH (b:Block {id: row.id}) ${AS_SEEN} ${SET_WHOLE}`,
  adopt: `UNWIND $rows AS row MATCH (b:Block {id: row.id}) ${AS_SEEN} ${SET_TEXT} RETURN row.id AS id`,
  touch: `UNWIND $rows AS row MATCH (b:Block {id: row.id}) ${AS_SEEN} ${SET_PLACE} RETURN row.id AS id`,
  /** Again is no change: the time of the first stays. */
  archive: `UNWIND $rows AS row MATCH (b:Block {id: row.id})
    WITH b, row, coalesce(b.archived, false) = true AS again, datetime({timezone: 'Z'}) AS now
    SET b.archived = true, b.archived_at = CASE WHEN again THEN b.archived_at ELSE now END,
        b.last_updated = CASE WHEN again THEN b.last_updated ELSE now END
    RETURN row.id AS id`,
} as const;

/** Makes the driver; the first call connects. Throws a `GraphFault` naming NEO4J_PASSWORD when none is given. */
export function openNeo4jGraph(config: Neo4jConfig): Graph {
  if (config.password === null || config.password === '')
    throw new GraphFault(
      'refused',
      `no password is given for Neo4j at ${addressOf(config.uri)} (user ${config.user})`,
      'set NEO4J_PASSWORD, or choose vault.graph: embedded',
    );
  try {
    const driver = neo4j.driver(config.uri, neo4j.auth.basic(config.user, config.password), {
      connectionTimeout: CONNECT_MS,
      connectionAcquisitionTimeout: CONNECT_MS + 1000,
      maxTransactionRetryTime: 0, // Tries are counted in one place: see apply.ts.
      maxConnectionPoolSize: 4,
      userAgent: 'aclarai-scheduler',
    });
    return new Neo4jGraph(driver, config);
  } catch (cause) {
    throw new GraphFault(
      'refused',
      `${addressOf(config.uri)} is no address of a Neo4j server`,
      'see NEO4J_URI',
      cause,
    );
  }
}

class Neo4jGraph implements Graph {
  readonly kind = 'neo4j';
  readonly label: string;
  readonly #driver: Driver;
  readonly #config: Neo4jConfig;
  readonly #session: Session;

  constructor(driver: Driver, config: Neo4jConfig) {
    this.#driver = driver;
    this.#config = config;
    this.label = addressOf(config.uri) + (config.database === null ? '' : `/${config.database}`);
    this.#session = driver.session(config.database === null ? {} : { database: config.database });
  }

  async identity(): Promise<string> {
    const place = `neo4j:${addressOf(this.#config.uri)}`;
    try {
      const [info] = await this.#query('CALL db.info() YIELD id, name RETURN id, name');
      return `${place}/${info?.get('name')}#${info?.get('id')}`;
    } catch (cause) {
      // A server without that procedure: a wiped database is then not told from the one before it.
      if (cause instanceof GraphFault && cause.kind === 'data')
        return `${place}/${this.#config.database ?? ''}`;
      throw cause;
    }
  }

  async prepare(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const statement of [...CONSTRAINTS, ...INDEXES]) {
      try {
        await this.#query(statement);
      } catch (cause) {
        // A user may lack the right to make indexes and yet write blocks; a database that takes no writes takes neither.
        const goesOn = cause instanceof GraphFault && (cause.kind === 'data' || cause.kind === 'refused');
        if (!goesOn || isReadOnly(cause)) throw cause;
        problems.push(`${statement.split(' IF NOT')[0]}: ${cause.message}`);
      }
    }
    for (const index of await this.#query(NARROW_TEXT_INDEXES))
      problems.push(
        `index ${index.get('name')} on the text of blocks is of type ${index.get('type')}, which refuses texts over ` +
          `${index.get('type') === 'RANGE' ? 8 : 32} kB: drop it, and the next sync makes a full-text index`,
      );
    return problems;
  }

  async count(): Promise<number> {
    const [found] = await this.#query('MATCH (b:Block) RETURN count(b) AS n');
    return toNumber(found?.get('n')) ?? 0;
  }

  async read(ids: readonly string[]): Promise<GraphRow[]> {
    return (await this.#look(READ, { ids })).map(toRow);
  }

  async list(after: string, limit: number): Promise<GraphRow[]> {
    return (await this.#look(LIST, { after, limit: neo4j.int(limit) })).map(toRow);
  }

  async texts(ids: readonly string[]): Promise<Map<string, string>> {
    const records = await this.#look(TEXTS, { ids });
    return new Map(records.map((record) => [record.get('id'), record.get('text')]));
  }

  async apply(writes: readonly GraphWrite[]): Promise<Set<string>> {
    const config = { timeout: TRANSACTION_MS };
    const write = (isNew: boolean) =>
      this.#try(() => this.#session.executeWrite((tx) => this.#write(tx, writes, isNew), config));
    try {
      return await write(true);
    } catch (cause) {
      if (!(cause instanceof GraphFault) || !isTaken(cause)) throw cause;
      return await write(false);
    }
  }

  async close(): Promise<void> {
    // Not the session first: it would wait for a server that no longer answers.
    await this.#driver.close();
  }

  /** `isNew`: what is to be created is not there, which takes a third of the time of looking first. */
  async #write(tx: ManagedTransaction, writes: readonly GraphWrite[], isNew: boolean): Promise<Set<string>> {
    const written = new Set<string>();
    for (const [kind, sameKind] of Map.groupBy(writes, (write) => write.kind)) {
      // A node without an id would be nobody's: MERGE refuses it, CREATE does not.
      if (kind === 'create' && isNew && sameKind.every(({ data }) => data.id)) {
        await run(tx, CREATE_NEW, { nodes: sameKind.map(nodeOf) });
        for (const { data } of sameKind) written.add(data.id);
        continue;
      }
      const rows = sameKind.map(rowOf);
      for (const record of await run(tx, WRITES[kind], { rows })) written.add(record.get('id'));
    }
    return written;
  }

  #look(statement: string, parameters: object): Promise<Neo4jRecord[]> {
    return this.#try(() => this.#session.executeRead((tx) => run(tx, statement, parameters)));
  }

  #query(statement: string): Promise<Neo4jRecord[]> {
    return this.#try(async () => (await this.#session.run(statement)).records);
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw toGraphFault(cause, addressOf(this.#config.uri), this.#config.user);
    }
  }
}

async function run(tx: ManagedTransaction, statement: string, parameters: object): Promise<Neo4jRecord[]> {
  return (await tx.run(statement, parameters)).records;
}

function toRow(record: Neo4jRecord): GraphRow {
  const { version, ...row } = record.toObject();
  return { ...row, version: toNumber(version) } as GraphRow;
}

/** Numbers go as 64-bit integers: a plain JavaScript number would arrive as a float. */
function rowOf(write: GraphWrite): object {
  if (write.kind === 'archive') return write.data;
  const seen = write.kind === 'create' ? null : write.seen;
  return {
    ...write.data,
    version: neo4j.int(write.data.version),
    tier: neo4j.int(write.data.tier),
    seenHash: seen?.hash ?? '',
    seenVersion: neo4j.int(seen?.version ?? -1),
  };
}

/** All properties of a new node but its time, under the names that they have in the graph. */
function nodeOf(write: GraphWrite): object {
  if (write.kind !== 'create') throw new Error(`${write.kind} makes no node`);
  const { id, text, hash, version, sourceFile, tier, blockType } = write.data;
  return {
    ...{ id, text, hash, version: neo4j.int(version), source_file: sourceFile, tier: neo4j.int(tier) },
    ...{ block_type: blockType, archived: false, needs_reprocessing: true },
  };
}

/** Somebody made one of the nodes meanwhile, or this batch was written before. */
function isTaken({ cause }: GraphFault): boolean {
  return (cause as { code?: string }).code === 'Neo.ClientError.Schema.ConstraintValidationFailed';
}

/** Versions above 2^53 − 1 count as the highest one. */
function toNumber(value: unknown): number | null {
  if (!neo4j.isInt(value)) return null;
  return neo4j.integer.inSafeRange(value) ? value.toNumber() : Number.MAX_SAFE_INTEGER;
}

/** Host and port without credentials that somebody may have put into the address. */
function addressOf(uri: string): string {
  const match = /^([a-z0-9+]+:\/\/)(?:[^@/]*@)?([^/?#]*)/i.exec(uri);
  return match ? `${match[1]}${match[2]}` : 'the given address';
}
