// Rules, files, clock and log for the housekeeper's tests.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CleanupRule, HousekeeperSettings } from '#core/cleanup';
import type { Clock } from '#core/clock';
import type { Log } from '#core/log';

export const NOW = Date.UTC(2026, 0, 31, 3, 0, 0);
export const DAY = 86_400_000;
export const MB = 1_048_576;

export function ruleWith(changes: Partial<CleanupRule> = {}): CleanupRule {
  return {
    id: 'logs',
    directory: '/srv/logs',
    pattern: '*',
    retentionDays: null,
    maxFiles: null,
    maxSizeMb: null,
    minKeep: 0,
    priority: 100,
    recursive: false,
    dryRun: false,
    description: null,
    maxDeleteShare: null,
    source: 'config',
    origin: null,
    moduleId: null,
    ...changes,
  };
}

export function settingsWith(changes: Partial<HousekeeperSettings> = {}): HousekeeperSettings {
  return {
    enabled: true,
    schedule: '0 3 * * *',
    defaultRetentionDays: 30,
    dryRun: false,
    concurrentCleanups: 3,
    reportEnabled: false,
    reportDirectory: '/nowhere',
    allowedRoots: [],
    rules: [],
    ...changes,
  };
}

/** A clock that stands still. */
export const standingClock: Clock = { now: () => NOW, monotonic: () => 0, timer: () => () => {} };

/** A folder of this test alone, its links resolved; gone when the test ends. */
export function tempFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'housekeeper-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file whose age is `ageDays` at NOW. */
export function put(folder: string, name: string | Buffer, ageDays = 100, content = 'x'): Buffer {
  const path = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
  if (typeof name === 'string') mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(path, content);
  utimesSync(path, (NOW - ageDays * DAY) / 1000, (NOW - ageDays * DAY) / 1000);
  return path;
}

/** Every file and link below, sorted; links are not followed (`recursive` of readdir would). */
export function tree(folder: string, prefix = ''): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? tree(join(folder, entry.name), `${prefix}${entry.name}/`) : [prefix + entry.name],
    )
    .toSorted();
}

export interface Line {
  level: 'debug' | 'info' | 'warn' | 'error';
  message: string;
}

/** A log that keeps its lines; `onLine` sees each as it is written. */
export function recordingLog(onLine: (line: Line) => void = () => {}): Log & { lines: Line[] } {
  const lines: Line[] = [];
  const write = (level: Line['level']) => (message: string) => {
    lines.push({ level, message });
    onLine({ level, message });
  };
  const log = {
    lines,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: () => log,
    at: () => log,
  };
  return log;
}

/** Root may read and delete everything: what it must not is tried as nobody. */
export async function withoutRoot<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
