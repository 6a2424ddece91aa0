// How long the housekeeper takes to delete 100,000 listed files, each looked at once more, beside find -delete on the same disk.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listFiles, removeFiles } from '#housekeeper/disk';
import { OpenDirectory } from '#housekeeper/open-directory';
import { compilePattern } from '#housekeeper/pattern';
import { type Figure, figure, median } from './figure.ts';
import { makeFiles } from './support/many-files.ts';

const FILES = 100_000;
/** In turns: a disk that others use, too, is now quick and now slow. */
const TURNS = 4;
const FILES_A_TURN = FILES / TURNS;

export async function figures(): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-delete-'));
  try {
    const theirFolders = makeOldFiles(folder, 'find');
    const ownFolders = makeOldFiles(folder, 'own');
    // What is old is long on the disk: a file that was never written there costs nothing to delete.
    execFileSync('sync', ['-f', folder]);
    const own: number[] = [];
    const theirs: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const started = performance.now();
      execFileSync('find', [theirFolders[turn]!, '-type', 'f', '-delete']);
      theirs.push(performance.now() - started);
      own.push(await deleteListed(ownFolders[turn]!));
    }
    return [
      figure({
        figure: 'cleanup-delete, 100,000 files',
        value: median(own) * TURNS,
        unit: 'ms',
        yardstick: 'find -delete',
        yardstick_value: median(theirs) * TURNS,
        better: 'lower',
        goal: 1.8,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function makeOldFiles(parent: string, name: string): string[] {
  return Array.from({ length: TURNS }, (_, turn) => {
    const folder = path.join(parent, `${name}-${turn}`);
    mkdirSync(folder);
    makeFiles(folder, FILES_A_TURN, 'x');
    return folder;
  });
}

/** Milliseconds of the deletion alone: the files are listed before. */
async function deleteListed(folder: string): Promise<number> {
  await using root = await OpenDirectory.openRoot(folder);
  const listing = await listFiles(root, compilePattern('*'), { recursive: false });
  const started = performance.now();
  const removals = await removeFiles(root, listing.root, listing.files);
  const took = performance.now() - started;
  const deleted = removals.filter((removal) => removal.deleted).length;
  if (deleted !== FILES_A_TURN) throw new Error(`${deleted} files were deleted`);
  return took;
}
