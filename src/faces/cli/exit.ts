// Whatever went wrong, as an exit code, lines on stderr, or one JSON object. Never a stack trace.

import { CommanderError } from 'commander';
import { type ErrorRecord, SchedulerError, toErrorRecord } from '#core/errors';
import { formatNote, type Note } from '#service/host';
import { printable } from './text.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, unreachable: 4, configuration: 78 } as const;

const CODES: Partial<Record<string, number>> = {
  INVALID_PARAMETERS: EXIT.usage,
  INVALID_SCHEDULE: EXIT.usage,
  JOB_NOT_FOUND: EXIT.notFound,
  RUN_NOT_FOUND: EXIT.notFound,
  CONFIG_NOT_FOUND: EXIT.notFound,
  HANDLER_NOT_FOUND: EXIT.notFound,
  QUEUE_NOT_FOUND: EXIT.notFound,
  ENGINE_UNAVAILABLE: EXIT.unreachable,
};

/** Settings that do not hold, all faults at once. */
export class SettingsRefused extends Error {
  readonly faults: readonly Note[];

  constructor(faults: readonly Note[]) {
    super(countOf(faults));
    this.name = 'SettingsRefused';
    this.faults = faults;
  }
}

/** What was typed cannot be understood. */
export function usageError(message: string, fix: string): SchedulerError {
  return new SchedulerError('INVALID_PARAMETERS', message, fix);
}

export interface Failure {
  exit: number;
  error: ErrorRecord & { details?: readonly Note[] };
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof SettingsRefused) {
    const { faults, message } = thrown;
    const code = faults.find((fault) => fault.code === 'CONFIG_NOT_FOUND')?.code ?? 'VALIDATION_ERROR';
    const fix = 'correct the settings; aclarai-scheduler validate checks them';
    return { exit: EXIT.configuration, error: { code, message, fix, details: faults } };
  }
  if (thrown instanceof CommanderError) return usageFailure(thrown.message);
  const error = toErrorRecord(thrown);
  const exit = thrown instanceof SchedulerError ? (CODES[error.code] ?? EXIT.failed) : EXIT.failed;
  return { exit, error };
}

/** Commander says `error: …` and, on a line of its own, `(Did you mean …?)`. */
function usageFailure(text: string): Failure {
  const [first = '', ...more] = text.replace(/^error: /, '').split('\n');
  const suggestion = more
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '');
  const fix = suggestion === '' ? 'see: aclarai-scheduler --help' : suggestion.replace(/^Did/, 'did');
  return { exit: EXIT.usage, error: { code: 'INVALID_PARAMETERS', message: first, fix } };
}

export function failureText({ error }: Failure): string {
  if (error.details) return faultsText(error.details);
  const lines = [`error: ${error.message}`, ...(error.fix === null ? [] : [`fix: ${error.fix}`])];
  return `${printable(lines.join('\n'))}\n`;
}

/** One JSON object on one line: the shape of the faces' failures. */
export function failureJson({ error }: Failure): string {
  return `${JSON.stringify({ success: false, error })}\n`;
}

/** `file:line:column: …` for each, and how many there are. */
export function faultsText(faults: readonly Note[]): string {
  const lines = faults.map((fault) => printable(formatNote(fault)));
  return `${[...lines, `${countOf(faults)}; check again with: aclarai-scheduler validate`].join('\n')}\n`;
}

function countOf(faults: readonly Note[]): string {
  return `${faults.length} ${faults.length === 1 ? 'fault' : 'faults'} in the settings`;
}
