// Vault directory in, the notes to read out: tiers, what is skipped, links that stay inside.

import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
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
}

export interface Walk {
  /** In path order (code units), each file once however many tiers or links lead to it. */
  readonly notes: readonly NoteFile[];
  readonly findings: readonly Finding[];
}

interface TierDirectory {
  readonly tier: Tier;
  /** Vault-relative, `''` for the vault itself. */
  readonly directory: string;
}

/** Finds every note of the tiers. A missing vault or tier is a warning, an unreadable directory an error. */
export async function findNotes(places: VaultPlaces, signal: AbortSignal): Promise<Walk> {
  const root = await realDirectory(places.vault);
  if (root === null) {
    const message = `the vault ${places.vault} is missing or no directory: nothing was read`;
    return { notes: [], findings: [warning('vault_missing', null, message)] };
  }
  return new Walker(root, places, signal).run();
}

class Walker {
  readonly #root: string;
  readonly #places: VaultPlaces;
  readonly #signal: AbortSignal;
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
  }

  async run(): Promise<Walk> {
    for (const [index, directory] of this.#places.tiers.entries())
      this.#tiers.push({ tier: (index + 1) as Tier, directory: this.#relative(directory) });
    for (const { directory, tier } of this.#tiers) await this.#tier(directory, tier);
    for (let next = this.#links.shift(); next !== undefined; next = this.#links.shift())
      await this.#follow(next);
    this.#notes.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
    return { notes: this.#notes, findings: this.#findings };
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
    this.#notes.push({ path: real, file, tier: this.#tierOf(file) });
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
    return this.#places.exclude.some((glob) => {
      const pattern = glob.replace(/^\.?\/|\/$/g, '');
      return path.posix.matchesGlob(pattern.includes('/') ? file : name, pattern);
    });
  }

  /** The deepest tier around a file, the lowest on a tie. Every note was found under one. */
  #tierOf(file: string): Tier {
    const around = this.#tiers.filter(
      ({ directory }) => directory === '' || file.startsWith(`${directory}/`),
    );
    return around.reduce((best, next) => (next.directory.length > best.directory.length ? next : best)).tier;
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
