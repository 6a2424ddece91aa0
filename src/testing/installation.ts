// A settings file in a directory of its own, for one test: what the service would have read, without the user's.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatNote } from '#config/format';
import { loadSettings } from '#config/load';
import type { Settings } from '#config/settings';
import { SchedulerError } from '#core/errors';
import type { HandlerInfo, JsonObject } from '#core/handler';

export interface Place {
  readonly dir: string;
  readonly settingsFile: string;
  remove(): Promise<void>;
}

/** With an empty vault in `vault`. */
export async function makePlace(): Promise<Place> {
  const dir = await mkdtemp(path.join(tmpdir(), 'scheduler-test-'));
  await mkdir(path.join(dir, 'settings'));
  await mkdir(path.join(dir, 'vault'));
  return {
    dir,
    settingsFile: path.join(dir, 'settings/aclarai.config.yaml'),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/**
 * `sections` = the settings file but `scheduler.jobs`; `jobs` = the keys of each entry. Built-in jobs are off unless
 * named. Throws VALIDATION_ERROR with every fault, as `validate` names them.
 */
export async function settingsOf(
  place: Place,
  sections: JsonObject,
  jobs: Readonly<Record<string, JsonObject>>,
  lookup: (name: string) => HandlerInfo | undefined,
): Promise<Settings> {
  const { paths, scheduler, ...others } = sections as Record<string, JsonObject | undefined>;
  const off = { enabled: false };
  const file = {
    ...others,
    paths: { vault: 'vault', ...paths },
    // No other process writes to this ledger.
    scheduler: { check_interval: 60, ...scheduler, jobs: { vault_sync: off, housekeeping: off, ...jobs } },
  };
  // JSON is YAML, too.
  await writeFile(place.settingsFile, JSON.stringify(file, null, 2));
  const answer = await loadSettings({
    file: place.settingsFile,
    env: {},
    cwd: place.dir,
    handlers: async () => lookup,
  });
  if (answer.kind === 'ok') return answer.settings;
  throw new SchedulerError('VALIDATION_ERROR', answer.faults.map(formatNote).join('\n'));
}
