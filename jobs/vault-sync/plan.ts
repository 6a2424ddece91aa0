// Blocks of the vault, what was known and what the graph holds in; what to do about each block, and why, out. Pure.

import { place } from './findings.ts';
import type { GraphRow } from './graph.ts';
import type { VaultBlock } from './scan.ts';

/** The state of a block that was last seen equal in vault and graph. */
export interface Base {
  readonly hash: string;
  /** Version of the graph at that time. */
  readonly version: number;
}

interface Step {
  readonly block: VaultBlock;
  /** Version of the graph once this step is done. */
  readonly version: number;
}

export type SyncStep =
  | (Step & { readonly kind: 'create' })
  /** `edited`: the text differs. `bare`: another service made the node, without a hash. */
  | (Step & { readonly kind: 'update'; readonly row: GraphRow; readonly reason: 'edited' | 'bare' })
  /** Same text in another file. */
  | (Step & { readonly kind: 'move'; readonly row: GraphRow })
  /** Same text, higher version in the vault. */
  | (Step & { readonly kind: 'raise'; readonly row: GraphRow })
  | (Step & { readonly kind: 'unchanged'; readonly row: GraphRow })
  /**
   * `both_changed`: the graph went on since both were equal, and the vault differs. `exhausted`: no higher version can
   * be written.
   */
  | (Step & {
      readonly kind: 'conflict';
      readonly row: GraphRow;
      readonly base: Base | null;
      readonly reason: 'both_changed' | 'exhausted';
    });

/** One id in several places. */
export interface Duplicate {
  readonly id: string;
  readonly winner: VaultBlock;
  /** Every place, the winner's too, in path order. */
  readonly places: readonly VaultBlock[];
}

export interface SyncPlan {
  /** One step an id, in the order of the vault. */
  readonly steps: readonly SyncStep[];
  readonly duplicates: readonly Duplicate[];
}

/** Decides what happens to every block of the vault. Versions of the graph never go down. */
export function planSync(
  blocks: readonly VaultBlock[],
  known: ReadonlyMap<string, Base>,
  rows: ReadonlyMap<string, GraphRow>,
): SyncPlan {
  const steps: SyncStep[] = [];
  const duplicates: Duplicate[] = [];
  for (const [id, places] of Map.groupBy(blocks, (block) => block.id)) {
    const row = rows.get(id) ?? null;
    const winner = winnerOf(places, row);
    if (places.length > 1) duplicates.push({ id, winner, places });
    steps.push(planBlock(winner, known.get(id) ?? null, row));
  }
  return { steps, duplicates };
}

/** Stable from run to run: the place the graph knows, if the block is still there, else the first. */
function winnerOf(places: readonly VaultBlock[], row: GraphRow | null): VaultBlock {
  return places.find((block) => block.file === row?.sourceFile) ?? places[0]!;
}

/** The rules for one block. */
export function planBlock(block: VaultBlock, base: Base | null, row: GraphRow | null): SyncStep {
  if (row === null) return { kind: 'create', block, version: block.version };
  if (row.hash === null) return updateBare(block, row);
  const version = row.version ?? 0;
  if (row.hash === block.hash) return planSameText(block, row, version);
  if (block.version < version && base?.version !== version)
    return { kind: 'conflict', block, version, row, base, reason: 'both_changed' };
  return update(block, row, version, 'edited', base);
}

function planSameText(block: VaultBlock, row: GraphRow, graphVersion: number): SyncStep {
  const version = Math.max(graphVersion, block.version);
  if (row.sourceFile !== block.file) return { kind: 'move', block, version, row };
  if (version > graphVersion) return { kind: 'raise', block, version, row };
  return { kind: 'unchanged', block, version, row };
}

function updateBare(block: VaultBlock, row: GraphRow): SyncStep {
  if (row.version === null) return { kind: 'update', block, version: block.version, row, reason: 'bare' };
  return update(block, row, row.version, 'bare', null);
}

function update(
  block: VaultBlock,
  row: GraphRow,
  graphVersion: number,
  reason: 'edited' | 'bare',
  base: Base | null,
): SyncStep {
  const version = Math.max(block.version, graphVersion + 1);
  if (!Number.isSafeInteger(version))
    return { kind: 'conflict', block, version: graphVersion, row, base, reason: 'exhausted' };
  return { kind: 'update', block, version, row, reason };
}

/** One line that a person can judge a step by. */
export function describeStep(step: SyncStep): string {
  const { block, version } = step;
  const where = place(block.file, block.line);
  switch (step.kind) {
    case 'create':
      return `create    ${block.id} v${version}  ${where}  (not in the graph)`;
    case 'update': {
      const why = step.reason === 'bare' ? 'the node has no text yet' : 'the text differs';
      return `update    ${block.id} v${step.row.version ?? '-'} → v${version}  ${where}  (${why})`;
    }
    case 'move':
      return `move      ${block.id} v${version}  ${step.row.sourceFile ?? '(no file)'} → ${where}  (same text)`;
    case 'raise':
      return `raise     ${block.id} v${step.row.version ?? '-'} → v${version}  ${where}  (same text, higher version)`;
    case 'unchanged':
      return `unchanged ${block.id} v${version}  ${where}`;
    case 'conflict':
      return `conflict  ${describeConflict(step)}`;
  }
}

/** Both sides of a conflict, for its report. */
export function describeConflict({ block, row, base, reason }: SyncStep & { kind: 'conflict' }): string {
  const sides = `${block.id}: the vault has v${block.version} (${place(block.file, block.line)}), the graph v${row.version ?? '-'}`;
  if (reason === 'exhausted') return `${sides}, and no higher version can be written`;
  const last = base ? `last equal at v${base.version}` : 'never seen equal';
  return `${sides} with another text, ${last}: nothing written; raise ver to ${(row.version ?? 0) + 1} to let the vault win`;
}

/** For a step whose node changed between reading and writing. */
export function describeRace({ block }: SyncStep): string {
  return `${block.id}: the node changed while the vault was compared with it: nothing written, the next run decides`;
}

/** Every place of an id that stands more than once. */
export function describeDuplicate({ id, winner, places }: Duplicate): string {
  const list = places.map((block) => place(block.file, block.line)).join(', ');
  return `${id} stands in ${places.length} places: ${list}; ${place(winner.file, winner.line)} is used`;
}
