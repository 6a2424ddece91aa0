// A whole housekeeper over a folder of its own, for tests of what it does to a disk.

import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type {
  CleanupAnswer,
  CleanupReport,
  CleanupRequest,
  CleanupResult,
  HousekeeperSettings,
  StoredCleanup,
} from '#core/cleanup';
import { createHousekeeper } from '#housekeeper/housekeeper';
import { NOW, recordingLog, ruleWith, settingsWith, standingClock, tempFolder } from './support.ts';

/** A house with a vault, a state directory and a folder to clean. */
export function house(onLine?: Parameters<typeof recordingLog>[0]) {
  const root = tempFolder();
  for (const name of ['vault', 'project/settings', 'state', 'logs'])
    mkdirSync(join(root, name), { recursive: true });
  chmodSync(root, 0o755);
  const log = recordingLog(onLine);
  let settings: HousekeeperSettings = settingsWith();
  const registered: StoredCleanup[] = [];
  const lastRuns = new Map<string, number>();
  let now = NOW;
  const housekeeper = createHousekeeper({
    clock: { ...standingClock, now: () => now },
    log,
    store: {
      cleanups: async () => registered,
      noteCleanupRuns: async (ids, at) => {
        for (const id of ids) lastRuns.set(id, at);
      },
    },
    settings: () => settings,
    protectedPaths: () => ({
      vault: join(root, 'vault'),
      settingsFile: join(root, 'project/settings/aclarai.config.yaml'),
      state: join(root, 'state'),
    }),
    stateDir: join(root, 'state'),
  });
  const rule = (changes: Parameters<typeof ruleWith>[0] = {}) =>
    ruleWith({ directory: join(root, 'logs'), ...changes });
  return {
    root,
    logs: join(root, 'logs'),
    log,
    housekeeper,
    registered,
    lastRuns,
    setClock: (at: number) => {
      now = at;
    },
    rule,
    use: (changes: Partial<HousekeeperSettings>) => {
      settings = settingsWith({ reportDirectory: join(root, 'reports'), ...changes });
    },
    all: async (request: CleanupRequest = {}) => reportIn(await housekeeper.run(request)),
    one: async (ruleId: string, request: CleanupRequest = {}) =>
      resultIn(await housekeeper.run({ ...request, ruleId })),
  };
}

export function reportIn(answer: CleanupAnswer): CleanupReport {
  if (!('report' in answer)) throw new Error('a report was expected');
  return answer.report;
}

export function resultIn(answer: CleanupAnswer): CleanupResult {
  if (!('result' in answer)) throw new Error('a result was expected');
  return answer.result;
}
