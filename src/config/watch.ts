// "Something changed" for files that are read again: a watcher wakes early, a comparison of stats never misses.

import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '#core/clock';
import type { FolderNotices, NoticeFolders } from './folder-notices.ts';

/** settings.md, "Watching is a hint": at the latest after this a change is seen, also on a mount without notifications. */
export const COMPARE_MS = 5_000;
/** An editor's burst of events becomes one. */
const SETTLE_MS = 50;

export interface WatchOptions {
  /** Absolute. Asked anew at every look, so the set may change; files need not exist. */
  readonly paths: () => readonly string[];
  /** Gets the files that differ from the last look. It may be a torn write: the rest of it is another change. */
  readonly onChange: (changed: readonly string[]) => void;
  /**
   * On a disk that may not answer, e.g. a network mount: looked at without waiting for it. The others are looked at
   * at once, which costs an idle process a tenth of that.
   */
  readonly mayHang: (file: string) => boolean;
  readonly noticeFolders: NoticeFolders;
  readonly compareMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface SettingsWatch {
  /** The early waking works from here on; the comparison does from the start. */
  readonly ready: Promise<void>;
  /** Looks now. Resolves after `onChange` was told what there is to tell. */
  check(): Promise<void>;
  /** Resolves when no look is under way. */
  idle(): Promise<void>;
  /** Resolves when nothing is held open any more, after `signal` aborted. */
  readonly closed: Promise<void>;
}

/**
 * Watches until `signal` aborts. What counts as seen is the state of the files at this call: start it before
 * the files are read. An unreadable watch (no inotify, too many watches) costs speed only, never a change.
 */
export function watchSettings(options: WatchOptions): SettingsWatch {
  return new Watch(options);
}

/** Null = not there. */
type Fingerprint = string | null;

class Watch implements SettingsWatch {
  readonly ready: Promise<void>;
  readonly closed: Promise<void>;
  readonly #options: WatchOptions;
  readonly #notices: FolderNotices;
  readonly #folders = new Set<string>();
  #seen: Map<string, Fingerprint>;
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #cancelCompare: () => void = () => {};
  #cancelSettle: (() => void) | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    const paths = options.paths();
    this.#seen = new Map(paths.map((file) => [file, fingerprintNow(file)]));
    this.#notices = options.noticeFolders({
      concerns: (file) => this.#concerns(file),
      onHint: () => this.#hint(),
    });
    this.#watchFolders(paths);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    if (paths.length === 0) resolve();
    else void this.#notices.ready.then(resolve);
    this.#armCompare();
    this.closed = this.#closeOnAbort(resolve);
  }

  check(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async idle(): Promise<void> {
    await this.#looking;
  }

  async #look(): Promise<void> {
    do {
      this.#lookAgain = false;
      const paths = this.#options.paths();
      const now = new Map<string, Fingerprint>();
      for (const file of paths)
        now.set(file, this.#options.mayHang(file) ? await fingerprint(file) : fingerprintNow(file));
      if (this.#options.signal.aborted) return;
      const changed = paths.filter((file) => now.get(file) !== (this.#seen.get(file) ?? null));
      this.#seen = now;
      this.#watchFolders(paths);
      if (changed.length > 0) this.#options.onChange(changed);
    } while (this.#lookAgain);
  }

  #hint(): void {
    if (this.#options.signal.aborted || this.#cancelSettle) return;
    this.#cancelSettle = this.#options.clock.timer(SETTLE_MS, () => {
      this.#cancelSettle = null;
      void this.check();
    });
  }

  #armCompare(): void {
    this.#cancelCompare = this.#options.clock.timer(this.#options.compareMs, () => {
      void this.check().finally(() => {
        if (!this.#options.signal.aborted) this.#armCompare();
      });
    });
  }

  /** The folder, not the file: an editor that renames over the file would leave a watch on the old one. */
  #watchFolders(paths: readonly string[]): void {
    const fresh = [...new Set(paths.map((file) => path.dirname(file)))].filter(
      (folder) => !this.#folders.has(folder),
    );
    if (fresh.length === 0) return;
    for (const folder of fresh) this.#folders.add(folder);
    this.#notices.add(fresh);
  }

  /** The files, their folders, and the `..data` links by which Kubernetes swaps a whole ConfigMap. */
  #concerns(file: string): boolean {
    if (this.#folders.has(file) || path.basename(file).startsWith('..')) return true;
    return this.#seen.has(file);
  }

  #closeOnAbort(onClosed: () => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const close = () => {
      this.#cancelCompare();
      this.#cancelSettle?.();
      onClosed();
      this.#notices.close().then(resolve, reject);
    };
    if (this.#options.signal.aborted) close();
    else this.#options.signal.addEventListener('abort', close, { once: true });
    return promise;
  }
}

async function fingerprint(file: string): Promise<Fingerprint> {
  try {
    return fingerprintOf(await stat(file, { bigint: true }));
  } catch {
    return null;
  }
}

function fingerprintNow(file: string): Fingerprint {
  try {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    return found ? fingerprintOf(found) : null;
  } catch {
    return null;
  }
}

/** Links are followed: a swapped link is another inode. */
function fingerprintOf({ mtimeNs, ctimeNs, size, ino, dev }: BigIntStats): string {
  return [mtimeNs, ctimeNs, size, ino, dev].join(':');
}
