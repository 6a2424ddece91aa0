// The disk for the planner, and the plan for the disk: lists regular files, deletes those that are still the same.

import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { getSystemErrorMessage } from 'node:util';
import { mapBounded } from './bounded.ts';
import { type Identity, identityOf, type OpenDirectory, swapped } from './open-directory.ts';
import type { NamePattern } from './pattern.ts';
import type { PlanFile } from './plan.ts';

export interface ListedFolder {
  /** Relative to the root; empty for the root itself. */
  path: Buffer;
  identity: Identity;
}

/** A file and everything that proves, later, that it is still the same one. */
export interface ListedFile extends PlanFile {
  path: Buffer;
  name: Buffer;
  folder: ListedFolder;
  identity: Identity;
  mtimeNs: bigint;
  /** Names this file has (hard links), here or elsewhere. */
  links: number;
}

export interface Listing {
  root: ListedFolder;
  files: ListedFile[];
  /** Matching files whose age could not be read, and folders that could not be listed. */
  unreadable: { path: string; kind: 'file' | 'folder'; reason: string }[];
}

export type Removal =
  | { file: ListedFile; deleted: true }
  | { file: ListedFile; deleted: false; reason: string };

export interface ListOptions {
  recursive: boolean;
  /** Folders that are never entered, even where a mount shows them under another name. */
  avoid?: ReadonlySet<Identity>;
  signal?: AbortSignal | undefined;
}

/** Files in flight in one folder, and folders side by side: enough for a slow disk, few enough for handles. */
const FILES_AT_ONCE = 8;
const FOLDERS_AT_ONCE = 4;
const DOT = 0x2e;

/**
 * Regular files whose name matches, in the directory and, if `recursive`, in the folders below; folders that
 * begin with a dot are not entered, links never followed. A root that cannot be listed throws the system's
 * error; a folder below becomes an entry of `unreadable`.
 */
export async function listFiles(
  root: OpenDirectory,
  pattern: NamePattern,
  { recursive, avoid, signal }: ListOptions,
): Promise<Listing> {
  const top: ListedFolder = { path: Buffer.alloc(0), identity: root.identity };
  const listing: Listing = { root: top, files: [], unreadable: [] };
  let level = [await listFolder(root, top, pattern, listing)];
  while (recursive && level.length > 0) {
    const folders = level.flat();
    const below = await mapBounded(folders, FOLDERS_AT_ONCE, async (path) => {
      signal?.throwIfAborted();
      return listBelow(root, path, pattern, listing, avoid);
    });
    level = below.filter((found) => found.length > 0);
  }
  return listing;
}

/** Files of one folder into the listing; answers the folders in it. */
async function listFolder(
  directory: OpenDirectory,
  folder: ListedFolder,
  pattern: NamePattern,
  listing: Listing,
): Promise<Buffer[]> {
  const entries = await readdir(await directory.here(), { withFileTypes: true, encoding: 'buffer' });
  const matching = entries.filter((entry) => entry.isFile() && pattern.matches(entry.name));
  await mapBounded(matching, FILES_AT_ONCE, async ({ name }) => {
    const path = below(folder.path, name);
    try {
      const stats = await lstat(await directory.locate(name), { bigint: true });
      if (stats.isFile()) listing.files.push(listed(path, name, folder, stats));
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') return; // gone before it was seen: nothing to keep or remove
      listing.unreadable.push({ path: path.toString(), kind: 'file', reason: reasonOf(thrown) });
    }
  });
  return entries.filter(isVisibleFolder).map((entry) => below(folder.path, entry.name));
}

async function listBelow(
  root: OpenDirectory,
  path: Buffer,
  pattern: NamePattern,
  listing: Listing,
  avoid: ReadonlySet<Identity> | undefined,
): Promise<Buffer[]> {
  try {
    await using directory = await root.openBelow(path);
    if (avoid?.has(directory.identity)) return [];
    return await listFolder(directory, { path, identity: directory.identity }, pattern, listing);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT')
      listing.unreadable.push({ path: path.toString(), kind: 'folder', reason: reasonOf(thrown) });
    return [];
  }
}

/**
 * Deletes what is still what was listed: same folder, same inode, same time and size, still a regular file.
 * Everything else is kept, with the reason. Throws CLEANUP_ERROR if `root` is not the directory listed.
 */
export async function removeFiles(
  root: OpenDirectory,
  listedRoot: ListedFolder,
  files: readonly ListedFile[],
  signal?: AbortSignal | undefined,
): Promise<Removal[]> {
  if (root.identity !== listedRoot.identity) throw swapped(root.path);
  const byFolder = [...Map.groupBy(files, (file) => file.folder)];
  const removals = await mapBounded(byFolder, FOLDERS_AT_ONCE, ([folder, inFolder]) =>
    removeFromFolder(root, folder, inFolder, signal),
  );
  return removals.flat();
}

async function removeFromFolder(
  root: OpenDirectory,
  folder: ListedFolder,
  files: readonly ListedFile[],
  signal: AbortSignal | undefined,
): Promise<Removal[]> {
  const keepAll = (reason: string): Removal[] => files.map((file) => ({ file, deleted: false, reason }));
  try {
    await using directory = await root.openBelow(folder.path);
    if (directory.identity !== folder.identity) return keepAll('its folder was replaced since it was listed');
    return await mapBounded(files, FILES_AT_ONCE, (file) => removeFile(directory, file, signal));
  } catch (thrown) {
    return keepAll(`its folder cannot be opened: ${reasonOf(thrown)}`);
  }
}

async function removeFile(
  directory: OpenDirectory,
  file: ListedFile,
  signal: AbortSignal | undefined,
): Promise<Removal> {
  if (signal?.aborted) return { file, deleted: false, reason: 'the cleanup was stopped first' };
  try {
    const path = await directory.locate(file.name);
    const now = await lstat(path, { bigint: true });
    if (!isUnchanged(file, now)) return { file, deleted: false, reason: 'it changed since it was listed' };
    await unlink(path);
    return { file, deleted: true };
  } catch (thrown) {
    return { file, deleted: false, reason: reasonOf(thrown) };
  }
}

/**
 * Bytes that go when these files go, each name counted apart: a file with names left elsewhere frees nothing,
 * one whose names all go is counted once.
 */
export function bytesFreed(files: readonly ListedFile[]): number {
  let bytes = 0;
  for (const [, names] of Map.groupBy(files, (file) => file.identity))
    if (names.length >= names[0]!.links) bytes += names[0]!.size;
  return bytes;
}

/** The system's words for an error, without the path, which is one of ours: `permission denied (EACCES)`. */
export function reasonOf(thrown: unknown): string {
  const { errno, code, message } = thrown as { errno?: number; code?: string; message?: string };
  if (typeof errno === 'number') return `${getSystemErrorMessage(errno)} (${code})`;
  return message ?? String(thrown);
}

function isUnchanged(file: ListedFile, now: BigIntStats): boolean {
  return (
    now.isFile() &&
    identityOf(now) === file.identity &&
    now.mtimeNs === file.mtimeNs &&
    Number(now.size) === file.size
  );
}

function listed(path: Buffer, name: Buffer, folder: ListedFolder, stats: BigIntStats): ListedFile {
  return {
    path,
    name,
    folder,
    identity: identityOf(stats),
    mtimeNs: stats.mtimeNs,
    mtimeMs: Number(stats.mtimeNs) / 1e6,
    size: Number(stats.size),
    links: Number(stats.nlink),
  };
}

function isVisibleFolder(entry: Dirent<Buffer>): boolean {
  return entry.isDirectory() && entry.name[0] !== DOT;
}

function below(folder: Buffer, name: Buffer): Buffer {
  return folder.length === 0 ? name : Buffer.concat([folder, Buffer.from('/'), name]);
}

function codeOf(thrown: unknown): string | undefined {
  return (thrown as { code?: string }).code;
}
