// What only one of the graphs does: types and indexes of Neo4j, its faults, and the file of the embedded one.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GraphFault } from '../../../jobs/vault-sync/graph.ts';
import { openEmbeddedGraph } from '../../../jobs/vault-sync/graph-embedded.ts';
import { openNeo4jGraph } from '../../../jobs/vault-sync/graph-neo4j.ts';
import job from '../../../jobs/vault-sync/index.ts';
import { syncVault } from '../../../jobs/vault-sync/sync.ts';
import { appConfig, jobContext } from '../../support/job-context.ts';
import { create, data, id, Neo4jBench, noServer, PREFIX, server, skipped } from './graph-benches.ts';

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

describe.skipIf(noServer)(`a whole run with neo4j${skipped}`, () => {
  const bench = new Neo4jBench();
  const folder = PREFIX;
  let root = '';
  beforeAll(async () => {
    await bench.start();
    root = await mkdtemp(path.join(tmpdir(), 'neo4j-run-'));
    for (const tier of ['conversations', 'summaries', 'concepts'])
      await mkdir(path.join(root, 'vault', folder, tier), { recursive: true });
    await mkdir(path.join(root, 'state'));
  });
  afterAll(async () => {
    await bench.stop();
    await rm(root, { recursive: true });
  });

  const put = (text: string) => writeFile(path.join(root, 'vault', folder, 'conversations/a.md'), text);
  const run = (dryRun = false) => {
    const config = appConfig(path.join(root, 'vault'));
    // A folder of its own: a full pass looks at every node of the server, and other files use it at the same time.
    const inFolder = (tier: string) => path.join(root, 'vault', folder, tier);
    const paths = {
      ...config.paths,
      tier1: inFolder('conversations'),
      tier2: inFolder('summaries'),
      tier3: inFolder('concepts'),
    };
    const vault = { ...config.vault, graph: 'neo4j' as const };
    const settings = { ...config, paths, vault, databases: { neo4j: server, rabbitmq: null } };
    const input = job.input!.parse({ dry_run: dryRun });
    return syncVault(jobContext({ input, config: settings, stateDir: path.join(root, 'state') }));
  };

  test('creates, edits, moves nothing, and finds nothing to do', async () => {
    await put(`One. <!-- aclarai:id=${id('r1')} -->\n\nTwo. <!-- aclarai:id=${id('r2')} ver=3 -->\n`);
    expect(await run(true)).toMatchObject({ success: true, blocks_new: 2 });
    expect(await bench.inspect(id('r1'))).toBeNull();
    expect(await run()).toMatchObject({
      success: true,
      graph: 'neo4j',
      blocks_new: 2,
      errors: 0,
      warnings: 0,
    });
    expect(await run()).toMatchObject({ success: true, blocks_unchanged: 2, items_updated: 0 });
    await put(`One, edited. <!-- aclarai:id=${id('r1')} -->\n\nTwo. <!-- aclarai:id=${id('r2')} ver=3 -->\n`);
    expect(await run()).toMatchObject({ success: true, blocks_updated: 1, blocks_unchanged: 1 });
    await put(`One, again. <!-- aclarai:id=${id('r1')} -->\n\nTwo. <!-- aclarai:id=${id('r2')} ver=3 -->\n`);
    expect(await run()).toMatchObject({ success: true, blocks_updated: 1, conflicts: 0 });
    expect(await bench.inspect(id('r1'))).toMatchObject({ text: 'One, again.', version: 3, tier: 1 });
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
