// `!ref:storage_fs:PATH`: the text of a file below an allowed folder, whatever links lie on the way.

import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Json } from '#core/handler';
import { Refused } from './references.ts';

export interface ReferenceFolders {
  /** `housekeeper.allowed_roots`. */
  roots: readonly string[];
  /** Files and folders that are never read, though they lie below a root: the ledger, settings, `.env`. */
  closed: readonly string[];
  /** What a relative path counts from. */
  base: string;
}

const LARGEST = 1_048_576;

/** Undefined = no such file. Throws Refused. */
export async function readReferencedFile(name: string, folders: ReferenceFolders): Promise<Json | undefined> {
  const wanted = path.resolve(folders.base, name);
  let real: string;
  try {
    real = await realpath(wanted);
  } catch (error) {
    // Whether something is there is not told of places that are none of its business.
    await refuseOutside(wanted, folders);
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
  await refuseOutside(real, folders);
  const file = await open(real, 'r');
  try {
    // Of what is open: a folder may have been swapped for a link since.
    const opened = await realpath(`/proc/self/fd/${file.fd}`).catch(() => real);
    await refuseOutside(opened, folders);
    const { size, isFile } = await file
      .stat()
      .then((found) => ({ size: found.size, isFile: found.isFile() }));
    if (!isFile) throw new Refused('is no regular file');
    if (size > LARGEST) throw new Refused(`has ${size} bytes, at most ${LARGEST}`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function refuseOutside(real: string, { roots, closed }: ReferenceFolders): Promise<void> {
  const resolve = async (each: string) => await realpath(each).catch(() => path.resolve(each));
  const isBelow = async (folder: string) => lies(real, await resolve(folder));
  const open = await Promise.all(roots.map(isBelow));
  if (!open.includes(true)) throw new Refused('lies below no entry of housekeeper.allowed_roots');
  const shut = await Promise.all(closed.map(isBelow));
  if (shut.includes(true)) throw new Refused('belongs to the scheduler itself');
}

function lies(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
