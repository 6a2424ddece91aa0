// One suite for every graph: what the sync may rely on, whichever database keeps the blocks.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Graph, GraphFault, type GraphWrite } from '../../jobs/vault-sync/graph.ts';
import {
  type Bench,
  create,
  data,
  EmbeddedBench,
  id,
  Neo4jBench,
  noServer,
  skipped,
} from '../unit/vault-sync/graph-benches.ts';

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
      { id: id('bare'), hash: null, version: null, sourceFile: null, blockType: null, archived: false },
      {
        id: id('here'),
        hash: 'h1',
        version: 2,
        sourceFile: 'conversations/a.md',
        blockType: 'inline',
        archived: false,
      },
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
