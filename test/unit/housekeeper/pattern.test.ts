import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '#housekeeper/pattern';

const matches = (pattern: string, name: string | Buffer) =>
  compilePattern(pattern).matches(Buffer.from(name).toString('latin1'));

describe('a pattern matches the whole file name', () => {
  test.each([
    ['*', 'a.log', true],
    ['*', '.hidden', false],
    ['?hidden', '.hidden', false],
    ['[.]hidden', '.hidden', false],
    ['[!a]hidden', '.hidden', false],
    ['.*', '.hidden', true],
    ['.*', 'seen', false],
    ['*.log', 'a.log', true],
    ['*.log', 'A.LOG', false],
    ['*.log', 'a.log.gz', false],
    ['*.log*', 'a.log.gz', true],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b*c', 'aXcXb', false],
    ['**', 'anything', true],
    ['?', 'é', true],
    ['?', '🙂', true],
    ['??', 'a', false],
    ['a.b', 'aXb', false],
    ['a+(b)', 'a+(b)', true],
    ['{a,b}', 'a', false],
    ['a\\*', 'a\\bc', true],
    ['[abc]1', 'b1', true],
    ['[abc]1', 'd1', false],
    ['[a-c]', 'B', false],
    ['[!a-c]', 'd', true],
    ['[^a-c]', 'b', false],
    ['[]x]', ']', true],
    ['[!]x]', ']', false],
    ['[-a]', '-', true],
    ['[a-]', '-', true],
    ['[[]', '[', true],
    ['a[[]1[]]', 'a[1]', true],
    ['a[1]', 'a1', true],
    ['[α-ω]', 'δ', true],
    ['[:abc]', ':', true],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  test('a byte that is no UTF-8 counts as one character, the rest stays readable', () => {
    const name = Buffer.from([0xc3, 0xa9, 0xff, 0x2e, 0x6c, 0x6f, 0x67]); // é, a stray byte, .log
    expect(matches('*.log', name)).toBe(true);
    expect(matches('é?.log', name)).toBe(true);
    expect(matches('?.log', name)).toBe(false);
    expect(matches('é\u{fffd}.log', name)).toBe(false);
  });

  test.each(['', 'a/b', '/', '..', 'a..b', 'a[b', '[', '[]', '[!]', '[z-a]', '[[:digit:]]', 'a\0b'])(
    'refuses %j',
    (pattern) => {
      expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' }));
    },
  );
});

test('agrees with a plain recursive reading of the grammar', () => {
  const slow = (pattern: string, name: string): boolean => {
    if (pattern === '') return name === '';
    if (pattern[0] === '*')
      return slow(pattern.slice(1), name) || (name !== '' && slow(pattern, name.slice(1)));
    return (
      name !== '' && (pattern[0] === '?' || pattern[0] === name[0]) && slow(pattern.slice(1), name.slice(1))
    );
  };
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), minLength: 1, maxLength: 8 });
  const names = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(patterns, names, (pattern, name) => {
      expect(matches(pattern, name)).toBe(slow(pattern, name));
    }),
  );
});

test('a pattern that ruins a backtracking matcher takes few steps', () => {
  expect(matches(`${'*a'.repeat(60)}b`, 'a'.repeat(250))).toBe(false);
});
