import { describe, expect, it } from 'vitest';
import { oneLine, printable, secondsText, statisticsText, timeText, utcText } from '#faces/cli/text';

describe('times', () => {
  it.each([
    ['2026-03-29T03:00:00+02:00', '2026-03-29 03:00:00+02:00'],
    ['2026-03-29T01:00:00.250Z', '2026-03-29 01:00:00Z'],
    [null, '-'],
  ])('%s is shown as %s', (iso, text) => expect(timeText(iso)).toBe(text));

  it('shows the same instant in UTC', () => {
    expect(utcText('2026-03-29T03:00:00+02:00')).toBe('2026-03-29 01:00:00Z');
  });
});

describe('durations', () => {
  it.each([
    [null, '-'],
    [0, '0ms'],
    [0.002, '2ms'],
    [2.1, '2.1s'],
    [59, '59s'],
    [60, '1m'],
    [61.6, '1m 2s'],
    [3600, '1h'],
    [3725, '1h 2m'],
    [90_000, '1d 1h'],
    [86_401, '1d'],
  ])('%s s is shown as %s', (seconds, text) => expect(secondsText(seconds)).toBe(text));
});

describe('statistics', () => {
  it('keeps their order, and leaves out what is said elsewhere', () => {
    const statistics = { success: true, items_processed: 12, note: 'all well', none: null, error: 'x' };
    expect(statisticsText(statistics)).toBe('items_processed 12, note all well');
  });

  it('leaves out what counted nothing, unless nothing did', () => {
    expect(statisticsText({ items_processed: 3, errors: 0, warnings: 0 })).toBe('items_processed 3');
    expect(statisticsText({ items_processed: 0, errors: 0 })).toBe('items_processed 0');
    expect(statisticsText({})).toBe('');
  });

  it('says of long lists only how long they are', () => {
    expect(statisticsText({ files: [1, 2, 3, 4], few: [1], tree: { a: 1 } })).toBe(
      'files [4 items], few [1], tree {"a":1}',
    );
  });
});

describe('texts from elsewhere', () => {
  it('never steer the terminal', () => {
    expect(printable('a\u001b[2Jb\r\nc\u009bd\te')).toBe('a [2Jb \nc d e');
    expect(oneLine('one \n two\nthree')).toBe('one two three');
  });
});
