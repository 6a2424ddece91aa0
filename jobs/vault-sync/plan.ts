// Blocks of the vault, what was known and what the graph holds in; what to do about each block, and why, out. Pure.

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

/** What becomes of a block that stands in the vault. */
export type BlockStep =
  | (Step & { readonly kind: 'create' })
  /** `edited`: the text differs. `bare`: another service made the node, without a hash. */
  | (Step & { readonly kind: 'update'; readonly row: GraphRow; readonly reason: 'edited' | 'bare' })
  /** The text differs only in what the grammars take for it: written, and not processed again. */
  | (Step & { readonly kind: 'adopt'; readonly row: GraphRow })
  /** Same text, and it was archived. */
  | (Step & { readonly kind: 'unarchive'; readonly row: GraphRow })
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

/** A block that is in no file any more. */
export interface ArchiveStep {
  readonly kind: 'archive';
  readonly row: GraphRow;
}

export type SyncStep = BlockStep | ArchiveStep;

/** One id in several places. */
export interface Duplicate {
  readonly id: string;
  readonly winner: VaultBlock;
  /** Every place, the winner's too, in path order. */
  readonly places: readonly VaultBlock[];
}

export interface SyncPlan {
  /** One step an id, in the order of the vault. */
  readonly steps: readonly BlockStep[];
  readonly duplicates: readonly Duplicate[];
}

/** Whether the text of a block may be taken over as it is, see `adopt`. */
export type MayAdopt = (block: VaultBlock, base: Base | null, row: GraphRow) => boolean;

/** Decides what happens to every block of the vault. Versions of the graph never go down. */
export function planSync(
  blocks: readonly VaultBlock[],
  known: ReadonlyMap<string, Base>,
  rows: ReadonlyMap<string, GraphRow>,
  mayAdopt: MayAdopt = () => false,
): SyncPlan {
  const steps: BlockStep[] = [];
  const duplicates: Duplicate[] = [];
  for (const [id, places] of placesById(blocks)) {
    const row = rows.get(id) ?? null;
    const winner = winnerOf(places, row);
    if (places.length > 1) duplicates.push({ id, winner, places });
    steps.push(planBlock(winner, known.get(id) ?? null, row, mayAdopt));
  }
  return { steps, duplicates };
}

function placesById(blocks: readonly VaultBlock[]): Map<string, VaultBlock[]> {
  const all = new Map<string, VaultBlock[]>();
  for (const block of blocks) {
    const places = all.get(block.id);
    if (places) places.push(block);
    else all.set(block.id, [block]);
  }
  return all;
}

/** Stable from run to run: the place the graph knows, if the block is still there, else the first. */
function winnerOf(places: readonly VaultBlock[], row: GraphRow | null): VaultBlock {
  return places.find((block) => block.file === row?.sourceFile) ?? places[0]!;
}

/** The rules for one block. */
export function planBlock(
  block: VaultBlock,
  base: Base | null,
  row: GraphRow | null,
  mayAdopt: MayAdopt = () => false,
): BlockStep {
  if (row === null) return { kind: 'create', block, version: block.version };
  if (row.hash === null) return updateBare(block, row);
  const version = row.version ?? 0;
  if (row.hash === block.hash) return planSameText(block, row, version);
  if (mayAdopt(block, base, row))
    return { kind: 'adopt', block, version: Math.max(block.version, version), row };
  if (block.version < version && base?.version !== version)
    return { kind: 'conflict', block, version, row, base, reason: 'both_changed' };
  return update(block, row, version, 'edited', base);
}

function planSameText(block: VaultBlock, row: GraphRow, graphVersion: number): BlockStep {
  const version = Math.max(graphVersion, block.version);
  if (row.archived) return { kind: 'unarchive', block, version, row };
  if (row.sourceFile !== block.file) return { kind: 'move', block, version, row };
  if (version > graphVersion) return { kind: 'raise', block, version, row };
  return { kind: 'unchanged', block, version, row };
}

function updateBare(block: VaultBlock, row: GraphRow): BlockStep {
  if (row.version === null) return { kind: 'update', block, version: block.version, row, reason: 'bare' };
  return update(block, row, row.version, 'bare', null);
}

function update(
  block: VaultBlock,
  row: GraphRow,
  graphVersion: number,
  reason: 'edited' | 'bare',
  base: Base | null,
): BlockStep {
  const version = Math.max(block.version, graphVersion + 1);
  if (!Number.isSafeInteger(version))
    return { kind: 'conflict', block, version: graphVersion, row, base, reason: 'exhausted' };
  return { kind: 'update', block, version, row, reason };
}
