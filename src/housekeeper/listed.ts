// A file as it was listed, and everything that proves, later, that it is still the same one.

import type { StatColumns } from './file-work.ts';
import type { Identity } from './open-directory.ts';
import type { PlanFile } from './plan.ts';

export interface ListedFolder {
  /** Relative to the root; empty for the root itself. */
  path: Buffer;
  identity: Identity;
}

/** One place in columns that thousands of files share: two hundred thousand are listed without as many copies. */
export class ListedFile implements PlanFile {
  readonly folder: ListedFolder;
  readonly #columns: StatColumns;
  readonly #place: number;

  constructor(folder: ListedFolder, columns: StatColumns, place: number) {
    this.folder = folder;
    this.#columns = columns;
    this.#place = place;
  }

  /** Its bytes, one character each. */
  get name(): string {
    return this.#columns.names[this.#place]!;
  }

  /** Relative to the root. */
  get path(): Buffer {
    return below(this.folder.path, this.name);
  }

  get mtimeMs(): number {
    return this.#columns.mtimesMs[this.#place]!;
  }

  get mtimeNs(): bigint {
    return this.#columns.mtimesNs[this.#place]!;
  }

  get size(): number {
    return this.#columns.sizes[this.#place]!;
  }

  /** Names this file has (hard links), here or elsewhere. */
  get links(): number {
    return this.#columns.links[this.#place]!;
  }

  get device(): bigint {
    return this.#columns.devices[this.#place]!;
  }

  get inode(): bigint {
    return this.#columns.inodes[this.#place]!;
  }

  get identity(): Identity {
    return `${this.device}:${this.inode}`;
  }
}

/** `name` is its bytes, one character each. */
export function below(folder: Buffer, name: string): Buffer {
  const bytes = Buffer.from(name, 'latin1');
  return folder.length === 0 ? bytes : Buffer.concat([folder, Buffer.from('/'), bytes]);
}
