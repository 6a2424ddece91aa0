// Vault directory in, the notes to read out: tiers, what is skipped, links that stay inside.

import { type Stats, statSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { excludes } from './exclude.ts';
import type { Finding } from './findings.ts';

export type Tier = 1 | 2 | 3;

export interface VaultPlaces {
  /** Absolute; may be a link. */
  readonly vault: string;
  /** Absolute, for tiers 1 to 3. May be the same directory, or inside each other. */
  readonly tiers: readonly [string, string, string];
  /** Globs relative to the vault; one without a slash is looked for at any depth. */
  readonly exclude: readonly string[];
}

export interface NoteFile {
  /** Absolute path without links. */
  readonly path: string;
  /** Vault-relative, with `/`. */
  readonly file: string;
  readonly tier: Tier;
  /** As the file was when it was listed; null if it is gone already. */
  readonly stamp: string | null;
}

export interface Walk {
  /** In path order (code units), each file once however many tiers or links lead to it. */
  readonly notes: readonly NoteFile[];
  readonly findings: readonly Finding[];
  /** The deepest tier around a vault-relative file, the lowest on a tie; null outside of all. */
  tierOf(file: string): Tier | null;
}

interface TierDirectory {
  readonly tier: Tier;
  /** Vault-relative, `''` for the vault itself. */
  readonly directory: string;
}

/**
 * Finds every note of the tiers, or those of `only` (vault-relative) that are notes. A missing vault or tier is a warning,
 * an unreadable directory an error.
 */
export async function findNotes(
  places: VaultPlaces,
  signal: AbortSignal,
  only?: readonly string[],
): Promise<Walk> {
  const root = await realDirectory(places.vault);
  if (root === null) {
    const message = `the vault ${places.vault} is missing or no directory: nothing was read`;
    return { notes: [], findings: [warning('vault_missing', null, message)], tierOf: () => null };
  }
  const walker = new Walker(root, places, signal);
  return only ? walker.look(only) : walker.run();
}

/** What tells a file that was written to from one that was not: size, time of the last write, inode. */
export function stampOf({ size, mtimeMs, ino }: Stats): string {
  return `${size}:${mtimeMs}:${ino}`;
}

class Walker {
  readonly #root: string;
  readonly #places: VaultPlaces;
  readonly #signal: AbortSignal;
  readonly #isExcluded: (name: string, file: string) => boolean;
  readonly #tiers: TierDirectory[] = [];
  readonly #notes: NoteFile[] = [];
  readonly #findings: Finding[] = [];
  /** Real paths of files and directories that were met: each is looked at once. */
  readonly #met = new Set<string>();
  /** Looked at after everything else, so that a file is known by its own name rather than by a link's. */
  readonly #links: string[] = [];

  constructor(root: string, places: VaultPlaces, signal: AbortSignal) {
    this.#root = root;
    this.#places = places;
    this.#signal = signal;
    this.#isExcluded = excludes(places.exclude);
    for (const [index, directory] of places.tiers.entries())
      this.#tiers.push({ tier: (index + 1) as Tier, directory: this.#relative(directory) });
  }

  async run(): Promise<Walk> {
    for (const { directory, tier } of this.#tiers) await this.#tier(directory, tier);
    for (let next = this.#links.shift(); next !== undefined; next = this.#links.shift())
      await this.#follow(next);
    return this.#found();
  }

  async look(files: readonly string[]): Promise<Walk> {
    for (const file of new Set(files)) {
      this.#signal.throwIfAborted();
      if (this.#tierOf(file) === null || this.#isSkippedAnywhere(file)) continue;
      const real = await realpath(path.join(this.#root, file)).catch(() => null);
      if (real !== null && this.#isInVault(real) && (await stat(real).catch(() => null))?.isFile())
        this.#note(real, file);
    }
    return this.#found();
  }

  #found(): Walk {
    this.#notes.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
    return { notes: this.#notes, findings: this.#findings, tierOf: (file) => this.#tierOf(file) };
  }

  async #tier(directory: string, tier: Tier): Promise<void> {
    const real = isInside(directory) ? await realDirectory(path.join(this.#root, directory)) : null;
    if (!isInside(directory) || (real !== null && !this.#isInVault(real))) {
      const message = `tier ${tier} (${this.#places.tiers[tier - 1]}) lies outside the vault: not read`;
      this.#findings.push(warning('tier_outside', null, message));
    } else if (real === null) {
      const message = `tier ${tier} (${this.#places.tiers[tier - 1]}) is missing or no directory`;
      this.#findings.push(warning('tier_missing', null, message));
    } else await this.#directory(real, directory);
  }

  async #directory(real: string, relative: string): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#met.has(real)) return;
    this.#met.add(real);
    const entries = await readdir(real, { withFileTypes: true }).catch((cause) =>
      this.#unreadable(relative, cause),
    );
    for (const entry of entries ?? []) {
      const file = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (this.#isSkipped(entry.name, file)) continue;
      if (entry.isSymbolicLink()) this.#links.push(file);
      else if (entry.isDirectory()) await this.#directory(path.join(real, entry.name), file);
      else if (entry.isFile()) this.#note(path.join(real, entry.name), file);
    }
  }

  #note(real: string, file: string): void {
    if (!/\.md$/i.test(file) || this.#met.has(real)) return;
    this.#met.add(real);
    // In a thread of its own a call that waits is four times as fast as one that answers later.
    const found = statSync(real, { throwIfNoEntry: false });
    this.#notes.push({ path: real, file, tier: this.#tierOf(file)!, stamp: found ? stampOf(found) : null });
  }

  async #follow(link: string): Promise<void> {
    const real = await realpath(path.join(this.#root, link)).catch(() => null);
    if (real === null) {
      if (/\.md$/i.test(link)) this.#findings.push(error('unreadable', link, 'this link leads nowhere'));
      return;
    }
    if (!this.#isInVault(real)) {
      this.#findings.push(warning('link_outside', link, 'this link leads out of the vault: not followed'));
      return;
    }
    const found = await stat(real).catch(() => null);
    if (found?.isDirectory()) await this.#directory(real, link);
    else if (found?.isFile()) this.#note(real, link);
  }

  #unreadable(directory: string, cause: unknown): null {
    const name = directory === '' ? '.' : directory;
    this.#findings.push(error('unreadable', name, `this directory cannot be read (${codeOf(cause)})`));
    return null;
  }

  #isSkipped(name: string, file: string): boolean {
    if (name.startsWith('.') || name.endsWith('.tmp') || name.endsWith('~')) return true;
    return this.#isExcluded(name, file);
  }

  /** The same for every part of a path, as if it had been walked to. */
  #isSkippedAnywhere(file: string): boolean {
    const names = file.split('/');
    return names.some((name, index) => this.#isSkipped(name, names.slice(0, index + 1).join('/')));
  }

  #tierOf(file: string): Tier | null {
    let best: TierDirectory | null = null;
    for (const tier of this.#tiers) {
      const { directory } = tier;
      const around = directory === '' || (file.startsWith(directory) && file[directory.length] === '/');
      if (around && (best === null || directory.length > best.directory.length)) best = tier;
    }
    return best?.tier ?? null;
  }

  #relative(directory: string): string {
    return path.relative(this.#places.vault, directory).split(path.sep).join('/');
  }

  #isInVault(real: string): boolean {
    return isInside(path.relative(this.#root, real));
  }
}

function isInside(relative: string): boolean {
  return (
    relative !== '..' &&
    !relative.startsWith(`..${path.sep}`) &&
    !relative.startsWith('../') &&
    !path.isAbsolute(relative)
  );
}

async function realDirectory(directory: string): Promise<string | null> {
  const real = await realpath(directory).catch(() => null);
  const found = real === null ? null : await stat(real).catch(() => null);
  return found?.isDirectory() ? real : null;
}

/** The system's short name of an error, e.g. EACCES. */
export function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException)?.code ?? String(cause);
}

function warning(kind: string, file: string | null, message: string): Finding {
  return { level: 'warning', kind, file, line: null, message };
}

function error(kind: string, file: string | null, message: string): Finding {
  return { level: 'error', kind, file, line: null, message };
}
