// Every situation of the block grammar, each with the text it gives.

import { describe, expect, test } from 'vitest';
import { type Note, parseNote } from '../../../jobs/vault-sync/grammar.ts';
import { hashText } from '../../../jobs/vault-sync/hash.ts';

const m = (id: string, rest = ''): string => `<!-- aclarai:id=${id}${rest} -->`;
const texts = (note: Note): Record<string, string> =>
  Object.fromEntries(note.blocks.map(({ id, text }) => [id, text]));

interface Case {
  name: string;
  note: string;
  /** Text by id, in any order; nothing else may be found. */
  blocks: Record<string, string>;
  faults?: string[];
}

const inline: Case[] = [
  { name: 'paragraph of one line', note: `One line. ${m('a')}\n^a\n`, blocks: { a: 'One line.' } },
  {
    name: 'paragraph of several lines',
    note: `x\n\nOne\ntwo\nthree ${m('a')}\n`,
    blocks: { a: 'One\ntwo\nthree' },
  },
  { name: 'text after the marker is not its', note: `One ${m('a')} two\n`, blocks: { a: 'One' } },
  { name: 'list item, bullet kept', note: `- one\n- two ${m('a')}\n- three\n`, blocks: { a: '- two' } },
  {
    name: 'list item with continuation lines',
    note: `* one\n* two\n  goes on\nlazily ${m('a')}\n`,
    blocks: { a: '* two\n  goes on\nlazily' },
  },
  { name: 'nested item', note: `- one\n  - two ${m('a')}\n`, blocks: { a: '- two' } },
  { name: 'item under a paragraph', note: `Intro:\n1. one ${m('a')}\n`, blocks: { a: '1. one' } },
  { name: 'number in a paragraph is no item', note: `In\n14. May ${m('a')}\n`, blocks: { a: 'In\n14. May' } },
  { name: 'task', note: `- [ ] do it ${m('a')}\n`, blocks: { a: '- [ ] do it' } },
  { name: 'quote', note: `x\n> one\n>\n> two ${m('a')}\n`, blocks: { a: '> one\n>\n> two' } },
  { name: 'quote, then a lazy line', note: `> one\ntwo ${m('a')}\n`, blocks: { a: '> one\ntwo' } },
  { name: 'heading', note: `text\n## Title ${m('a')}\nmore\n`, blocks: { a: '## Title' } },
  { name: 'paragraph under a heading', note: `# T\nOne ${m('a')}\n`, blocks: { a: 'One' } },
  { name: 'paragraph under an underlined heading', note: `T\n===\nOne ${m('a')}\n`, blocks: { a: 'One' } },
  { name: 'paragraph under a rule', note: `x\n\n---\nOne ${m('a')}\n`, blocks: { a: 'One' } },
  { name: 'a tag is no heading', note: `#tag\nOne ${m('a')}\n`, blocks: { a: '#tag\nOne' } },
  { name: 'table row', note: `| a | b |\n|---|---|\n| 1 | 2 | ${m('a')}\n`, blocks: { a: '| 1 | 2 |' } },
  {
    name: 'table row without outer pipes',
    note: `a | b\n--|--\n1 | 2\n3 | 4 ${m('a')}\n`,
    blocks: { a: '3 | 4' },
  },
  { name: 'marker within a cell', note: `| a ${m('a')} | b ${m('b')} |\n`, blocks: { a: '| a', b: '| b' } },
  { name: 'paragraph after a fence', note: `\`\`\`\ncode\n\`\`\`\nOne ${m('a')}\n`, blocks: { a: 'One' } },
  { name: 'marker of another block above', note: `A ${m('a')}\nB ${m('b')}\n`, blocks: { a: 'A', b: 'B' } },
  {
    name: 'tail of the line above',
    note: `A ${m('a')} tail\nB ${m('b')}\n`,
    blocks: { a: 'A', b: 'tail\nB' },
  },
  { name: 'anchor above', note: `A ${m('a')}\n^a\nB ${m('b')}\n^b\n`, blocks: { a: 'A', b: 'B' } },
  { name: "somebody's anchor above", note: `A\n^x1\nB ${m('b')}\n`, blocks: { b: 'B' } },
  { name: 'trailing anchor above', note: `A ^x1\nB ${m('b')}\n`, blocks: { b: 'B' } },
  { name: 'two markers on one line', note: `A ${m('a')} B ${m('b')} C\n`, blocks: { a: 'A', b: 'B' } },
  {
    name: 'anchor on the line of the marker',
    note: `A ${m('a')} ^a\nB ${m('b')} ^b\n`,
    blocks: { a: 'A', b: 'B' },
  },
];

const ownLine: Case[] = [
  { name: 'directly below', note: `A\nB\n${m('a')}\n^a\n\nrest`, blocks: { a: 'A\nB' } },
  { name: 'over blank lines', note: `x\n\nA\n\n\n${m('a')}\n\nrest`, blocks: { a: 'A' } },
  { name: 'below a list: the last item', note: `- A\n- B\n\n${m('a')}\n\nrest`, blocks: { a: '- B' } },
  { name: 'below a heading', note: `x\n\n# H\n${m('a')}\n\nrest`, blocks: { a: '# H' } },
  { name: 'below an underlined heading', note: `x\n\nH\n---\n${m('a')}\n\nrest`, blocks: { a: 'H\n---' } },
  { name: 'below a table: its last row', note: `|a|\n|-|\n|b|\n${m('a')}\n\nrest`, blocks: { a: '|b|' } },
  { name: 'below a quote', note: `> A\n> B\n\n${m('a')}\n\nrest`, blocks: { a: '> A\n> B' } },
  { name: 'inside a quote', note: `> A\n> B\n> ${m('a')}\n\nrest`, blocks: { a: '> A\n> B' } },
  {
    name: 'below code',
    note: `x\n\n\`\`\`js\n# a\n\nb\n\`\`\`\n${m('a')}\n\nrest`,
    blocks: { a: '```js\n# a\n\nb\n```' },
  },
  { name: 'over a rule', note: `A\n\n***\n${m('a')}\n\nrest`, blocks: { a: 'A' } },
  { name: 'indented in an item', note: `- A\n  B\n  ${m('a')}\n- C`, blocks: { a: '- A\n  B' } },
  { name: 'its own anchor above', note: `A ^a\n${m('a')}\n\nrest`, blocks: { a: 'A' } },
  { name: 'nothing above', note: `${m('a')}\n\nrest`, blocks: {}, faults: ['no_text:1'] },
  {
    name: 'another block above',
    note: `A ${m('a')}\n\n${m('b')}\n\nrest`,
    blocks: { a: 'A' },
    faults: ['no_text:3'],
  },
  {
    name: 'two markers alone',
    note: `A\n${m('a')} ${m('b')}\n\nr`,
    blocks: { a: 'A' },
    faults: ['no_text:2'],
  },
  { name: 'only a bullet', note: `- ${m('a')}\n\nrest`, blocks: {}, faults: ['no_text:1'] },
];

const summary: Case[] = [
  {
    name: 'tight list',
    note: `Text\n\n- A\n- B\n  more\n${m('clm_1')}\n\nrest`,
    blocks: { clm_1: '- A\n- B\n  more' },
  },
  {
    name: 'related concepts between, blank lines anywhere',
    note: `- A\n\n- B\n\nRelated concepts: [[C]], [[D]]\n\n${m('clm_1')}\n^clm_1\n`,
    blocks: { clm_1: '- A\n\n- B' },
  },
  {
    name: 'related concepts right under',
    note: `- A\nRelated concepts: [[C]]\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: '- A' },
  },
  {
    name: 'emphasised',
    note: `- A\n\n**Related concepts:** [[C]]\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: '- A' },
  },
  {
    name: 'only one line of them',
    note: `- A\n\nRelated concepts: B\nRelated concepts: C\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: 'Related concepts: B\nRelated concepts: C' },
  },
  {
    name: 'items since the block before',
    note: `- A\n- B ${m('clm_1')}\n- C\n- D\n${m('clm_2')}\n^clm_2\n`,
    blocks: { clm_1: '- B', clm_2: '- C\n- D' },
  },
  {
    name: 'two summaries',
    note: `- A\n- B\n${m('clm_1')}\n^clm_1\n\n- C\n- D\n\n${m('clm_2')}\n^clm_2\n`,
    blocks: { clm_1: '- A\n- B', clm_2: '- C\n- D' },
  },
  {
    name: 'a list after a paragraph',
    note: `Intro:\n1. A\n2. B\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: '1. A\n2. B' },
  },
  {
    name: 'nested items',
    note: `- A\n  - B\n\n    more\n- C\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: '- A\n  - B\n\n    more\n- C' },
  },
  {
    name: 'code in an item',
    note: `- A\n  \`\`\`\n  - x\n  \`\`\`\n- B\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: '- A\n  ```\n  - x\n  ```\n- B' },
  },
  {
    name: 'a list before another paragraph does not count',
    note: `- A\n\nB\n\n${m('clm_1')}\n\nr`,
    blocks: { clm_1: 'B' },
  },
  { name: 'marker within the list', note: `- A\n- B ${m('clm_1')}\n`, blocks: { clm_1: '- B' } },
  { name: 'other ids take the last item', note: `- A\n- B\n${m('blk_1')}\n\nr`, blocks: { blk_1: '- B' } },
  {
    name: 'before the whole page',
    note: `# T\n\n- A\n- B\n${m('clm_1')}\n^clm_1\n`,
    blocks: { clm_1: '- A\n- B' },
  },
];

const page: Case[] = [
  {
    name: 'prefix',
    note: `# T\n\nA ${m('a')}\n^a\n\nB\n\n${m('concept_x')}\n^concept_x\n`,
    blocks: { a: 'A', concept_x: '# T\n\nA\n\nB' },
  },
  { name: 'the only block', note: `# T\n\nA\n\n${m('blk_1')}`, blocks: { blk_1: '# T\n\nA' } },
  {
    name: 'front matter counts',
    note: `---\ntags: [x]\n---\nA\n\n${m('file_1')}\n`,
    blocks: { file_1: '---\ntags: [x]\n---\nA' },
  },
  {
    name: 'code counts',
    note: `A\n\n\`\`\`\n${m('no')}\n\`\`\`\n${m('file_1')}\n`,
    blocks: { file_1: `A\n\n\`\`\`\n${m('no')}\n\`\`\`` },
  },
  {
    name: 'a score after it',
    note: `A\n\nB\n${m('file_1')}\n<!-- aclarai:score=1 -->\n^file_1\n\n`,
    blocks: { file_1: 'A\n\nB' },
  },
  { name: 'not when text follows', note: `A\n\nB\n${m('file_1')}\nC`, blocks: { file_1: 'B' } },
  {
    name: "not when another's anchor follows",
    note: `A\n\nB\n${m('file_1')}\n^x1\n`,
    blocks: { file_1: 'B' },
  },
  { name: 'not on a line with text', note: `A\n\nB ${m('file_1')}\n`, blocks: { file_1: 'B' } },
  {
    name: 'not another prefix beside other blocks',
    note: `A ${m('a')}\n\nB\n${m('blk_1')}`,
    blocks: { a: 'A', blk_1: 'B' },
  },
  { name: 'nothing on the page', note: `\n${m('file_1')}\n`, blocks: {}, faults: ['no_text:2'] },
];

const noMarkers: Case[] = [
  { name: 'fenced code', note: `~~~\nA ${m('a')}\n\`\`\`\n~~~\nB ${m('b')}`, blocks: { b: 'B' } },
  {
    name: 'fenced code in a list',
    note: `- A\n\n  \`\`\`\n  ${m('a')}\n  \`\`\`\n- B ${m('b')}`,
    blocks: { b: '- B' },
  },
  {
    name: 'fenced code on the line of a bullet',
    note: `- \`\`\`\n  ${m('a')}\n  \`\`\`\n- B ${m('b')}`,
    blocks: { b: '- B' },
  },
  {
    name: 'fenced code in a quote ends with it',
    note: `> \`\`\`\n> ${m('a')}\n\nB ${m('b')}`,
    blocks: { b: 'B' },
    faults: ['open_fence:1'],
  },
  { name: 'a longer fence', note: `\`\`\`\`\n\`\`\`\n${m('a')}\n\`\`\`\`\nB ${m('b')}`, blocks: { b: 'B' } },
  {
    name: 'a fence that stays open',
    note: `A ${m('a')}\n\n\`\`\`\nB ${m('b')}`,
    blocks: { a: 'A' },
    faults: ['open_fence:3'],
  },
  {
    name: 'back quotes with back quotes in the info are no fence',
    note: `\`\`\`a\`b\nA ${m('a')}`,
    blocks: { a: '```a`b\nA' },
  },
  { name: 'inline code', note: `A \`${m('a')}\` B ${m('b')}`, blocks: { b: `A \`${m('a')}\` B` } },
  {
    name: 'inline code over lines',
    note: `A \`\`x ${m('a')}\n\` y\`\` B ${m('b')}`,
    blocks: { b: `A \`\`x ${m('a')}\n\` y\`\` B` },
  },
  { name: 'a lone back quote', note: `A \` ${m('a')}\n\nB \` ${m('b')}`, blocks: { a: 'A `', b: 'B `' } },
  {
    name: 'back quotes of two items',
    note: `- A \` ${m('a')}\n- B \` ${m('b')}`,
    blocks: { a: '- A `', b: '- B `' },
  },
  { name: 'escaped back quote', note: `A \\\` ${m('a')} \` x`, blocks: { a: 'A \\`' } },
  { name: 'escaped', note: `A \\${m('a')} B ${m('b')}`, blocks: { b: `A \\${m('a')} B` } },
  { name: 'escaped backslash', note: `A \\\\${m('a')}`, blocks: { a: 'A \\\\' } },
  { name: 'another comment', note: `A <!-- x ${m('a')} B ${m('b')}`, blocks: { b: `A <!-- x ${m('a')} B` } },
  {
    name: 'another comment over blank lines',
    note: `<!--\n\nA ${m('a')}\n\nB ${m('b')}`,
    blocks: { b: 'B' },
  },
  {
    name: 'a comment begun within a line ends with the paragraph',
    note: `A <!-- b\n\nB ${m('b')}`,
    blocks: { b: 'B' },
  },
  { name: 'an empty comment', note: `A <!--> B ${m('b')}`, blocks: { b: 'A <!--> B' } },
  { name: 'Obsidian comment', note: `A %% ${m('a')} %% B ${m('b')}`, blocks: { b: `A %% ${m('a')} %% B` } },
  {
    name: 'Obsidian comment over lines',
    note: `%%\nA ${m('a')}\n\n\`\`\`\n%%\n\nB ${m('b')}`,
    blocks: { b: 'B' },
  },
  {
    name: 'lone per cent signs',
    note: `100%% A ${m('a')}\n\n50%% B ${m('b')}`,
    blocks: { a: '100%% A', b: '50%% B' },
  },
  {
    name: 'front matter has no text of its own',
    note: `---\nt: A ${m('a')}\n---\nB ${m('b')}`,
    blocks: { b: 'B' },
    faults: ['no_text:2'],
  },
];

const excluded: Case[] = [
  { name: 'a score within the line', note: `A <!-- aclarai:score=0.4 -->B ${m('a')}`, blocks: { a: 'A B' } },
  {
    name: 'a score on a line of its own',
    note: `A\n<!-- aclarai:score=0.4 -->\nB ${m('a')}`,
    blocks: { a: 'A\nB' },
  },
  {
    name: 'a score over lines, with a blank one',
    note: `A\n<!-- aclarai:score\n\n=0.4 -->\nB ${m('a')}`,
    blocks: { a: 'A\nB' },
  },
  { name: 'a score before a bullet', note: `A\n<!-- aclarai:s=1 -->- B ${m('a')}`, blocks: { a: '- B' } },
  {
    name: 'a score in a list',
    note: `- A\n<!-- aclarai:s=1 -->\n- B\n${m('clm_a')}\n\nr`,
    blocks: { clm_a: '- A\n- B' },
  },
  {
    name: 'anchors at the end of lines',
    note: `- A ^a1\n- B ^b1\n${m('clm_a')}\n\nr`,
    blocks: { clm_a: '- A\n- B' },
  },
  { name: 'anchor lines on a page', note: `A\n^x\n\nB ^y\n\n${m('file_1')}`, blocks: { file_1: 'A\n\nB' } },
  { name: 'other comments stay', note: `A <!-- note --> B ${m('a')}`, blocks: { a: 'A <!-- note --> B' } },
  {
    name: 'no anchors in code',
    note: `A\n\n\`\`\`\nx ^b\n\`\`\`\n\n${m('file_1')}`,
    blocks: { file_1: 'A\n\n```\nx ^b\n```' },
  },
];

describe.each([
  ['inline', inline],
  ['marker on its own line', ownLine],
  ['summary', summary],
  ['whole page', page],
  ['not a marker', noMarkers],
  ['excluded from the text', excluded],
])('%s', (_, cases) => {
  test.each(cases)('$name', ({ note, blocks, faults = [] }) => {
    const found = parseNote(note);
    expect(texts(found)).toEqual(blocks);
    expect(found.faults.map(({ kind, line }) => `${kind}:${line}`)).toEqual(faults);
    for (const { hash, text } of found.blocks) expect(hash).toBe(hashText(text));
  });

  test.each(cases)('$name, with CRLF and a byte order mark', ({ note }) => {
    const found = parseNote(`\uFEFF${note.replaceAll('\n', '\r\n')}`);
    expect(found).toEqual(parseNote(note));
    expect(parseNote(note.replaceAll('\n', '\r'))).toEqual(found);
  });
});

test('inner white space of a text is kept, its ends are not', () => {
  const [block] = parseNote(`  A  b\t c   \n   d  ${m('a')}`).blocks;
  expect(block?.text).toBe('A  b\t c   \n   d');
});

test('an id that stands twice is found twice', () => {
  const note = parseNote(`A ${m('a')}\n\nB ${m('a', ' ver=2')}\n`);
  expect(note.blocks.map(({ id, version, line }) => [id, version, line])).toEqual([
    ['a', 1, 1],
    ['a', 2, 3],
  ]);
});

test('the type of a block says whether it is the whole page', () => {
  const note = parseNote(`A ${m('a')}\n\n- B\n${m('clm_b')}\n\n${m('file_c')}\n`);
  expect(note.blocks.map(({ id, type }) => `${id}:${type}`)).toEqual([
    'a:inline',
    'clm_b:inline',
    'file_c:file',
  ]);
});

test('the example of the format', () => {
  const [block] = parseNote(`Alice: This is a test utterance. ${m('blk_1')}\n^blk_1\n`).blocks;
  expect(block?.hash).toBe('174efcc8c2d455a9262c64ec5dc5f4057cd3f2c1e6cc85c509d8a5c636c25fd8');
});
