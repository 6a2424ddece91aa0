// A run that is killed between the graph's commit and its own, on a graph of files: nothing is lost, nothing a conflict.

import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applySteps } from '../../../jobs/vault-sync/apply.ts';
import { type Graph, GraphFault } from '../../../jobs/vault-sync/graph.ts';
import { openEmbeddedGraph } from '../../../jobs/vault-sync/graph-embedded.ts';
import { planSync } from '../../../jobs/vault-sync/plan.ts';
import { scanVault } from '../../../jobs/vault-sync/scan.ts';
import { KnownState } from '../../../jobs/vault-sync/state.ts';
import { line, SyncBench } from './sync-bench.ts';

let bench: SyncBench;
beforeEach(async () => {
  bench = await SyncBench.make();
});
afterEach(() => bench.remove());

const publishing = { vault: { graph: 'embedded', exclude: [], publish: true, watch: {} } } as never;
const outbox = () =>
  bench
    .known<{ message: string }>('SELECT message FROM outbox ORDER BY key')
    .map(({ message }) => JSON.parse(message));

/** What a run does up to the moment of its death: after the graph has committed, before it could note that. */
async function dieAfterCommit(): Promise<void> {
  const state = KnownState.open(bench.stateDir);
  const graph = openEmbeddedGraph(path.join(bench.stateDir, 'graph.db'));
  state.use(await graph.identity());
  const signal = new AbortController().signal;
  const tiers = ['conversations', 'summaries', 'concepts'].map((tier) => path.join(bench.vault, tier));
  const scan = await scanVault({
    ...{ vault: bench.vault, tiers: tiers as [string, string, string], exclude: [], maxFileMb: 64, signal },
  });
  const rows = await graph.read(scan.blocks.map(({ id }) => id));
  const { steps } = planSync(
    scan.blocks,
    state.bases(scan.blocks.map(({ id }) => id)),
    new Map(rows.map((row) => [row.id, row])),
  );
  const deadly: Graph = Object.assign(Object.create(graph), {
    async apply(writes: Parameters<Graph['apply']>[0]) {
      await graph.apply(writes);
      throw new Error('killed');
    },
  });
  const dying = applySteps(steps, { graph: deadly, state, signal, sleep: async () => {}, publishes: true });
  await expect(dying).rejects.toThrow('killed');
  state.close();
  await graph.close();
}

test('what it wrote is known to the next run, also when it was edited since', async () => {
  await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
  await bench.run({ config: publishing });
  await bench.put('conversations/a.md', line('blk_1', 'One, edited.') + line('blk_2', 'Two.'));
  await dieAfterCommit();
  expect(bench.versions()).toEqual(['blk_1 v2', 'blk_2 v1']);
  await bench.put('conversations/a.md', line('blk_1', 'One, edited again.') + line('blk_2', 'Two.'));
  expect((await bench.run({ dryRun: true })).result).toMatchObject({ blocks_updated: 1, conflicts: 0 });
  expect((await bench.run({ config: publishing })).result).toMatchObject({ blocks_updated: 1, conflicts: 0 });
  expect(bench.versions()).toEqual(['blk_1 v3', 'blk_2 v1']);
  expect(outbox().map(({ aclarai_id, change_type, version }) => [aclarai_id, change_type, version])).toEqual([
    ['blk_1', 'added', 1],
    ['blk_2', 'added', 1],
    ['blk_1', 'modified', 2],
    ['blk_1', 'modified', 3],
  ]);
  expect(bench.known('SELECT * FROM pending')).toEqual([]);
});

test('what it did not write is no base, and is written by the next run', async () => {
  await bench.put('conversations/a.md', line('blk_1', 'One.'));
  await dieAfterCommit();
  bench.graph('DELETE FROM block RETURNING id');
  expect((await bench.run({ config: publishing })).result).toMatchObject({ blocks_new: 1 });
  expect(outbox()).toHaveLength(1);
});

test('a server that is lost while it writes may have written: the next run looks', async () => {
  await bench.put('conversations/a.md', line('blk_1', 'One.'));
  await bench.run();
  const state = KnownState.open(bench.stateDir);
  const graph = openEmbeddedGraph(path.join(bench.stateDir, 'graph.db'));
  state.use(await graph.identity());
  const [row] = await graph.read(['blk_1']);
  const block = { id: 'blk_1', version: 1, text: 'Two.', hash: 'two', type: 'inline', line: 1 } as const;
  const { steps } = planSync(
    [{ ...block, file: 'conversations/a.md', tier: 1 }],
    new Map(),
    new Map([['blk_1', row!]]),
  );
  const lost: Graph = Object.assign(Object.create(graph), {
    async apply() {
      throw new GraphFault('unreachable', 'gone', null);
    },
  });
  const signal = new AbortController().signal;
  const { failed } = await applySteps(steps, { graph: lost, state, signal, sleep: async () => {} });
  expect(failed).toHaveLength(1);
  expect(state.pending()).toMatchObject([{ rows: [{ id: 'blk_1', version: 2 }] }]);
  state.close();
  await graph.close();
});
