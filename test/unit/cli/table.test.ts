import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Column, displayWidth, fields, table } from '#faces/cli/table';

interface Row {
  id: string;
  text: string;
  count: string;
  more: string;
}

const COLUMNS: Column<Row>[] = [
  { head: 'ID', cell: (row) => row.id },
  { head: 'TEXT', cell: (row) => row.text, flexible: true },
  { head: 'COUNT', cell: (row) => row.count, align: 'right' },
  { head: 'MORE', cell: (row) => row.more, optional: true },
];
const ROWS: Row[] = [
  { id: 'a', text: 'a short text', count: '1', more: 'first' },
  { id: 'longer', text: 'a text that is a good deal longer', count: '1234', more: 'second' },
];

describe('table', () => {
  it('aligns columns and leaves no trailing spaces', () => {
    expect(table(COLUMNS, ROWS, Number.POSITIVE_INFINITY)).toBe(
      [
        'ID      TEXT                               COUNT  MORE',
        'a       a short text                           1  first',
        'longer  a text that is a good deal longer   1234  second',
        '',
      ].join('\n'),
    );
  });

  it('drops an optional column before it cuts a text', () => {
    const text = table(COLUMNS, ROWS, 50);
    expect(text).not.toContain('MORE');
    expect(text).toContain('a text that is a good deal longer');
  });

  it('cuts a flexible column with an ellipsis where dropping is not enough', () => {
    expect(table(COLUMNS, ROWS, 32)).toBe(
      [
        'ID      TEXT               COUNT',
        'a       a short text           1',
        'longer  a text that is a…   1234',
        '',
      ].join('\n'),
    );
  });

  it('puts lines below a row, indented and never cut', () => {
    const text = table(COLUMNS, ROWS.slice(0, 1), 20, () => ['Error: ', 'x'.repeat(60)]);
    expect(text.split('\n').slice(2)).toEqual(['  Error: ', `  ${'x'.repeat(60)}`, '']);
  });

  it('shows no control characters and no line ends inside a cell', () => {
    const row = { id: 'a', text: 'one\ntwo\u001b[31mred\u0007', count: '', more: '' };
    expect(table(COLUMNS, [row], Number.POSITIVE_INFINITY)).toContain('one two [31mred');
  });

  it('counts what a terminal draws twice as wide', () => {
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('🎉')).toBe(2);
    expect(displayWidth('e\u0301')).toBe(1);
    const rows = [
      { id: '日本', text: 'x', count: '1', more: '' },
      { id: 'abcd', text: 'x', count: '1', more: '' },
    ];
    const [, wide, narrow] = table(COLUMNS, rows, Number.POSITIVE_INFINITY).split('\n');
    expect(wide!.indexOf('x')).toBe(narrow!.indexOf('x') - 2);
  });

  it('never exceeds the width as long as every column can be cut to its least', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 40 });
    const columns: Column<string[]>[] = [0, 1, 2].map((n) => ({
      head: `C${n}`,
      cell: (row) => row[n]!,
      flexible: true,
    }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 40, max: 120 }),
        (rows, width) => {
          for (const line of table(columns, rows, width).split('\n')) {
            expect(displayWidth(line)).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });
});

describe('fields', () => {
  it('puts values under one another, and the second line of a value under its first', () => {
    expect(
      fields([
        ['Type', 'cron'],
        ['Warnings', ['one', 'two']],
        ['Note', ''],
      ]),
    ).toBe('Type:     cron\nWarnings: one\n          two\nNote:\n');
  });
});
