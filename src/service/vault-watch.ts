// Saved notes in, runs of kind `watch` that look at just these out: batched, and through the admission of every other run.

import path from 'node:path';
import { watch } from 'chokidar';
import type { Clock } from '#core/clock';
import type { AppConfig } from '#core/handler';
import type { Log } from '#core/log';

/** So many files at once are not named one by one: the run looks at all, and finds those that changed. */
const MOST_NAMED = 500;

export interface VaultWatchParts {
  clock: Clock;
  log: Log;
  /** As they are now: the watch is switched, and its batches sized, while the service is up. */
  config(): AppConfig;
  /** Asks for a run; false when one waits already, and the files must be named again. */
  request(files: readonly string[] | null): Promise<boolean>;
  watchTree?: WatchTree;
}

/** Tells of each file that was made, written or removed; answers how to stop. */
export type WatchTree = (folders: readonly string[], on: TreeListener) => () => Promise<void>;

export interface TreeListener {
  change(file: string): void;
  error(cause: unknown): void;
  /** From now on every change is told. */
  ready?(): void;
}

export class VaultWatch {
  readonly #parts: VaultWatchParts;
  readonly #changed = new Set<string>();
  #watched = '';
  #stop: () => Promise<void> = async () => {};
  #cancelTimer: (() => void) | null = null;
  #asking: Promise<void> = Promise.resolve();

  constructor(parts: VaultWatchParts) {
    this.#parts = parts;
  }

  /** Begins, ends or moves the watch as the settings now say. */
  async follow(): Promise<void> {
    const { paths, vault } = this.#parts.config();
    const folders = vault.watch.enabled ? [...new Set([paths.tier1, paths.tier2, paths.tier3])] : [];
    if (folders.join('\n') === this.#watched) return;
    await this.stop();
    this.#watched = folders.join('\n');
    if (folders.length === 0) return;
    const start = this.#parts.watchTree ?? watchTree;
    this.#stop = start(folders, {
      change: (file) => this.#note(path.relative(paths.vault, file).split(path.sep).join('/')),
      error: (cause) => this.#tell(cause),
    });
  }

  async stop(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#watched = '';
    await this.#stop();
    this.#stop = async () => {};
    await this.#asking;
  }

  /** Resolves when no run is being asked for. */
  idle(): Promise<void> {
    return this.#asking;
  }

  #note(file: string): void {
    this.#changed.add(file);
    const { batchIntervalMs, maxBatchSize } = this.#parts.config().vault.watch;
    if (this.#changed.size === maxBatchSize) this.#flushIn(0);
    else if (!this.#cancelTimer) this.#flushIn(batchIntervalMs);
  }

  #flushIn(ms: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#parts.clock.timer(ms, () => {
      this.#cancelTimer = null;
      this.#asking = this.#flush();
    });
  }

  /** What cannot be asked for now is asked for later, with what comes until then. */
  async #flush(): Promise<void> {
    const files = [...this.#changed].sort();
    this.#changed.clear();
    const taken = await this.#parts.request(files.length > MOST_NAMED ? null : files).catch((cause) => {
      this.#tell(cause);
      return false;
    });
    if (taken || this.#watched === '') return;
    for (const file of files) this.#changed.add(file);
    this.#flushIn(this.#parts.config().vault.watch.batchIntervalMs);
  }

  #tell(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#parts.log
      .at('vault.watch')
      .warn(`the vault is watched in part: ${message}; the schedule finds what was missed`);
  }
}

/** Names that no sync reads are not watched either. */
export function watchTree(folders: readonly string[], on: TreeListener): () => Promise<void> {
  const tree = watch([...folders], {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (file, found) =>
      !folders.includes(file) &&
      (/^\.|\.tmp$|~$/.test(path.basename(file)) || (found?.isFile() === true && !/\.md$/i.test(file))),
  });
  for (const event of ['add', 'change', 'unlink'] as const) tree.on(event, (file) => on.change(file));
  tree.on('ready', () => on.ready?.());
  tree.on('error', (cause) => on.error(cause));
  return () => tree.close();
}
