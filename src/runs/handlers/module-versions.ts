// Lets Node load a job file again when its code changed, and find its bare imports in the application.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isFunctionModule } from '#core/function-module';
import type { JobCode } from '#core/handler';
import { resolveBare } from './bare-imports.ts';

/** Query that marks a module as part of a job's code: `?job=<content hash>`. */
const MARK = 'job';

/** Files of a job's code (itself and its local imports), by the URL of its entry file. */
const filesOf = new Map<string, Set<string>>();
const entryOf = new Map<string, string>();
/** Text of the modules of each version, by the URL of its entry with the mark, then by their own without it. */
const sourcesOf = new Map<string, Map<string, Source>>();
let hooked = false;

type Source = { format: string; text: string };
/** Formats whose text can be handed to another thread; the others are read from the disk there. */
const TEXT_FORMATS = ['module', 'module-typescript', 'json'];

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
export async function importVersion(file: string): Promise<{ exports: Exports; code: JobCode }> {
  const entry = pathToFileURL(file).href;
  if (!filesOf.has(entry)) filesOf.set(entry, new Set([file]));
  const version = `${entry}?${MARK}=${codeHash(codeFiles(file))}`;
  const exports = await importMarked(version, entry, sourcesOf.get(version) ?? new Map());
  return { exports, code: { file, hash: codeHash(codeFiles(file)), sources: sourcesOf.get(version)! } };
}

/** Imports what another thread has loaded, also where the disk holds something else by now. */
export async function importCode({ file, hash, sources }: JobCode): Promise<Exports> {
  const entry = pathToFileURL(file).href;
  return await importMarked(`${entry}?${MARK}=${hash}`, entry, new Map(sources));
}

type Exports = Record<string, unknown>;

async function importMarked(version: string, entry: string, sources: Map<string, Source>): Promise<Exports> {
  hookOnce();
  sourcesOf.set(version, sources);
  entryOf.set(version, entry);
  const exports = (await import(version)) as Exports;
  // A function module has no default export: it is one.
  return isFunctionModule(exports) ? { default: exports } : exports;
}

function hookOnce(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      // The entry itself, which may be gone from the disk.
      if (known(specifier)) return { url: specifier, shortCircuit: true };
      const parent = context.parentURL;
      const entry = parent === undefined ? undefined : entryOf.get(parent);
      if (parent === undefined || entry === undefined) return nextResolve(specifier, context);
      const isLocal = /^\.{0,2}\//.test(specifier) || specifier.startsWith('file:');
      if (!isLocal) return resolveBare(specifier, context, nextResolve);
      const meant = `${new URL(specifier, parent).href}${markOf(parent)}`;
      if (known(meant, entry)) {
        entryOf.set(meant, entry);
        return { url: meant, shortCircuit: true };
      }
      const found = nextResolve(specifier, context);
      if (!found.url.startsWith('file:') || found.url.includes('/node_modules/')) return found;
      filesOf.get(entry)?.add(fileURLToPath(found.url));
      const url = `${found.url}${markOf(parent)}`;
      entryOf.set(url, entry);
      return { ...found, url };
    },
    load(url, context, nextLoad) {
      const source = known(url);
      if (source) return { format: source.format, source: source.text, shortCircuit: true };
      const loaded = nextLoad(url, context);
      const { format, source: text } = loaded;
      if (text && format && TEXT_FORMATS.includes(format))
        sourcesAt(url)?.set(unmarked(url), { format, text: textOf(text) });
      return loaded;
    },
  });
}

/** The module as its version has it. */
function known(url: string, entry = entryOf.get(url)): Source | undefined {
  return sourcesAt(url, entry)?.get(unmarked(url));
}

/** All of the version that the module belongs to; undefined = it is no job's code. */
function sourcesAt(url: string, entry = entryOf.get(url)): Map<string, Source> | undefined {
  return entry === undefined ? undefined : sourcesOf.get(`${entry}${markOf(url)}`);
}

/** `?job=<content hash>` */
function markOf(url: string): string {
  return url.slice(url.lastIndexOf(`?${MARK}=`));
}

function unmarked(url: string): string {
  return url.slice(0, url.lastIndexOf(`?${MARK}=`));
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}
