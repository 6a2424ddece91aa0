// Lets Node load a job file again when its code changed, and find its bare imports in the application.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Query that marks a module as part of a job's code: `?job=<content hash>`. */
const MARK = 'job';

/** Files of a job's code (itself and its local imports), by the URL of its entry file. */
const filesOf = new Map<string, Set<string>>();
const entryOf = new Map<string, string>();
let hooked = false;

/** A job's file and its local imports as seen so far, sorted; a later dynamic import adds to them. */
export function codeFiles(file: string): string[] {
  return [...(filesOf.get(pathToFileURL(file).href) ?? [file])].sort();
}

/** Content of the files. */
export function codeHash(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const each of files) {
    hash.update(each).update('\0');
    if (existsSync(each)) hash.update(readFileSync(each));
  }
  return hash.digest('hex');
}

/** Cheap sign that `codeHash` may have changed: size, mtime and inode of the files. */
export function codeStamp(files: readonly string[]): string {
  return files.map(stampOf).join('|');
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : 'gone';
}

/** Imports the file as it is now; the same content gives the same module. */
export async function importVersion(
  file: string,
): Promise<{ exports: Record<string, unknown>; hash: string }> {
  hookOnce();
  const entry = pathToFileURL(file).href;
  if (!filesOf.has(entry)) filesOf.set(entry, new Set([file]));
  const version = `${entry}?${MARK}=${codeHash(codeFiles(file))}`;
  entryOf.set(version, entry);
  const exports = (await import(version)) as Record<string, unknown>;
  return { exports, hash: codeHash(codeFiles(file)) };
}

function hookOnce(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = context.parentURL;
      const entry = parent === undefined ? undefined : entryOf.get(parent);
      if (parent === undefined || entry === undefined) return nextResolve(specifier, context);
      const isLocal = /^\.{0,2}\//.test(specifier) || specifier.startsWith('file:');
      if (!isLocal) return resolveBare(specifier, context, nextResolve);
      const found = nextResolve(specifier, context);
      if (!found.url.startsWith('file:') || found.url.includes('/node_modules/')) return found;
      filesOf.get(entry)?.add(fileURLToPath(found.url));
      const url = `${found.url}${new URL(parent).search}`;
      entryOf.set(url, entry);
      return { ...found, url };
    },
  });
}

type Resolve = Parameters<NonNullable<Parameters<typeof registerHooks>[0]['resolve']>>;

/** From the job's own folder first, then as if the application had asked. */
function resolveBare(
  specifier: Resolve[0],
  context: Resolve[1],
  nextResolve: Resolve[2],
): ReturnType<Resolve[2]> {
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return nextResolve(specifier, { ...context, parentURL: import.meta.url });
  }
}
