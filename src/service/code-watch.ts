// For who writes a job: tells when its code or the settings are not what they were at the last run.

import path from 'node:path';
import { systemNotices } from '#config/folder-notices';
import type { Settings } from '#config/settings';
import { watchSettings } from '#config/watch';
import type { Clock } from '#core/clock';
import { WatchedJobPaths } from '#runs/handlers/job-files';
import { codeFiles } from '#runs/handlers/module-versions';

export interface CodeWatch {
  /** Looks now: an import that the last run has loaded is known from here on. */
  settle(): Promise<void>;
  /** Resolves to the files that changed since the last answer; to none when the signal aborts first. */
  next(): Promise<readonly string[]>;
  /** Resolves when nothing is held open any more, after the signal aborted. */
  readonly closed: Promise<void>;
}

/** A person waits. */
const COMPARE_MS = 1_000;

/** What counts as seen is the state of the files at this call: start it before the run that it follows. */
export function watchCode(settings: Settings, clock: Clock, signal: AbortSignal): CodeWatch {
  const jobPaths = new WatchedJobPaths();
  const paths = () => {
    const ofJobs = jobPaths.of(settings.scheduler.jobDirectories);
    const files = [settings.file, ...settings.envFiles, ...ofJobs, ...ofJobs.flatMap(codeFiles)];
    return [...new Set(files)];
  };
  const known = new Set(paths());
  const changed = new Set<string>();
  let isOver = Promise.withResolvers<void>();
  const onChange = (files: readonly string[]) => {
    for (const file of files) if (known.has(file)) changed.add(file);
    // What joins is no change: the run has seen it.
    for (const file of paths()) known.add(file);
    if (changed.size > 0) isOver.resolve();
  };
  signal.addEventListener('abort', () => isOver.resolve(), { once: true });
  const how = { mayHang: () => false, noticeFolders: systemNotices, compareMs: COMPARE_MS };
  const watch = watchSettings({ ...how, paths, onChange, clock, signal });
  return {
    settle: () => watch.check(),
    async next() {
      if (!signal.aborted) await isOver.promise;
      const all = [...changed].sort();
      // The folder has changed as well where a file was made or put in its place.
      const files = all.filter((each) => !all.some((other) => path.dirname(other) === each));
      changed.clear();
      isOver = Promise.withResolvers();
      return signal.aborted ? [] : files;
    },
    closed: watch.closed,
  };
}
