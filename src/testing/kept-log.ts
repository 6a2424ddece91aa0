// The log of job code under test: its lines are kept, nothing is printed.

import type { Log } from '#core/log';
import type { RunLogs } from '#core/run-log';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps the lines of job code in `lines`; what the scheduler says in its own name is dropped. */
export function keptLog(lines: LogLine[], isOfJob = false): Log {
  const write =
    (level: LogLine['level']) =>
    (message: string, fields: object = {}) => {
      if (isOfJob) lines.push({ level, message, fields: { ...fields } });
    };
  return {
    ...{ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    with: () => keptLog(lines, isOfJob),
    at: (where) => keptLog(lines, where.startsWith('job.')),
  };
}

/** No file of what a run puts out: the lines are kept already. */
export const NO_RUN_LOGS: RunLogs = {
  open: () => ({ line() {}, event() {}, end() {} }),
  read: async () => [],
  prune: async () => 0,
  flush: async () => {},
  close: async () => {},
};
