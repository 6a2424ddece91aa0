// Says where a job file cannot be loaded and what to write instead, in place of Node's own words.

import { readFileSync } from 'node:fs';
import { SchedulerError } from '#core/errors';

const INSTEAD: [RegExp, string][] = [
  [/enum/i, 'types are only stripped: write `const Color = { red: "red" } as const` instead of an enum'],
  [/namespace|module/i, 'types are only stripped: write plain exports instead of a namespace'],
  [/parameter propert/i, 'types are only stripped: declare the field and assign it in the constructor'],
  [/import ?=|import equals/i, 'write `import x from "…"` instead of `import x = require("…")`'],
];
const DECORATOR = /^\s*@[A-Za-z_$][\w$.]*/;

/** An EXECUTION_ERROR whose message begins with `file:line:`, where the line is known. */
export function explainImportError(file: string, thrown: unknown): SchedulerError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = (error as { code?: string }).code;
  const line = lineOf(file, error);
  const decorated =
    error instanceof SyntaxError && line !== null ? DECORATOR.test(sourceLine(file, line)) : false;
  const fix = decorated
    ? 'decorators are not supported: call the function yourself'
    : (INSTEAD.find(
        ([pattern]) => code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' && pattern.test(error.message),
      )?.[1] ??
      (code === 'ERR_MODULE_NOT_FOUND'
        ? 'install the package beside the job file, or correct the path'
        : null));
  const place = line === null ? file : `${file}:${line}`;
  return new SchedulerError('EXECUTION_ERROR', `${place}: ${error.message.split('\n')[0]}`, fix, {
    cause: thrown,
  });
}

/** Node writes `<path>:<line>` as the first line of the stack of a syntax error. */
function lineOf(file: string, error: Error): number | null {
  const stack = error.stack ?? '';
  const at = stack.split('\n').find((row) => row.includes(file));
  const match = at === undefined ? null : /:(\d+)(?::\d+)?\)?$/.exec(at.trim());
  if (match) return Number(match[1]);
  const decorator = safeSource(file).findIndex((row) => DECORATOR.test(row));
  return error instanceof SyntaxError && decorator >= 0 ? decorator + 1 : null;
}

function sourceLine(file: string, line: number): string {
  return safeSource(file)[line - 1] ?? '';
}

function safeSource(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
