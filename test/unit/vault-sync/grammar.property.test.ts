// What holds for any note: nothing outside a block changes its hash, and no note takes more than linear time.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNote } from '../../../jobs/vault-sync/grammar.ts';

const word = fc.constantFrom(
  'tide',
  'Ämne',
  '日本',
  'x*y*z',
  '`code`',
  'a|b',
  '5%',
  '\\<',
  '^',
  'ver=3',
  '$x_1$',
  '🙂',
);
const words = fc.array(word, { minLength: 1, maxLength: 6 }).map((list) => list.join(' '));
const blanks = fc.constantFrom(' ', '', '\n', '\t');

type Shape = (text: string, marker: string, id: string) => string;
/** The heading keeps its list apart from lists before it. */
const summaryShape: Shape = (text, marker, id) =>
  `# S\n\n- first ${text}\n- second\n\nRelated concepts: [[A]]\n${marker}\n^${id}`;
/** A block in each of its shapes. */
const shape = fc.constantFrom<Shape>(
  (text, marker, id) => `Ann: ${text} ${marker}\n^${id}`,
  (text, marker) => `Ann: ${text}\nand ${text} ${marker}`,
  (text, marker) => `- other\n- item ${text}\n  goes on ${marker}`,
  (text, marker) => `> quoted ${text}\n> ${text} ${marker}`,
  (text, marker) => `## About ${text} ${marker}`,
  (text, marker) => `| ${text} | ${marker}`,
  (text, marker, id) => `Bob: ${text}\n${marker}\n^${id}`,
  summaryShape,
);
const noise = fc.oneof(
  words,
  fc.constantFrom(
    '- a\n- b\n\n  c',
    '> quote',
    '```js\n<!-- aclarai:id=no -->\n```',
    '~~~\n%%\n~~~',
    '%%\nhidden\n\n%%',
    '<!-- a comment\n\nof two paragraphs -->',
    'a stray ` back quote',
    'an open <!-- comment',
    '100%% sure',
    '| a | b |\n|---|---|\n| 1 | 2 |',
    'Title\n=====',
    '---',
    '<!-- aclarai:score=0.5 -->',
    'bad <!-- aclarai:id=bad ver=x -->',
    '^somebody',
    '\\',
  ),
);

interface Piece {
  source: string;
  id: string | null;
}

const pieces = fc
  .array(
    fc.oneof(
      noise.map((source) => ({ noise: source })),
      fc.record({ shape, words, blanks }),
    ),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map((piece, index): Piece => {
      if ('noise' in piece) return { source: piece.noise, id: null };
      const id = `${piece.shape === summaryShape ? 'clm_' : 'blk_'}${index}`;
      const marker = `<!--${piece.blanks}aclarai:id=${id}${piece.blanks || ' '}ver=2 -->`;
      return { source: piece.shape(piece.words, marker, id), id };
    }),
  );

/** Code, comments and markers over lines: a comment put in there is none. */
const HIDES_COMMENTS = /[`~%\\]|a comment|an open|<!--\n|=\w+\n/;

const note = (list: readonly Piece[]): string =>
  `Start.\n\n${list.map(({ source }) => source).join('\n\n')}\n\nEnd.\n`;
const hashOf = (text: string, id: string): string | undefined =>
  parseNote(text).blocks.find((block) => block.id === id)?.hash;

describe('a hash depends on the text of its block alone', () => {
  test('whatever stands before and after', () => {
    fc.assert(
      fc.property(pieces, (list) => {
        for (const piece of list) {
          if (piece.id === null) continue;
          const alone = hashOf(note([piece]), piece.id);
          expect(alone).toBeDefined();
          expect(hashOf(note(list), piece.id)).toBe(alone);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('and not on comments of aclarai, wherever a line of words ends', () => {
    const comment = fc.constantFrom('', '', ' <!-- aclarai:score=0.9 -->', '\n<!-- aclarai:seen\n\n-->');
    const hashes = (text: string) => parseNote(text).blocks.map(({ id, hash }) => [id, hash]);
    fc.assert(
      fc.property(pieces, fc.infiniteStream(comment), (list, comments) => {
        const plain = note(list.filter(({ source }) => !HIDES_COMMENTS.test(source)));
        const scored = plain.replace(/(?<=.)$/gm, () => comments.next().value);
        expect(hashes(scored)).toEqual(hashes(plain));
      }),
      { numRuns: 300 },
    );
  });
});

const TOKENS = [
  '<!-- aclarai:id=a -->',
  '<!-- aclarai:id=b ver=2 -->',
  '<!--',
  '-->',
  '<!-- aclarai:id=',
  '%%',
  '`',
  '``',
  '```',
  '~~~',
  '\\',
  '\n',
  '\n\n',
  ' ',
  '- ',
  '> ',
  '# ',
  '| ',
  '---',
  '===',
  '^a',
  'Related concepts:',
  'text',
  '1. ',
  '\t',
  '\r\n',
  '\uFEFF',
];

test('any text is read, and no block is without text', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }), (tokens) => {
      const { blocks, faults } = parseNote(tokens.join(''));
      for (const { text, line, hash } of blocks) {
        expect(text).not.toBe('');
        expect(line).toBeGreaterThan(0);
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
      }
      for (const { line } of faults) expect(line).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});

/** With quadratic time these would run for minutes and end at the time limit of the test. */
describe('time is linear for', () => {
  const times = (text: string): string => text.repeat(150_000);
  test.each([
    ['unclosed markers', times('<!-- aclarai:id=x\n')],
    ['unclosed markers on one line', times('<!-- aclarai:id=x ')],
    ['unclosed comments before one end', `${times('a <!-- b\n\n')}-->`],
    ['markers on one line', times('a<!-- aclarai:id=x -->')],
    ['scores on one line', `${times('a<!-- aclarai:s -->')}<!-- aclarai:id=x -->`],
    ['markers of their own without text', times('<!-- aclarai:id=clm_x -->\n\n')],
    ['back quotes of all lengths', Array.from({ length: 2500 }, (_, n) => '`'.repeat(n)).join(' ')],
    ['lone back quotes', times('a ` b\n\n')],
    ['per cent signs', times('a %% b\n\n')],
    ['open fences', times('> ```\n\n')],
    ['nested quotes', times('> ')],
    ['bullets', times('- ')],
    ['a long list', `${times('- a\n')}<!-- aclarai:id=clm_x -->`],
    ['anchors', times(' ^a')],
    ['anchor lines', times('^a\n')],
    ['blank lines', `${times('\n \t')}<!-- aclarai:id=x -->`],
    ['blanks on one line', `a${times('    ')}b<!-- aclarai:id=x -->`],
    ['dashes', times('- | -\n')],
    ['front matter fences', times('---\n')],
  ])('%s', (_, text) => {
    expect(parseNote(text).blocks.length).toBeGreaterThanOrEqual(0);
  });
});
