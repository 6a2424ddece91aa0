// The disk for the planner, and the plan for the disk: lists regular files, deletes those that are still the same.

import { type Dirent, readdirSync } from 'node:fs';
import { mapBounded, nextTurn } from './bounded.ts';
import { type NamedFault, type Proofs, reasonOf } from './file-work.ts';
import { Hands } from './hands.ts';
import { below, ListedFile, type ListedFolder } from './listed.ts';
import { type Identity, type OpenDirectory, swapped } from './open-directory.ts';
import type { NamePattern } from './pattern.ts';

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

/** What the folders of one listing share. */
interface Sweep {
  pattern: NamePattern;
  listing: Listing;
  hands: Hands;
  recursive: boolean;
  avoid: ReadonlySet<Identity> | undefined;
}

/** Files in one piece of work: the fewest that are worth a thread, the most that may pass before an abort is seen. */
const LEAST_PIECE = 1_000;
const MOST_PIECE = 5_000;
/** A directory with thousands of names takes more than this, on every common file system. */
const MANY_BYTES = 100_000;
const DOT = '.';

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
  await using hands = Hands.forLooking();
  const sweep: Sweep = { pattern, listing, hands, recursive, avoid };
  const folders = await listFolder(root, top, sweep);
  while (recursive && folders.length > 0) {
    signal?.throwIfAborted();
    const path = folders.shift()!;
    folders.push(...(await listBelow(root, path, sweep)));
  }
  return listing;
}

/** Files of one folder into the listing; answers the folders in it, where they are asked for. */
async function listFolder(
  directory: OpenDirectory,
  folder: ListedFolder,
  { pattern, listing, hands, recursive }: Sweep,
): Promise<Buffer[]> {
  if (directory.bytes > MANY_BYTES) hands.hire();
  const { names, folders } = await readNames(directory, pattern, recursive);
  const all = pieces(names, pieceOf(names.length, hands));
  const base = await directory.listingBase();
  await mapBounded(all, hands.count, async (piece) => {
    const columns = await hands.stat(base, piece, all.length > 1);
    for (const place of columns.names.keys()) listing.files.push(new ListedFile(folder, columns, place));
    for (const { name, reason } of columns.faults)
      listing.unreadable.push({ path: below(folder.path, name).toString(), kind: 'file', reason });
  });
  await directory.refuseIfMoved();
  return folders.map((name) => below(folder.path, name));
}

/** Matching names that may be files, and folders. Kinds are only asked for where folders are: they cost as much again. */
async function readNames(
  directory: OpenDirectory,
  pattern: NamePattern,
  recursive: boolean,
): Promise<{ names: string[]; folders: string[] }> {
  const here = await directory.here();
  if (!recursive) return { names: readdirSync(here, 'latin1').filter(pattern.matches), folders: [] };
  const entries = readdirSync(here, { withFileTypes: true, encoding: 'latin1' });
  const files = entries.filter((entry) => entry.isFile() && pattern.matches(entry.name));
  return {
    names: files.map(({ name }) => name),
    folders: entries.filter(isVisibleFolder).map(({ name }) => name),
  };
}

async function listBelow(root: OpenDirectory, path: Buffer, sweep: Sweep): Promise<Buffer[]> {
  try {
    await using directory = await root.openBelow(path);
    if (sweep.avoid?.has(directory.identity)) return [];
    return await listFolder(directory, { path, identity: directory.identity }, sweep);
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ENOENT')
      sweep.listing.unreadable.push({ path: path.toString(), kind: 'folder', reason: reasonOf(thrown) });
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
  await using hands = Hands.forRemoving();
  const byFolder = [...Map.groupBy(files, (file) => file.folder)];
  const isMuch = files.length > LEAST_PIECE;
  const removals = await mapBounded(byFolder, isMuch ? hands.count : 1, ([folder, inFolder]) =>
    removeFromFolder(root, folder, inFolder, hands, isMuch, signal),
  );
  return removals.flat();
}

async function removeFromFolder(
  root: OpenDirectory,
  folder: ListedFolder,
  files: readonly ListedFile[],
  hands: Hands,
  aside: boolean,
  signal: AbortSignal | undefined,
): Promise<Removal[]> {
  const keepAll = (reason: string): Removal[] => files.map((file) => ({ file, deleted: false, reason }));
  try {
    await using directory = await root.openBelow(folder.path);
    if (directory.identity !== folder.identity) return keepAll('its folder was replaced since it was listed');
    const all = pieces(files, directory.isPinned ? pieceOf(files.length, hands) : 1);
    const removals = await mapBounded(all, aside ? hands.count : 1, (piece) =>
      removePiece(directory, piece, hands, aside, signal),
    );
    return removals.flat();
  } catch (thrown) {
    return keepAll(`its folder cannot be opened: ${reasonOf(thrown)}`);
  }
}

async function removePiece(
  directory: OpenDirectory,
  piece: readonly ListedFile[],
  hands: Hands,
  aside: boolean,
  signal: AbortSignal | undefined,
): Promise<Removal[]> {
  await nextTurn(); // an abort is told between two turns
  if (signal?.aborted)
    return piece.map((file) => ({ file, deleted: false, reason: 'the cleanup was stopped first' }));
  let kept: NamedFault[];
  try {
    kept = await hands.remove(await directory.base(), proofsOf(piece), aside);
  } catch (thrown) {
    return piece.map((file) => ({ file, deleted: false, reason: reasonOf(thrown) }));
  }
  const reasons = new Map(kept.map(({ name, reason }) => [name, reason]));
  return piece.map((file): Removal => {
    const reason = reasons.get(file.name);
    return reason === undefined ? { file, deleted: true } : { file, deleted: false, reason };
  });
}

function proofsOf(files: readonly ListedFile[]): Proofs {
  return {
    names: files.map((file) => file.name),
    devices: BigUint64Array.from(files, (file) => file.device),
    inodes: BigUint64Array.from(files, (file) => file.inode),
    mtimesNs: BigInt64Array.from(files, (file) => file.mtimeNs),
    sizes: Float64Array.from(files, (file) => file.size),
  };
}

/**
 * Bytes that go when these files go, each name counted apart: a file with names left elsewhere frees nothing,
 * one whose names all go is counted once.
 */
export function bytesFreed(files: readonly ListedFile[]): number {
  let bytes = 0;
  const shared: ListedFile[] = [];
  for (const file of files) {
    if (file.links <= 1) bytes += file.size;
    else shared.push(file);
  }
  for (const [, names] of Map.groupBy(shared, (file) => file.identity))
    if (names.length >= names[0]!.links) bytes += names[0]!.size;
  return bytes;
}

/** Several for each hand, so that none waits long for the last. */
function pieceOf(count: number, hands: Hands): number {
  return Math.min(MOST_PIECE, Math.max(LEAST_PIECE, Math.ceil(count / hands.count / 2)));
}

function pieces<Item>(items: readonly Item[], most: number): Item[][] {
  const count = Math.ceil(items.length / most);
  return Array.from({ length: count }, (_, n) => items.slice(n * most, (n + 1) * most));
}

function isVisibleFolder(entry: Dirent<string>): boolean {
  return entry.isDirectory() && !entry.name.startsWith(DOT);
}
