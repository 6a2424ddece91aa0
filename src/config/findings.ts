// Faults and warnings on their way to the reader: collected all at once, each with its place, handed over in order.

import { masked } from './secrets.ts';
import type { Note } from './settings.ts';
import type { Path } from './tree.ts';

/** Stable codes of what can be said about a settings file. */
export type NoteCode =
  | 'CONFIG_NOT_FOUND'
  | 'CONFIG_UNREADABLE'
  | 'EMPTY_FILE'
  | 'YAML_SYNTAX'
  | 'DUPLICATE_KEY'
  | 'QUOTE_IT'
  | 'INVALID_VALUE'
  | 'UNKNOWN_KEY'
  | 'NEAR_MISS'
  | 'RESERVED_KEY'
  | 'TWO_SPELLINGS'
  | 'TWO_SCHEDULES'
  | 'INVALID_SCHEDULE'
  | 'INVALID_INPUT'
  | 'INVALID_ID'
  | 'INVALID_VARIABLE'
  | 'SECRET_UNREADABLE'
  | 'CLUSTER_UNAVAILABLE'
  | 'NO_EFFECT'
  | 'HANDLER_MISSING'
  | 'ENABLED_MISSING'
  | 'NEVER_FIRES'
  | 'ENV_FILE_MISSING';

/** Where something stands; `path` is the dotted key path, or the name of a variable. */
export type Place = Pick<Note, 'file' | 'line' | 'column' | 'path'>;

/** A tree of plain values that knows where each of them was written. */
export interface Source {
  /** As shown to people. */
  readonly file: string;
  readonly root: Readonly<Record<string, unknown>>;
  /** The place of the key or of its value; of the nearest parent that is written when it is not. */
  at(path: Path, of?: 'key' | 'value'): Place;
}

/** A tree without lines, such as the `defaults` in the code of a handler. */
export function plainSource(file: string, root: Readonly<Record<string, unknown>>, prefix: Path): Source {
  return {
    file,
    root,
    at: (path) => ({ file, line: null, column: null, path: [...prefix, ...path].join('.') }),
  };
}

export class Findings {
  readonly #faults: Note[] = [];
  readonly #warnings: Note[] = [];

  fault(place: Place, code: NoteCode, message: string, fix: string | null = null): void {
    this.#faults.push({ ...place, code, message, fix });
  }

  warn(place: Place, code: NoteCode, message: string, fix: string | null = null): void {
    this.#warnings.push({ ...place, code, message, fix });
  }

  get faults(): Note[] {
    return this.#faults.toSorted(byPosition);
  }

  get warnings(): Note[] {
    return this.#warnings.toSorted(byPosition);
  }
}

/** By file, then line and column; what has no line comes last within its file. */
function byPosition(a: Note, b: Note): number {
  if (a.file !== b.file) return withLine(b) - withLine(a) || (a.file < b.file ? -1 : 1);
  return (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0);
}

function withLine(note: Note): number {
  return note.line === null ? 0 : 1;
}

/** A found value as a message shows it: JSON, cut where it is long, secrets hidden. */
export function shown(found: unknown): string {
  const value = masked(found);
  if (value === undefined) return 'nothing';
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
