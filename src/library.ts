// The composition of the library: settings that a program gives, a log that goes where it says, a ledger; no process.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { Logger } from '#faces/library/api';
import type { OpenLibrary } from '#faces/library/face';
import { Opened } from '#faces/library/opened';
import { formatNote } from '#service/host';
import { createHost } from './app.ts';
import { createLog, type LogSink, readableLine } from './log.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Throws VALIDATION_ERROR with every fault of the settings, CONFIG_NOT_FOUND for a file that is not there. */
export const openLibrary: OpenLibrary = async (options, handlers) => {
  const { settings = {}, stateDir, cwd = '.', env = {}, logger, by = 'library' } = options;
  const clock = systemClock;
  const log = createLog({
    clock,
    level: logger === undefined ? 'warn' : 'info',
    sink: sinkOf(logger === undefined ? console : logger),
    pretty: false,
  });
  const host = createHost({
    env,
    cwd: path.resolve(cwd),
    clock,
    // Without a logger of its own a program hears of what is wrong, and of no more.
    log: logger === undefined ? { ...log, setLevel: () => {} } : log,
    version,
    pid: process.pid,
    random: Math.random,
    handlers,
  });
  const loaded = await host.load({
    ...(typeof settings === 'string' ? { settings } : { given: settings }),
    ...(stateDir !== undefined && { state: stateDir }),
  });
  if (loaded.kind === 'faults') {
    const isMissing = loaded.faults.some(({ code }) => code === 'CONFIG_NOT_FOUND');
    throw new SchedulerError(
      isMissing ? 'CONFIG_NOT_FOUND' : 'VALIDATION_ERROR',
      `the settings do not hold: ${loaded.faults.map(formatNote).join('; ')}`,
      loaded.faults[0]?.fix ?? 'correct what is named',
    );
  }
  return { opened: new Opened({ installation: loaded.installation, clock, by }), log };
};

/** Secrets are masked in the line before it is taken apart for whoever gets it. */
function sinkOf(logger: Logger | null): LogSink {
  if (logger === null) return { write: () => {} };
  return {
    write(line) {
      const {
        level,
        time: _,
        service: __,
        msg: ___,
        ...fields
      } = JSON.parse(line) as Record<string, unknown>;
      const name = String(level).toLowerCase() as keyof Logger;
      logger[name](readableLine(JSON.parse(line) as Record<string, unknown>), fields);
    },
  };
}
