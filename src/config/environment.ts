// Variables of the process and of `.env` files: which one counts, and what it stands for in the settings.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'dotenv';
import type { Findings, Place } from './findings.ts';
import { displayName, type Environment } from './project.ts';

/** The process environment as `Place.file`: it has no file. */
export const PROCESS = 'environment';

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly place: Place;
}

type Layer = ReadonlyMap<string, Variable>;

interface Where {
  readonly env: Environment;
  readonly cwd: string;
  readonly findings: Findings;
}

/** The working directory's `.env`, then the one beside the settings file; or only `SCHEDULER_ENV_FILE`. */
export function envFilesOf(env: Environment, cwd: string, settingsFile: string): string[] {
  if (env.SCHEDULER_ENV_FILE) return [path.resolve(cwd, env.SCHEDULER_ENV_FILE)];
  return [...new Set([path.join(cwd, '.env'), path.join(path.dirname(settingsFile), '.env')])];
}

/**
 * All variables; an empty one counts as unset. The process environment goes before the files, of the
 * files the later one before the earlier.
 */
export class Variables {
  readonly #layers: readonly Layer[];
  readonly #where: Where;

  private constructor(layers: readonly Layer[], where: Where) {
    this.#layers = layers;
    this.#where = where;
  }

  static async read(where: Where, envFiles: readonly string[]): Promise<Variables> {
    const own = new Map<string, Variable>();
    for (const [name, value] of Object.entries(where.env))
      if (value)
        own.set(name, { name, value, place: { file: PROCESS, line: null, column: null, path: name } });
    const files = await Promise.all(envFiles.map((file) => readEnvFile(file, where)));
    return new Variables([own, ...files.toReversed()], where);
  }

  get(name: string): Variable | undefined {
    return this.#layers.map((layer) => layer.get(name)).find((variable) => variable !== undefined);
  }

  /** Those that begin so, of the process and of every file. */
  beginningWith(prefix: string): Variable[] {
    return this.#layers.flatMap((layer) => [...layer.values()].filter(({ name }) => name.startsWith(prefix)));
  }

  /**
   * As `get`, and its twin `<NAME>_FILE`: the content of the file it names, without the last line break.
   * A file that cannot be read is a fault that names the variable.
   */
  async secret(name: string): Promise<Variable | undefined> {
    for (const layer of this.#layers) {
      const direct = layer.get(name);
      const twin = layer.get(`${name}_FILE`);
      if (!twin) {
        if (direct) return direct;
        continue;
      }
      const read = await this.#readSecret(name, twin);
      if (direct && read && read.value !== direct.value)
        this.#where.findings.fault(
          twin.place,
          'TWO_SPELLINGS',
          `${name} and ${twin.name} are both set and differ`,
          'keep one of the two',
        );
      return read;
    }
    return undefined;
  }

  async #readSecret(name: string, twin: Variable): Promise<Variable | undefined> {
    const file = path.resolve(this.#where.cwd, twin.value);
    try {
      const value = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
      if (value !== '') return { name, value, place: twin.place };
      this.#where.findings.fault(twin.place, 'SECRET_UNREADABLE', 'names a file that is empty');
    } catch (error) {
      this.#where.findings.fault(
        twin.place,
        'SECRET_UNREADABLE',
        `names a file that cannot be read (${reasonOf(error)})`,
        'give the path of a readable file, or unset the variable',
      );
    }
    return undefined;
  }
}

async function readEnvFile(file: string, where: Where): Promise<Layer> {
  const name = displayName(file, where.cwd);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const place = { file: name, line: null, column: null, path: '' };
    const reason = reasonOf(error);
    if (reason !== 'ENOENT' && reason !== 'ENOTDIR')
      where.findings.fault(place, 'CONFIG_UNREADABLE', `the file cannot be read (${reason})`);
    else if (where.env.SCHEDULER_ENV_FILE)
      where.findings.warn(place, 'ENV_FILE_MISSING', 'SCHEDULER_ENV_FILE names a file that does not exist');
    return new Map();
  }
  const lines = text.split('\n');
  const variables = Object.entries(parse(text)).flatMap(([key, value]): [string, Variable][] => {
    const index = lines.findLastIndex((line) => isAssignment(line, key));
    const line = index < 0 ? null : index + 1;
    return value === ''
      ? []
      : [[key, { name: key, value, place: { file: name, line, column: line && 1, path: key } }]];
  });
  return new Map(variables);
}

function isAssignment(line: string, name: string): boolean {
  const match = /^\s*(?:export\s+)?([\w.-]+)\s*[=:]/.exec(line);
  return match?.[1] === name;
}

/** The system's word for why a file could not be read; never its content. */
export function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown reason';
}

/** `1 true yes on` and `0 false no off` in any case; anything else stays text, for the fault that names it. */
export function flagOf(value: string): boolean | string {
  const word = value.trim().toLowerCase();
  if (['1', 'true', 'yes', 'on'].includes(word)) return true;
  return ['0', 'false', 'no', 'off'].includes(word) ? false : value;
}

/** A text of digits as a number. */
export function numberOf(value: string): number | string {
  return /^\d+$/.test(value.trim()) ? Number(value) : value;
}
