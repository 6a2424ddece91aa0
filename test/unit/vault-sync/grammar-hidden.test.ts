// What is no marker, and what belongs to no text: every situation with what is found beside it.

import { type Case, checkCases, m } from './grammar-cases.ts';

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

checkCases({ 'not a marker': noMarkers, 'excluded from the text': excluded });
