// Pauses that live outside the store: the environment, the watched `.env` files, `.aclarai_pause` in the vault (rule 6).

import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ObservedPause } from '#core/pause';

/** The variable that pauses all automation (seed 004). */
export const PAUSE_VARIABLE = 'AUTOMATION_PAUSE';
export const PAUSE_FILE = '.aclarai_pause';

export interface PauseSourcesOptions {
  /** `AUTOMATION_PAUSE` of the process environment, as it was at start. */
  environment: string | undefined;
  /** Later wins. They need not exist. */
  envFiles: () => readonly string[];
  vault: () => string;
  parseEnv: (text: string) => Record<string, string>;
}

/** True for true, 1, yes, on in any case. */
export function isOn(value: string | undefined): boolean {
  return /^(true|1|yes|on)$/i.test(value?.trim() ?? '');
}

/**
 * Reads the sources anew at every call: each file is stat-ed, and read again only when it changed. A file wins over
 * the process environment when it names the variable, and the last file that names it over the others.
 */
export class PauseSources {
  readonly #options: PauseSourcesOptions;
  #marked = false;
  readonly #seen = new Map<string, { stamp: string; value: string | undefined }>();

  constructor(options: PauseSourcesOptions) {
    this.#options = options;
  }

  async read(): Promise<ObservedPause[]> {
    const files = this.#options.envFiles();
    const marker = path.join(this.#options.vault(), PAUSE_FILE);
    const [marked, ...values] = await Promise.all([
      exists(marker, this.#marked),
      ...files.map((file) => this.#valueIn(file)),
    ]);
    const naming = values.findLastIndex((value) => value !== undefined);
    const held: ObservedPause[] = [];
    if (naming >= 0) {
      if (isOn(values[naming])) held.push({ source: 'env_file', who: `${files[naming]}: ${PAUSE_VARIABLE}` });
    } else if (isOn(this.#options.environment)) held.push({ source: 'environment', who: PAUSE_VARIABLE });
    this.#marked = marked;
    if (this.#marked) held.push({ source: 'vault_file', who: marker });
    return held;
  }

  async #valueIn(file: string): Promise<string | undefined> {
    const found = await stat(file).catch((error) => (isGone(error) ? null : 'unknown'));
    if (found === 'unknown') return this.#seen.get(file)?.value;
    if (!found?.isFile()) {
      this.#seen.delete(file);
      return undefined;
    }
    const stamp = `${found.mtimeMs}:${found.size}:${found.ino}`;
    const known = this.#seen.get(file);
    if (known?.stamp === stamp) return known.value;
    const text = await readFile(file, 'utf8').catch(() => null);
    // Unreadable this time: what was known stands, a pause is not lifted by a permission error.
    if (text === null) return known?.value;
    const value = this.#options.parseEnv(text)[PAUSE_VARIABLE];
    this.#seen.set(file, { stamp, value });
    return value;
  }
}

/** `before` where the disk does not say: a pause is not lifted by an error. */
async function exists(file: string, before: boolean): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    return isGone(error) ? false : before;
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
