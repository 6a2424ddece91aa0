import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closest, distance } from '#core/did-you-mean';

describe('distance', () => {
  test.each([
    ['', '', 0],
    ['cron', 'cron', 0],
    ['corn', 'cron', 1],
    ['timout', 'timeout', 1],
    ['retrys', 'retries', 2],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['Cron', 'cron', 1],
    ['ca', 'abc', 3],
    ['🙂x', 'x🙂', 1],
  ])('%j to %j is %i', (a, b, edits) => {
    expect(distance(a, b)).toBe(edits);
    expect(distance(b, a)).toBe(edits);
  });

  test('is symmetric, zero only for equals, and never more than the longer word', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const edits = distance(a, b);
        expect(edits).toBe(distance(b, a));
        expect(edits === 0).toBe(a === b);
        expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(edits).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  test('one swap of neighbours is one edit', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 2, maxLength: 10 }), fc.nat(), (word, at) => {
        const index = at % (word.length - 1);
        const swapped = word.slice(0, index) + word[index + 1]! + word[index]! + word.slice(index + 2);
        expect(distance(word, swapped)).toBe(word === swapped ? 0 : 1);
      }),
    );
  });
});

describe('closest', () => {
  const known = ['vault_sync', 'housekeeping', 'nightly_export'];

  test.each([
    ['vault_snyc', 'vault_sync'],
    ['valt_sync', 'vault_sync'],
    ['VAULT_SYNC', 'vault_sync'],
    ['housekeeeping', 'housekeeping'],
    ['something_else', null],
    ['', null],
  ])('%j suggests %j', (word, suggestion) => {
    expect(closest(word, known)).toBe(suggestion);
  });

  test('keeps to the given limit', () => {
    expect(closest('timout', ['timeout'], 1)).toBe('timeout');
    expect(closest('tmout', ['timeout'], 1)).toBeNull();
    expect(closest('crn', ['cron'], 0)).toBeNull();
  });

  test('prefers the same case, then the first of equals', () => {
    expect(closest('Log', ['log', 'Log'])).toBe('Log');
    expect(closest('lo', ['log', 'lot'])).toBe('log');
  });
});
