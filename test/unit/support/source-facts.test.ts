// The scan under the architecture test finds what it is there to find, and nothing in comments and strings.

import { expect, test } from 'vitest';
import { factsOf } from '../../support/source-facts.ts';

const facts = (text: string) => factsOf(text, 'sample.ts');
const whats = (found: readonly { what: string }[]) => found.map(({ what }) => what);

test.each([
  [`import { a } from './a.ts'`, './a.ts', 'value'],
  [`import a, { type B } from '#core/a'`, '#core/a', 'value'],
  [`import './a.ts'`, './a.ts', 'value'],
  [`import type { A } from './a.ts'`, './a.ts', 'type'],
  [`import { type A, type B } from './a.ts'`, './a.ts', 'type'],
  [`export * from './a.ts'`, './a.ts', 'value'],
  [`export { a } from './a.ts'`, './a.ts', 'value'],
  [`export type { A } from './a.ts'`, './a.ts', 'type'],
  [`type A = import('./a.ts').A`, './a.ts', 'type'],
  [`const a = await import('./a.ts')`, './a.ts', 'late'],
])('%s', (text, specifier, kind) => {
  expect(facts(text).imports).toEqual([{ specifier, kind, line: 1 }]);
});

test('an import has the line on which it begins', () => {
  expect(facts(`// one\n\nimport {\n  a,\n} from 'a'`).imports).toEqual([
    { specifier: 'a', kind: 'value', line: 3 },
  ]);
});

test.each([
  ['Date.now()', 'Date.now'],
  ['const now = Date.now', 'Date.now'],
  [`Date['now']()`, 'Date.now'],
  ['new Date()', 'Date()'],
  ['performance.now()', 'performance.now'],
  ['Temporal.Now.instant()', 'Temporal.Now'],
  ['setTimeout(f, 1)', 'setTimeout'],
  ['globalThis.setTimeout(f, 1)', 'globalThis.setTimeout'],
  ['setInterval(f, 1)', 'setInterval'],
  ['AbortSignal.timeout(1)', 'AbortSignal.timeout'],
  [`import { setTimeout as sleep } from 'node:timers/promises'`, 'node:timers/promises'],
])('%s touches the real clock', (text, what) => {
  expect(whats(facts(text).realTime)).toEqual([what]);
});

test.each([
  'new Date(at)',
  'Date.parse(text)',
  'clock.now()',
  'setImmediate(f)',
  '// Date.now()',
  '"Date.now()"',
])('%s does not', (text) => {
  expect(facts(text).realTime).toEqual([]);
});

test('process.env and process.exit are found, process.pid is not', () => {
  const text = `process.env.A; process.exit(1); process.pid; options.env; import { env } from 'node:process'`;
  expect(whats(facts(text).process)).toEqual(['process.env', 'process.exit', 'node:process']);
});

test.each([
  ['enum A { B }', 'enum'],
  ['namespace A { export const b = 1 }', 'namespace'],
  ['class A { constructor(private b: number) {} }', 'parameter property'],
  ['@a class B {}', 'decorator'],
  [`import a = require('a')`, 'import ='],
])('%s cannot be stripped', (text, what) => {
  expect(whats(facts(text).notErasable)).toEqual([what]);
});

test('types, and what is only declared, can be stripped', () => {
  expect(
    facts('type A = 1; interface B {} declare enum C { D } let x = 1 as A; x satisfies A').notErasable,
  ).toEqual([]);
});

test('a barrel passes everything on and does nothing else', () => {
  expect(facts(`export * from './a.ts'; export { b } from './b.ts'`).isBarrel).toBe(true);
  expect(facts(`export * from './a.ts'; export const b = 1`).isBarrel).toBe(false);
  expect(facts(`import { a } from './a.ts'; a()`).isBarrel).toBe(false);
});

test('lines are counted as an editor counts them', () => {
  expect(facts('a\nb\n').lines).toBe(2);
  expect(facts('a\nb').lines).toBe(2);
});
