// Batches against a real graph that fails now and then: tries, halving, giving up, and what is known afterwards.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { applySteps, readRows, withTries } from '../../../jobs/vault-sync/apply.ts';
import { idOf } from '../../../jobs/vault-sync/describe.ts';
import {
  type Graph,
  GraphFault,
  type GraphFaultKind,
  type GraphWrite,
} from '../../../jobs/vault-sync/graph.ts';
import { openEmbeddedGraph } from '../../../jobs/vault-sync/graph-embedded.ts';
import { planSync, type SyncStep } from '../../../jobs/vault-sync/plan.ts';
import type { VaultBlock } from '../../../jobs/vault-sync/scan.ts';
import { KnownState } from '../../../jobs/vault-sync/state.ts';

let directory: string;
let graph: Graph;
let state: KnownState;
const slept: (string | number)[] = [];
const sleep = async (duration: string | number): Promise<void> => void slept.push(duration);
const signal = new AbortController().signal;

beforeEach(async () => {
  slept.length = 0;
  directory = await mkdtemp(path.join(tmpdir(), 'apply-'));
  graph = openEmbeddedGraph(path.join(directory, 'graph.db'));
  state = KnownState.open(directory);
  state.use(await graph.identity());
});
afterEach(async () => {
  await graph.close();
  state.close();
  await rm(directory, { recursive: true });
});

const blocks = (count: number, text = 'text'): VaultBlock[] =>
  Array.from(
    { length: count },
    (_, n) =>
      ({
        ...{
          id: `b${n}`,
          version: 1,
          hash: `h${n}`,
          text,
          type: 'inline',
          line: n + 1,
          file: 'a.md',
          tier: 1,
        },
      }) as VaultBlock,
  );

async function plan(list: readonly VaultBlock[]): Promise<readonly SyncStep[]> {
  const rows = await readRows(
    list.map(({ id }) => id),
    { graph, sleep, signal },
  );
  return planSync(list, new Map(), rows).steps;
}

/** The real graph, except that `apply` may fail first. Counts its calls. */
function failing(
  fails: (writes: readonly GraphWrite[], call: number) => GraphFaultKind | null,
): Graph & { calls: number } {
  return {
    kind: graph.kind,
    label: graph.label,
    calls: 0,
    identity: () => graph.identity(),
    prepare: () => graph.prepare(),
    count: () => graph.count(),
    read: (ids) => graph.read(ids),
    list: (after, limit) => graph.list(after, limit),
    texts: (ids) => graph.texts(ids),
    close: async () => undefined,
    async apply(writes) {
      const kind = fails(writes, ++this.calls);
      if (kind) throw new GraphFault(kind, `made to fail: ${kind}`, null);
      return graph.apply(writes);
    },
  };
}
const known = async (): Promise<number> => state.bases(blocks(7000).map(({ id }) => id)).size;

test('writes in batches by number and by size of text, and knows the base of each', async () => {
  const on = { graph: failing(() => null), state, sleep, signal };
  const seen: number[] = [];
  const applied = await applySteps(await plan(blocks(4500)), { ...on, onBatch: (done) => seen.push(done) });
  expect(applied.done).toHaveLength(4500);
  expect(seen).toEqual([2000, 4000, 4500]);
  expect(await known()).toBe(4500);
  const large = { ...on, graph: failing(() => null) };
  await applySteps(
    await plan(
      blocks(4500, 'x'.repeat(1_500_000))
        .slice(0, 5)
        .map((b) => ({ ...b, hash: 'new' })),
    ),
    large,
  );
  expect(large.graph.calls).toBe(3);
});

test.each<[GraphFaultKind, number]>([
  ['transient', 1],
  ['transient', 2],
  ['unreachable', 2],
])('tries again after %s faults (%i times), waiting longer each time', async (kind, times) => {
  const flaky = failing((_, call) => (call <= times ? kind : null));
  const applied = await applySteps(await plan(blocks(3)), { graph: flaky, state, sleep, signal });
  expect(applied).toMatchObject({ failed: [], raced: [] });
  expect(applied.done).toHaveLength(3);
  expect(slept).toEqual([500, 1000].slice(0, times));
});

test('gives a batch up after three tries, and writes the others', async () => {
  const flaky = failing((writes) => (writes.some(({ data }) => data.id === 'b0') ? 'transient' : null));
  const applied = await applySteps(await plan(blocks(2500)), { graph: flaky, state, sleep, signal });
  expect(flaky.calls).toBe(4);
  expect(applied.failed.map(({ steps }) => steps.length)).toEqual([2000]);
  expect(applied.done).toHaveLength(500);
  expect(await known()).toBe(500);
});

test.each<[GraphFaultKind, number]>([
  ['unreachable', 3],
  ['refused', 1],
])('asks a graph no more that is %s', async (kind, calls) => {
  const gone = failing(() => kind);
  const applied = await applySteps(await plan(blocks(7000)), { graph: gone, state, sleep, signal });
  expect(gone.calls).toBe(calls);
  expect(applied.failed.map(({ steps }) => steps.length)).toEqual([7000]);
  expect(await known()).toBe(0);
});

test('finds the one block that cannot be written, and writes the others', async () => {
  const picky = failing((writes) => (writes.some(({ data }) => data.id === 'b1234') ? 'data' : null));
  const applied = await applySteps(await plan(blocks(2000)), { graph: picky, state, sleep, signal });
  expect(applied.failed.map(({ steps }) => steps.map(idOf))).toEqual([['b1234']]);
  expect(applied.done).toHaveLength(1999);
  expect(slept).toEqual([]);
});

test('does not halve for ever when nothing can be written', async () => {
  const full = failing(() => 'data');
  const applied = await applySteps(await plan(blocks(2000)), { graph: full, state, sleep, signal });
  expect(full.calls).toBeLessThan(200);
  expect(applied.failed.flatMap(({ steps }) => steps)).toHaveLength(2000);
});

test('tells what changed between reading and writing', async () => {
  const steps = await plan(blocks(2));
  await graph.apply([
    {
      kind: 'create',
      data: {
        id: 'b1',
        text: '',
        hash: 'theirs',
        version: 1,
        sourceFile: 'x.md',
        tier: 1,
        blockType: 'inline',
      },
    },
  ]);
  const applied = await applySteps(steps, { graph, state, sleep, signal });
  expect(applied.done.map(idOf)).toEqual(['b0']);
  expect(applied.raced.map(idOf)).toEqual(['b1']);
  expect(await known()).toBe(1);
});

test('stops between batches for the signal', async () => {
  const stop = new AbortController();
  const steps = await plan(blocks(4500));
  const writing = applySteps(steps, {
    graph,
    state,
    sleep,
    signal: stop.signal,
    onBatch: () => stop.abort(new Error('stop')),
  });
  await expect(writing).rejects.toThrow('stop');
  expect(await graph.read(['b1999', 'b2000'])).toHaveLength(1);
  expect(await known()).toBe(2000);
});

test('does not wait for a graph that never answers once the signal came', async () => {
  const stop = new AbortController();
  const waiting = withTries(() => new Promise(() => undefined), { sleep, signal: stop.signal });
  stop.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
});
