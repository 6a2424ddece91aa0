// How long the housekeeper takes to delete 100,000 listed files, each looked at once more, beside find -delete on the same disk.

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listFiles, removeFiles } from '#housekeeper/disk';
import { OpenDirectory } from '#housekeeper/open-directory';
import { compilePattern } from '#housekeeper/pattern';
import { type Figure, figure } from './figure.ts';
import { makeFiles } from './support/many-files.ts';

const FILES = 100_000;

/** One round: on a disk that is slow to free blocks it takes minutes, and its load is felt by everything else there. */
export async function figures(): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-delete-'));
  try {
    makeOldFiles(folder);
    const started = performance.now();
    execFileSync('find', [folder, '-type', 'f', '-delete']);
    const theirs = performance.now() - started;
    makeOldFiles(folder);
    return [
      figure({
        figure: 'cleanup-delete, 100,000 files',
        value: await deleteListed(folder),
        unit: 'ms',
        yardstick: 'find -delete',
        yardstick_value: theirs,
        better: 'lower',
        goal: 1.8,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is old is long on the disk: a file that was never written there costs nothing to delete. */
function makeOldFiles(folder: string): void {
  makeFiles(folder, FILES, 'x');
  execFileSync('sync', ['-f', folder]);
}

/** Milliseconds of the deletion alone: the files are listed before. */
async function deleteListed(folder: string): Promise<number> {
  await using root = await OpenDirectory.openRoot(folder);
  const listing = await listFiles(root, compilePattern('*'), { recursive: false });
  const started = performance.now();
  const removals = await removeFiles(root, listing.root, listing.files);
  const took = performance.now() - started;
  const deleted = removals.filter((removal) => removal.deleted).length;
  if (deleted !== FILES) throw new Error(`${deleted} files were deleted`);
  return took;
}
