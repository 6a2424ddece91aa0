// How long the housekeeper takes to know 200,000 files by age, beside find and sort, which print the same.

import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { listFiles } from '#housekeeper/disk';
import { OpenDirectory } from '#housekeeper/open-directory';
import { compilePattern } from '#housekeeper/pattern';
import { planCleanup } from '#housekeeper/plan';
import { fastFolder } from '../test/support/fast-folder.ts';
import { type Figure, figure, median } from './figure.ts';
import { makeFiles } from './support/many-files.ts';

const FILES = 200_000;
const ROUNDS = 7;
const KEEP_ALL = { retentionDays: null, maxFiles: FILES, maxSizeMb: null, minKeep: 0, maxDeleteShare: null };

export async function figures(): Promise<Figure[]> {
  const folder = await fastFolder('bench-list-');
  try {
    makeFiles(folder, FILES);
    const own: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(await timed(() => findAndSort(folder)));
      own.push(await timed(() => listInOrder(folder)));
    }
    return [
      figure({
        figure: 'cleanup-list, 200,000 files',
        value: median(own),
        unit: 'ms',
        yardstick: 'find -printf | sort -n',
        yardstick_value: median(theirs),
        better: 'lower',
        goal: 1.11,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** List, stat and order, threads hired and let go. */
async function listInOrder(folder: string): Promise<void> {
  await using root = await OpenDirectory.openRoot(folder);
  const { files } = await listFiles(root, compilePattern('*'), { recursive: false });
  const { keep } = planCleanup(files, KEEP_ALL, Date.now(), 30);
  if (keep.length !== FILES) throw new Error(`${keep.length} files were listed`);
}

function findAndSort(folder: string): void {
  const script = `find "$1" -type f -printf '%T@ %s %p\\n' | sort -n`;
  execFileSync('sh', ['-c', `${script} > /dev/null`, 'sh', folder]);
}
