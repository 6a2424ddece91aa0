// How long the housekeeper takes to delete 100,000 files it has listed, each looked at once more, beside find -delete.

import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { listFiles, removeFiles } from '#housekeeper/disk';
import { OpenDirectory } from '#housekeeper/open-directory';
import { compilePattern } from '#housekeeper/pattern';
import { fastFolder } from '../test/support/fast-folder.ts';
import { type Figure, figure, median } from './figure.ts';
import { makeFiles } from './support/many-files.ts';

const FILES = 100_000;
const ROUNDS = 5;

export async function* figures(): AsyncGenerator<Figure> {
  for (const folders of [1, 50]) yield await deletion(folders);
}

async function deletion(folders: number): Promise<Figure> {
  const folder = await fastFolder('bench-delete-');
  try {
    const own: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      makeFiles(folder, FILES, folders);
      const started = performance.now();
      execFileSync('find', [folder, '-type', 'f', '-delete']);
      theirs.push(performance.now() - started);
      makeFiles(folder, FILES, folders);
      own.push(await deleteListed(folder));
    }
    return figure({
      figure: `cleanup-delete, ${folders === 1 ? 'one folder' : `${folders} folders`}`,
      value: median(own),
      unit: 'ms',
      yardstick: 'find -delete',
      yardstick_value: median(theirs),
      better: 'lower',
      goal: 1.8,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of the deletion alone: the files are listed before. */
async function deleteListed(folder: string): Promise<number> {
  await using root = await OpenDirectory.openRoot(folder);
  const listing = await listFiles(root, compilePattern('*'), { recursive: true });
  const started = performance.now();
  const removals = await removeFiles(root, listing.root, listing.files);
  const took = performance.now() - started;
  const deleted = removals.filter((removal) => removal.deleted).length;
  if (deleted !== FILES) throw new Error(`${deleted} files were deleted`);
  return took;
}
