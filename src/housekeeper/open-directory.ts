// A directory held open, so that what is checked and what is deleted is the same one, whatever its path becomes.

import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, stat } from 'node:fs/promises';
import { SchedulerError } from '#core/errors';

/** Device and inode, `dev:ino`: what a path stands for, beyond its name. */
export type Identity = string;

export function identityOf(stats: { dev: bigint; ino: bigint }): Identity {
  return `${stats.dev}:${stats.ino}`;
}

const SLASH = Buffer.from('/');
/** Never waits on a pipe, never goes through a link in the last segment. */
const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Where the system has `/proc/self/fd`, every name is looked up in the open directory itself. Elsewhere it is
 * looked up by path, after a check that the path still leads to the open directory.
 */
export class OpenDirectory implements AsyncDisposable {
  /** Absolute, as it was when it was opened. */
  readonly path: Buffer;
  readonly identity: Identity;
  /** Bytes that its names take on the disk, as far as the file system tells: a guess at how many there are. */
  readonly bytes: number;
  readonly #handle: FileHandle;
  readonly #viaDescriptor: Buffer | null;

  private constructor(path: Buffer, stats: BigIntStats, handle: FileHandle, viaDescriptor: Buffer | null) {
    this.path = path;
    this.bytes = Number(stats.size);
    this.identity = identityOf(stats);
    this.#handle = handle;
    this.#viaDescriptor = viaDescriptor;
  }

  /**
   * Opens a directory by its resolved path. Refused with CLEANUP_ERROR if the path, any folder of it, is a
   * link by now; errors of the system (no such directory, no permission) pass through.
   */
  static async openRoot(realPath: string, { descriptors = true } = {}): Promise<OpenDirectory> {
    const path = Buffer.from(realPath);
    const directory = await OpenDirectory.#open(path, path, descriptors);
    try {
      await directory.refuseIfMoved();
      return directory;
    } catch (thrown) {
      await directory[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Opens a folder below by its relative path, each segment a real directory: links are refused. */
  async openBelow(relative: Buffer): Promise<OpenDirectory> {
    let current: OpenDirectory = this;
    try {
      for (const segment of segments(relative)) {
        const path = Buffer.concat([current.path, SLASH, segment]);
        const next = await OpenDirectory.#open(
          await current.locate(segment),
          path,
          this.#viaDescriptor !== null,
        );
        if (current !== this) await current[Symbol.asyncDispose]();
        current = next;
      }
      return current === this
        ? await OpenDirectory.#open(await this.here(), this.path, this.#viaDescriptor !== null)
        : current;
    } catch (thrown) {
      if (current !== this) await current[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** A path to the entry `name` of this directory, good for one immediate call. */
  async locate(name: Buffer): Promise<Buffer> {
    return Buffer.concat([await this.#base(), SLASH, name]);
  }

  /**
   * What goes before a name of this directory, as bytes of one character each, good for calls that follow at once: every
   * name is looked up in the open directory where `isPinned`.
   */
  async base(): Promise<string> {
    return `${(await this.#base()).toString('latin1')}/`;
  }

  /** The quicker way by its path, for looking only: whoever uses it asks `refuseIfMoved` afterwards. */
  async listingBase(): Promise<string> {
    await this.refuseIfMoved();
    return `${this.path.toString('latin1')}/`;
  }

  get isPinned(): boolean {
    return this.#viaDescriptor !== null;
  }

  /** A path to the directory itself, to list or open it; `/.` because a descriptor's own path is a link. */
  async here(): Promise<Buffer> {
    return this.locate(Buffer.from('.'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  static async #open(lookup: Buffer, path: Buffer, descriptors: boolean): Promise<OpenDirectory> {
    const handle = await open(lookup, FLAGS);
    try {
      const stats = await handle.stat({ bigint: true });
      const descriptor = Buffer.from(`/proc/self/fd/${handle.fd}`);
      const usable = descriptors && (await leadsTo(descriptor, identityOf(stats)));
      return new OpenDirectory(path, stats, handle, usable ? descriptor : null);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  async #base(): Promise<Buffer> {
    if (this.#viaDescriptor) return this.#viaDescriptor;
    const now = await lstat(this.path, { bigint: true });
    if (identityOf(now) !== this.identity) throw swapped(this.path);
    return this.path;
  }

  /** Throws CLEANUP_ERROR where its path no longer leads to it. */
  async refuseIfMoved(): Promise<void> {
    const actual = this.#viaDescriptor
      ? await readlink(this.#viaDescriptor, { encoding: 'buffer' })
      : await realpath(this.path, { encoding: 'buffer' });
    if (!actual.equals(this.path)) throw swapped(this.path);
  }
}

export function swapped(path: Uint8Array): SchedulerError {
  return new SchedulerError(
    'CLEANUP_ERROR',
    `${Buffer.from(path).toString()} was replaced while it was being cleaned; nothing more was deleted there`,
    'see what moved or linked it, then run the cleanup again',
  );
}

async function leadsTo(descriptor: Buffer, identity: Identity): Promise<boolean> {
  try {
    return identityOf(await stat(descriptor, { bigint: true })) === identity;
  } catch {
    return false; // no /proc here, or closed to this process
  }
}

function segments(relative: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start < relative.length; ) {
    const slash = relative.indexOf(0x2f, start);
    const end = slash < 0 ? relative.length : slash;
    found.push(relative.subarray(start, end));
    start = end + 1;
  }
  return found;
}
