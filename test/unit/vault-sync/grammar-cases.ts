// How a table of grammar cases is checked: each note as it is, and with other line breaks.

import { describe, expect, test } from 'vitest';
import { type Note, parseNote } from '../../../jobs/vault-sync/grammar.ts';
import golden from './golden-hashes.json' with { type: 'json' };

/**
 * Hashes of every case, computed once by a program of another language from the texts of the cases: a change here is a
 * change of the format and wants a new GRAMMAR_VERSION.
 */
const GOLDEN: Record<string, Record<string, string> | undefined> = golden;

export interface Case {
  name: string;
  note: string;
  /** Text by id, in any order; nothing else may be found. */
  blocks: Record<string, string>;
  faults?: string[];
}

/** A marker of that id. */
export const m = (id: string, rest = ''): string => `<!-- aclarai:id=${id}${rest} -->`;

const texts = (note: Note): Record<string, string> =>
  Object.fromEntries(note.blocks.map(({ id, text }) => [id, text]));

/** Checks every case of the named tables. */
export function checkCases(tables: Record<string, readonly Case[]>): void {
  describe.each(Object.entries(tables))('%s', (table, cases) => {
    test.each(cases)('$name', ({ name, note, blocks, faults = [] }) => {
      const found = parseNote(note);
      expect(texts(found)).toEqual(blocks);
      expect(found.faults.map(({ kind, line }) => `${kind}:${line}`)).toEqual(faults);
      const hashes = Object.fromEntries(found.blocks.map(({ id, hash }) => [id, hash]));
      expect(hashes).toEqual(GOLDEN[`${table}: ${name}`] ?? {});
    });

    test.each(cases)('$name, with CRLF and a byte order mark', ({ note }) => {
      const found = parseNote(`\uFEFF${note.replaceAll('\n', '\r\n')}`);
      expect(found).toEqual(parseNote(note));
      expect(parseNote(note.replaceAll('\n', '\r'))).toEqual(found);
    });
  });
}
