// Texts of the command line into trusted values; what does not fit is a usage error that shows how to write it.

import type { Command } from 'commander';
import { parseDurationMs } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import { usageError } from './exit.ts';

/** `--id` and `--task`, which older callers write for the positional id. */
export interface IdOptions {
  id?: string;
  task?: string;
}

/** `[job]` or `<job>`, with its other spellings. */
export function withJob(command: Command, need: 'required' | 'optional', what: string): Command {
  const usage = need === 'required' ? '<job> [options]' : '[job] [options]';
  return command
    .argument('[job]', what)
    .usage(usage)
    .option('--id <job>', 'the same as the job in its place')
    .option('--task <job>', 'the same as --id');
}

/** The id, wherever it stands. Two that differ are a usage error. */
export function optionalId(positional: string | undefined, options: IdOptions): string | undefined {
  const given = [positional, options.id, options.task].filter((each) => each !== undefined);
  const different = new Set(given);
  if (different.size > 1) throw usageError(`two ids are given: ${[...different].join(', ')}`, 'name one');
  if (given[0] === '') throw usageError('the id is empty', 'see: aclarai-scheduler list');
  return given[0];
}

export function requiredId(positional: string | undefined, options: IdOptions, what: string): string {
  const id = optionalId(positional, options);
  if (id === undefined) throw usageError(`the ${what} is missing`, `write its id after the command`);
  return id;
}

/** A whole number in a range, for an option of this name. */
export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < least || value > most) {
      throw usageError(
        `--${name} "${text}" is not a whole number from ${least} to ${most}`,
        `e.g. --${name} 20`,
      );
    }
    return value;
  };
}

/** A length of time in milliseconds, for an option of this name; a bare number counts seconds (rule 26). */
export function duration(name: string): (text: string) => number {
  return (text) => {
    try {
      const ms = parseDurationMs(text);
      if (ms > 0) return ms;
    } catch (error) {
      if (!(error instanceof SchedulerError)) throw error;
    }
    throw usageError(`--${name} "${text}" is not a length of time`, `e.g. --${name} 90s, --${name} 2h`);
  };
}

/** A JSON object, for an option of this name. */
export function jsonObject(name: string): (text: string) => JsonObject {
  return (text) => {
    const example = `e.g. --${name} '{"key": "value"}'`;
    const value = parseJson(text, name, example);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw usageError(`--${name} is not a JSON object: ${text}`, example);
    }
    return value as JsonObject;
  };
}

/** A value as it is typed: JSON where it is JSON, else the text itself. */
export function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function parseJson(text: string, name: string, example: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(`--${name} is not valid JSON: ${(error as Error).message}`, example);
  }
}
