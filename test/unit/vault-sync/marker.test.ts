// The inside of a marker: ids, versions, attributes, and what is wrong with bad ones.

import { describe, expect, test } from 'vitest';
import { parseNote } from '../../../jobs/vault-sync/grammar.ts';

const one = (marker: string): string => {
  const note = parseNote(`Text ${marker}`);
  const blocks = note.blocks.map(({ id, version, line }) => `${id} v${version} line ${line}`);
  return [...blocks, ...note.faults.map(({ kind, line, id }) => `${kind} ${id} line ${line}`)].join('; ');
};

const LONG = 'x'.repeat(256);

describe('read', () => {
  test.each([
    ['<!-- aclarai:id=clm_abc123 ver=2 -->', 'clm_abc123 v2 line 1'],
    ['<!--aclarai:id=a-->', 'a v1 line 1'],
    ['<!--aclarai:id=a--->', 'a- v1 line 1'],
    ['<!--\n  aclarai:id=a\n  ver=3\n-->', 'a v3 line 1'],
    ['<!-- ACLARAI:ID=Abc VER=4 -->', 'Abc v4 line 1'],
    ['<!-- aclarai:id=a ver=007 -->', 'a v7 line 1'],
    ['<!-- aclarai:id=a ver=0 -->', 'a v0 line 1'],
    ['<!-- aclarai:id=a ver=9007199254740991 -->', 'a v9007199254740991 line 1'],
    ['<!-- aclarai:id=a ver=2 model=x source="y z" -->', 'a v2 line 1'],
    ['<!-- aclarai:id=a model=x ver=2 -->', 'a v2 line 1'],
    ['<!-- aclarai:id=a version=9 -->', 'a v1 line 1'],
    ['<!-- aclarai:id=a_b-c.d:e -->', 'a_b-c.d:e v1 line 1'],
    ['<!-- aclarai:id=blk_日本語_Ünï_٣_कि -->', 'blk_日本語_Ünï_٣_कि v1 line 1'],
    [`<!-- aclarai:id=${LONG} -->`, `${LONG} v1 line 1`],
    [`<!-- aclarai:id=${'𝒳'.repeat(256)} -->`, `${'𝒳'.repeat(256)} v1 line 1`],
  ])('%s', (marker, expected) => {
    expect(one(marker)).toBe(expected);
  });
});

describe('refused with its line', () => {
  test.each([
    ['<!-- aclarai:id=a ver=two -->', 'bad_marker a line 1'],
    ['<!-- aclarai:id=a ver=-1 -->', 'bad_marker a line 1'],
    ['<!-- aclarai:id=a ver=2.5 -->', 'bad_marker a line 1'],
    ['<!-- aclarai:id=a ver=1e3 -->', 'bad_marker a line 1'],
    ['<!-- aclarai:id=a ver= -->', 'bad_marker a line 1'],
    ['<!-- aclarai:id=a ver=9007199254740992 -->', 'bad_marker a line 1'],
    ['<!-- aclarai:id=a/b -->', 'bad_marker null line 1'],
    ['<!-- aclarai:id="a" -->', 'bad_marker null line 1'],
    [`<!-- aclarai:id=${LONG}x -->`, 'bad_marker null line 1'],
    ['<!-- aclarai:id= -->', 'bad_marker null line 1'],
    ['<!-- aclarai:id = a -->', 'bad_marker null line 1'],
    ['<!-- aclarai:id=a', 'bad_marker a line 1'],
  ])('%s', (marker, expected) => {
    expect(one(marker)).toBe(expected);
  });

  test('and bounds its neighbours all the same', () => {
    const note = parseNote('A <!-- aclarai:id=a ver=x -->\nB <!-- aclarai:id=b -->\n');
    expect(note.blocks.map(({ text }) => text)).toEqual(['B']);
  });

  test('an unclosed one does not swallow the next', () => {
    const note = parseNote('A <!-- aclarai:id=a\n\nB <!-- aclarai:id=b -->\n');
    expect(note.blocks.map(({ id, text }) => `${id}: ${text}`)).toEqual(['b: B']);
    expect(note.faults.map(({ kind, line }) => `${kind}:${line}`)).toEqual(['bad_marker:1']);
  });
});

describe('no marker at all', () => {
  test.each([
    '<!-- aclarai:score=1 -->',
    '<!-- aclarai:identity=a -->',
    '<!-- other:id=a -->',
    '<!-- id=a -->',
  ])('%s', (comment) => {
    expect(one(comment)).toBe('');
  });
});
