// What belongs to the text of a block: every situation with the text it gives.

import { expect, test } from 'vitest';
import { parseNote } from '../../../jobs/vault-sync/grammar.ts';
import { type Case, checkCases, m } from './grammar-cases.ts';

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

checkCases({ inline, 'marker on its own line': ownLine, summary, 'whole page': page });

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
