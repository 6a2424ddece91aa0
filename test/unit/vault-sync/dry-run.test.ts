// Runs of the job that must write nothing: dry ones, and those that cannot reach their graph.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appConfig } from '../../support/job-context.ts';
import { line, type RunOptions, SyncBench } from './sync-bench.ts';

let bench: SyncBench;
beforeEach(async () => {
  bench = await SyncBench.make();
});
afterEach(() => bench.remove());

describe('a dry run', () => {
  test.each([{ dryRun: true }, { input: { dry_run: true } }])(
    'with %j prints the plan and writes nothing',
    async (how) => {
      await bench.put('conversations/a.md', line('blk_1', 'One.'));
      const { result, ctx } = await bench.run(how);
      expect(result).toMatchObject({ success: true, blocks_new: 1, items_updated: 1 });
      expect(await readdir(bench.stateDir)).toEqual([]);
      const printed = ctx.lines.filter(({ level }) => level === 'info').map(({ message }) => message);
      expect(result.plan).toEqual(printed);
      expect(printed[0]).toContain('1 changes');
      expect(printed[1]).toMatch(/^create +blk_1 v1 +conversations\/a\.md:1/);
    },
  );

  test('leaves a graph and a known state that are there as they are', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.run();
    const before = bench.graph('SELECT * FROM block');
    const known = await readFile(path.join(bench.stateDir, 'sync.db'));
    await bench.put('conversations/a.md', line('blk_1', 'Two.') + line('blk_2', 'New.'));
    expect((await bench.run({ dryRun: true })).result).toMatchObject({ blocks_new: 1, blocks_updated: 1 });
    expect(bench.graph('SELECT * FROM block')).toEqual(before);
    expect(await readFile(path.join(bench.stateDir, 'sync.db'))).toEqual(known);
    expect((await bench.run()).result).toMatchObject({ blocks_new: 1, blocks_updated: 1 });
  });
});

test('shows of an edit what the graph has and what the vault', async () => {
  await bench.put('conversations/a.md', line('blk_1', 'Same.\nOld words.') + line('blk_2', 'Gone.'));
  await bench.run();
  await bench.put('conversations/a.md', line('blk_1', 'Same.\nNew words.'));
  expect((await bench.run({ dryRun: true })).result.plan).toEqual([
    expect.stringContaining('2 changes, 0 unchanged'),
    'update    blk_1 v1 → v2  conversations/a.md:2  (the text differs)',
    '    - Old words.',
    '    + New words.',
    'archive   blk_2 v1  conversations/a.md  (in no file any more)',
  ]);
  expect((await bench.run()).result).not.toHaveProperty('plan');
});

describe('without its graph', () => {
  const neo4j = { uri: 'bolt://127.0.0.1:9', user: 'neo4j', password: 'hidden', database: null };
  const choose = (server: typeof neo4j | { [key: string]: unknown } | null) =>
    ({
      databases: { neo4j: server, rabbitmq: null },
      vault: { ...appConfig('').vault, graph: 'neo4j' },
    }) as RunOptions['config'] & object;

  test('a run fails with one clear error and all statistics', { timeout: 10_000 }, async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    const { result, ctx } = await bench.run({ config: choose(neo4j) });
    expect(result).toMatchObject({
      success: false,
      graph: 'neo4j',
      blocks_processed: 0,
      error: { code: 'DATABASE_ERROR', message: expect.stringContaining('127.0.0.1:9') },
    });
    expect(ctx.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
    expect(JSON.stringify([result, ctx.lines])).not.toContain('hidden');
    expect(existsSync(path.join(bench.stateDir, 'graph.db'))).toBe(false);
  });

  test.each([
    ['NEO4J_PASSWORD', { ...neo4j, password: null }],
    ['NEO4J_URI', null],
  ])('%s is named when it is missing', async (name, server) => {
    const { result } = await bench.run({ config: choose(server) });
    expect(result).toMatchObject({ success: false, error: { fix: expect.stringContaining(name) } });
  });
});
