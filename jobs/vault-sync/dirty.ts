// A step of the plan in, the message that tells other services of a changed block out. Pure.

import type { BlockStep, SyncStep } from './plan.ts';

/** JSON for the queue of dirty blocks; null for steps that change no text. `now` in milliseconds. */
export function messageOf(step: SyncStep, now: number): string | null {
  const body = step.kind === 'archive' ? deleted(step) : written(step);
  return body && JSON.stringify({ ...body, timestamp: Math.round(now) });
}

function deleted({ row }: SyncStep & { kind: 'archive' }): object {
  return {
    aclarai_id: row.id,
    file_path: row.sourceFile,
    change_type: 'deleted',
    version: row.version ?? 0,
    block_type: row.blockType ?? 'inline',
    content_hash: row.hash,
  };
}

function written(step: BlockStep): object | null {
  const { block, version } = step;
  const place = { aclarai_id: block.id, file_path: block.file, version, block_type: block.type };
  if (step.kind === 'create' || step.kind === 'unarchive')
    return { ...place, change_type: 'added', content_hash: block.hash };
  if (step.kind !== 'update') return null;
  const { row } = step;
  // What was archived was told to be deleted.
  if (row.archived) return { ...place, change_type: 'added', content_hash: block.hash };
  const [old_version, old_hash] = [row.version ?? 0, row.hash];
  const change = { old_version, new_version: version, old_hash, new_hash: block.hash };
  return { ...place, change_type: 'modified', ...change };
}
