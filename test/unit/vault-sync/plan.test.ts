// The rules of the sync, one row of the table a situation.

import { describe, expect, test } from 'vitest';
import { describeConflict, describeDuplicate, describeStep } from '../../../jobs/vault-sync/describe.ts';
import { winnerFirst } from '../../../jobs/vault-sync/ending.ts';
import type { GraphRow } from '../../../jobs/vault-sync/graph.ts';
import { type Base, planBlock, planSync } from '../../../jobs/vault-sync/plan.ts';
import type { VaultBlock } from '../../../jobs/vault-sync/scan.ts';

const MAX = Number.MAX_SAFE_INTEGER;

function block(version: number, hash = 'new', file = 'a.md', line = 1): VaultBlock {
  return { id: 'x', version, hash, text: `text of ${hash}`, type: 'inline', line, file, tier: 1 };
}
function row(version: number | null, hash: string | null, sourceFile: string | null = 'a.md'): GraphRow {
  return { id: 'x', version, hash, sourceFile, blockType: 'inline', archived: false };
}
const base = (version: number, hash = 'old'): Base => ({ version, hash });

describe('one block', () => {
  const none = null;
  test.each<[situation: string, vault: VaultBlock, known: Base | null, graph: GraphRow | null, step: object]>(
    [
      ['not in the graph', block(3), none, none, { kind: 'create', version: 3 }],
      ['not in the graph, though known', block(3), base(9), none, { kind: 'create', version: 3 }],
      ['version 0', block(0), none, none, { kind: 'create', version: 0 }],
      ['bare node', block(3), none, row(null, null, null), { kind: 'update', version: 3, reason: 'bare' }],
      [
        'bare node with a version',
        block(1),
        none,
        row(4, null, null),
        { kind: 'update', version: 5, reason: 'bare' },
      ],
      ['same', block(2, 'old'), none, row(2, 'old'), { kind: 'unchanged', version: 2 }],
      ['same, lower in the vault', block(1, 'old'), none, row(5, 'old'), { kind: 'unchanged', version: 5 }],
      ['same, higher in the vault', block(5, 'old'), none, row(2, 'old'), { kind: 'raise', version: 5 }],
      [
        'same, no version in the graph',
        block(1, 'old'),
        none,
        row(null, 'old'),
        { kind: 'raise', version: 1 },
      ],
      ['same, moved', block(2, 'old'), none, row(2, 'old', 'b.md'), { kind: 'move', version: 2 }],
      ['same, moved and lower', block(1, 'old'), none, row(2, 'old', 'b.md'), { kind: 'move', version: 2 }],
      ['same, moved and higher', block(4, 'old'), none, row(2, 'old', 'b.md'), { kind: 'move', version: 4 }],
      [
        'same, no file in the graph',
        block(2, 'old'),
        none,
        row(2, 'old', null),
        { kind: 'move', version: 2 },
      ],
      [
        'edited, same version',
        block(2),
        none,
        row(2, 'old'),
        { kind: 'update', version: 3, reason: 'edited' },
      ],
      ['edited, raised by one', block(3), none, row(2, 'old'), { kind: 'update', version: 3 }],
      ['edited, raised by more', block(9), none, row(2, 'old'), { kind: 'update', version: 9 }],
      ['edited, no version in the graph', block(0), none, row(null, 'old'), { kind: 'update', version: 1 }],
      ['edited and moved', block(2), none, row(2, 'old', 'b.md'), { kind: 'update', version: 3 }],
      ['edited, lower, graph as last seen', block(1), base(5), row(5, 'old'), { kind: 'update', version: 6 }],
      [
        'edited, lower, never seen',
        block(1),
        none,
        row(5, 'old'),
        { kind: 'conflict', reason: 'both_changed' },
      ],
      ['edited, lower, graph went on', block(1), base(4), row(5, 'theirs'), { kind: 'conflict', version: 5 }],
      ['not edited, graph went on', block(1, 'old'), base(1), row(2, 'theirs'), { kind: 'conflict' }],
      [
        'edited and raised, graph went on',
        block(3),
        base(1),
        row(2, 'theirs'),
        { kind: 'update', version: 3 },
      ],
      [
        'edited, no higher version',
        block(MAX),
        none,
        row(MAX, 'old'),
        { kind: 'conflict', reason: 'exhausted' },
      ],
      [
        'edited, lower, no higher version',
        block(1),
        base(MAX),
        row(MAX, 'old'),
        { kind: 'conflict', reason: 'exhausted' },
      ],
    ],
  )('%s', (_, vault, known, graph, step) => {
    const planned = planBlock(vault, known, graph);
    expect(planned).toMatchObject(step);
    expect(planned.version).toBeGreaterThanOrEqual(graph?.version ?? 0);
    expect(describeStep(planned)).toContain('x');
  });

  test('an edit without a raised version is never a conflict, however often', () => {
    let graph = row(1, 'v0');
    let known: Base | null = null;
    for (let edit = 1; edit <= 5; edit++) {
      const step = planBlock(block(1, `v${edit}`), known, graph);
      expect(step).toMatchObject({ kind: 'update', version: edit + 1 });
      graph = row(step.version, `v${edit}`);
      known = { hash: `v${edit}`, version: step.version };
    }
  });
});

describe('an id that stands more than once', () => {
  const places = [block(1, 'one', 'a.md', 4), block(1, 'two', 'b.md', 2), block(1, 'three', 'b.md', 9)];
  const plan = (sourceFile: string | null) =>
    planSync(
      places,
      new Map(),
      sourceFile === null ? new Map() : new Map([['x', row(1, 'two', sourceFile)]]),
    );

  test.each([
    [null, 'a.md', 4],
    ['a.md', 'a.md', 4],
    ['b.md', 'b.md', 2],
    ['gone.md', 'a.md', 4],
  ])('graph knows %s: %s:%i is used', (sourceFile, file, line) => {
    const { steps, duplicates } = plan(sourceFile);
    expect(steps).toHaveLength(1);
    expect(steps[0]!.block).toMatchObject({ file, line });
    expect(duplicates).toMatchObject([{ id: 'x', winner: { file, line } }]);
  });

  test('is one report that names every place', () => {
    const [duplicate] = plan('b.md').duplicates;
    const { id, winner, places: all } = duplicate!;
    expect(describeDuplicate(id, winnerFirst(winner, all))).toBe(
      'x stands in 3 places: a.md:4, b.md:2, b.md:9; b.md:2 is used',
    );
  });
});

test('a conflict names both versions and the way out', () => {
  const step = planBlock(block(1, 'new', 'a.md', 7), base(3), row(5, 'theirs'));
  expect(step.kind).toBe('conflict');
  const text = step.kind === 'conflict' ? describeConflict(step) : '';
  for (const part of ['v1', 'a.md:7', 'v5', 'v3', '6']) expect(text).toContain(part);
});
