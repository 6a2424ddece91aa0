// Steps of a plan in, lines that a person can judge them by out. Pure.

import { place } from './findings.ts';
import type { ArchiveStep, BlockStep, SyncStep } from './plan.ts';
import type { Place } from './state.ts';

/** Places of one duplicate that are named. */
const MOST_PLACES = 50;

/** One line that a person can judge a step by. */
export function describeStep(step: SyncStep): string {
  if (step.kind === 'archive') return describeArchive(step);
  const { block, version } = step;
  const where = place(block.file, block.line);
  switch (step.kind) {
    case 'create':
      return `create    ${block.id} v${version}  ${where}  (not in the graph)`;
    case 'update': {
      const why = step.reason === 'bare' ? 'the node has no text yet' : 'the text differs';
      return `update    ${block.id} v${step.row.version ?? '-'} → v${version}  ${where}  (${why})`;
    }
    case 'adopt':
      return `adopt     ${block.id} v${step.row.version ?? '-'} → v${version}  ${where}  (another grammar; not processed again)`;
    case 'unarchive':
      return `unarchive ${block.id} v${version}  ${where}  (it is back)`;
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

function describeArchive({ row }: ArchiveStep): string {
  return `archive   ${row.id} v${row.version ?? '-'}  ${row.sourceFile ?? '(no file)'}  (in no file any more)`;
}

/** Both sides of a conflict, for its report. */
export function describeConflict({ block, row, base, reason }: BlockStep & { kind: 'conflict' }): string {
  const sides = `${block.id}: the vault has v${block.version} (${place(block.file, block.line)}), the graph v${row.version ?? '-'}`;
  if (reason === 'exhausted') return `${sides}, and no higher version can be written`;
  const last = base ? `last equal at v${base.version}` : 'never seen equal';
  return `${sides} with another text, ${last}: nothing written; raise ver to ${(row.version ?? 0) + 1} to let the vault win`;
}

/** For a step whose node changed between reading and writing. */
export function describeRace(step: SyncStep): string {
  return `${idOf(step)}: the node changed while the vault was compared with it: nothing written, the next run decides`;
}

/** Every place of an id that stands more than once, the one that counts first. A thousand copies need no thousand names. */
export function describeDuplicate(id: string, places: readonly Place[]): string {
  const [winner] = places;
  const named = places.slice(0, MOST_PLACES).map(({ file, line }) => place(file, line));
  const list = named.toSorted().join(', ') + (places.length > named.length ? ', …' : '');
  return `${id} stands in ${places.length} places: ${list}; ${place(winner!.file, winner!.line)} is used`;
}

/** The block that a step is about. */
export function idOf(step: SyncStep): string {
  return step.kind === 'archive' ? step.row.id : step.block.id;
}

/** Where a step's block stands, or stood last. */
export function placeOf(step: SyncStep): { file: string | null; line: number | null } {
  return step.kind === 'archive' ? { file: step.row.sourceFile, line: null } : step.block;
}
