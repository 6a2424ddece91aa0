// The files without which no job comes up in a process of its own: the application, the job's code, its packages.

import { existsSync, mkdirSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JobCode } from '#core/handler';
import type { Needs } from './permissions.ts';

/** Its code and its packages. Not its root: settings, `.env` and the state directory may lie there. */
const HERE = fileURLToPath(import.meta.url);
const APPLICATION = [path.resolve(path.dirname(HERE), '../..'), ...packagesAbove(HERE)];

/** `own` = folders that the job may write to in any case. */
export function codeNeeds(code: JobCode, own: readonly string[]): Needs {
  const files = [...code.sources.keys()].map((url) => fileURLToPath(url));
  const isFolder = path.parse(code.file).name === 'index';
  const itself = isFolder ? [path.dirname(code.file)] : [code.file, ...files];
  return { read: [...APPLICATION, ...itself, ...packagesAbove(code.file)], write: own };
}

/**
 * Compiled code of processes, which halves their start. Not the service's own: who may write there says what the service
 * runs. Null = there is no place for it.
 */
export function processCache(): string | null {
  const ours = getCompileCacheDir();
  if (ours === undefined) return null;
  const cache = `${path.dirname(ours)}-processes`;
  try {
    mkdirSync(cache, { recursive: true });
    return cache;
  } catch {
    return null;
  }
}

/** Where Node looks for the bare imports of a file, and for the kind of its modules. */
function packagesAbove(file: string): string[] {
  const found: string[] = [];
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    found.push(...['node_modules', 'package.json'].map((name) => path.join(folder, name)).filter(existsSync));
    if (folder === path.dirname(folder)) return found;
  }
}
