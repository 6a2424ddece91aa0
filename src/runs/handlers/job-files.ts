// Job directories in, the files that may hold a job out. Who only watches pays for a search when a folder has changed.

import { statSync } from 'node:fs';
import path from 'node:path';
import fastGlob from 'fast-glob';

const PATTERNS = ['*.{ts,js,mjs}', '*/index.{ts,js,mjs}'];
const IGNORED = ['**/*.d.ts', '**/*.test.*', '**/_*', '**/node_modules/**'];

/** Absolute; none where the directory cannot be read. */
export async function findJobFiles(directory: string): Promise<string[]> {
  return await fastGlob(PATTERNS, inside(directory));
}

interface Found {
  /** The directory and the folders in it: whatever comes or goes changes one of them. */
  folders: string[];
  stamp: string;
  /** Seen at two looks, so that nothing can have come since in the same moment of the file system's clock. */
  isSettled: boolean;
  paths: string[];
}

/** What tells of new, changed or removed job code: the directories themselves and the files in them. */
export class WatchedJobPaths {
  readonly #found = new Map<string, Found>();

  of(directories: readonly string[]): string[] {
    return [...directories, ...new Set(directories.flatMap((directory) => this.#in(directory)))];
  }

  #in(directory: string): string[] {
    const known = this.#found.get(directory);
    const isSame = known !== undefined && stampOf(known.folders) === known.stamp;
    if (isSame && known.isSettled) return known.paths;
    const found = { ...search(directory), isSettled: isSame };
    this.#found.set(directory, found);
    return found.paths;
  }
}

function search(directory: string): Omit<Found, 'isSettled'> {
  const folders = [directory, ...fastGlob.sync('*', { ...inside(directory), onlyDirectories: true })];
  // Before the search: what comes during it changes the next stamp.
  const stamp = stampOf(folders);
  const files = fastGlob.sync(PATTERNS, inside(directory));
  return { folders, stamp, paths: files.flatMap((file) => [path.dirname(file), file]) };
}

function inside(directory: string): fastGlob.Options {
  return { cwd: directory, ignore: IGNORED, absolute: true, suppressErrors: true };
}

function stampOf(folders: readonly string[]): string {
  return folders.map(folderStamp).join(' ');
}

function folderStamp(folder: string): string {
  try {
    const found = statSync(folder, { bigint: true, throwIfNoEntry: false });
    return found ? `${found.mtimeNs}:${found.ctimeNs}:${found.ino}:${found.dev}` : 'none';
  } catch {
    return 'unreadable';
  }
}
