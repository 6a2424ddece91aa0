// Early word that something in a folder has changed: a hint to compare at once (watch.ts), never trusted alone.

import { watch } from 'chokidar';

export interface FolderNotices {
  /** Hints come from here on. */
  readonly ready: Promise<void>;
  add(folders: readonly string[]): void;
  close(): Promise<void>;
}

/** `concerns` is asked with a folder or a file in one; a hint about any other is not worth the look. */
export type NoticeFolders = (options: { concerns(file: string): boolean; onHint(): void }) => FolderNotices;

/** By the system's notifications. Where they cannot be had it is ready, and silent. */
export const systemNotices: NoticeFolders = ({ concerns, onHint }) => {
  const watcher = watch([], {
    ignoreInitial: true,
    depth: 0,
    followSymlinks: false,
    ignored: (file) => !concerns(file),
  });
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  watcher.on('ready', resolve);
  watcher.on('all', onHint);
  // Without a listener an error would end the process.
  watcher.on('error', () => resolve());
  return { ready, add: (folders) => void watcher.add([...folders]), close: () => watcher.close() };
};
