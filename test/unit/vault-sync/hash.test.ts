// The hash of a block: its white space class, sign by sign, and golden values that other services compute too.

import { describe, expect, test } from 'vitest';
import { hashText, isBlank, trimBlanks, wordsOf } from '../../../jobs/vault-sync/hash.ts';

const BLANKS = [
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
] as const;

describe('white space', () => {
  const expected = new Set(
    BLANKS.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, n) => from + n)),
  );

  test('is exactly this class, of all 65,536 code units', () => {
    const found = Array.from({ length: 0x1_0000 }, (_, code) => code).filter(isBlank);
    expect(found).toEqual([...expected].sort((a, b) => a - b));
  });

  test('folds to one space and is trimmed, of all code units', () => {
    const plain = hashText('a b');
    for (let code = 0; code < 0xd800; code++) {
      const sign = String.fromCharCode(code);
      const folds = hashText(`${sign}a${sign}${sign}b${sign}`) === plain;
      if (folds !== expected.has(code)) expect.fail(`U+${code.toString(16)} folds: ${folds}`);
    }
  });

  test('trims and splits by the same class', () => {
    expect(trimBlanks('\u3000\x1c a\uFEFF \x85')).toBe('a\uFEFF');
    expect(wordsOf('\x1fa\u2003b\uFEFFc \n')).toEqual(['a', 'b\uFEFFc']);
  });
});

describe('golden values', () => {
  test.each([
    ['Alice: This is a test utterance.', '174efcc8c2d455a9262c64ec5dc5f4057cd3f2c1e6cc85c509d8a5c636c25fd8'],
    [
      '  Alice:\tThis is\n\na test utterance.\r\n',
      '174efcc8c2d455a9262c64ec5dc5f4057cd3f2c1e6cc85c509d8a5c636c25fd8',
    ],
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['é', '4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c'],
  ])('%j', (text, hash) => {
    expect(hashText(text)).toBe(hash);
  });

  test('case and Unicode form make a difference', () => {
    expect(hashText('ABC')).not.toBe(hashText('abc'));
    expect(hashText('e\u0301')).not.toBe(hashText('\u00e9'));
  });
});
