// Rows into aligned columns that fit the terminal. Pure.

import { oneLine } from './text.ts';

export interface Column<Row> {
  head: string;
  cell(row: Row): string;
  align?: 'right';
  /** Left out, the last first, where the table would not fit. */
  optional?: true;
  /** Cut with `…`, the widest first, where the table still does not fit. */
  flexible?: true;
}

const GAP = '  ';
/** A flexible column is not cut below this. */
const LEAST_WIDTH = 12;

/**
 * Lines without trailing spaces, each ended. `below` adds lines under a row; they are indented and never cut, so that
 * an error can be read in full.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  below: (row: Row) => readonly string[] = () => [],
): string {
  const cells = rows.map((row) => new Map(columns.map((column) => [column, oneLine(column.cell(row))])));
  const natural = (column: Column<Row>) =>
    Math.max(displayWidth(column.head), ...cells.map((row) => displayWidth(row.get(column)!)));
  const shown = fitting(columns, natural, width);
  const widths = cut(shown, natural, width);
  const line = (text: (column: Column<Row>) => string) =>
    `${shown
      .map((column, n) => pad(text(column), widths[n]!, column.align))
      .join(GAP)
      .trimEnd()}\n`;
  const body = rows.map((row, n) => {
    const extra = below(row).map((text) => `${GAP}${oneLine(text)}\n`);
    return line((column) => cells[n]!.get(column)!) + extra.join('');
  });
  return line((column) => column.head) + body.join('');
}

/** `Name:  value` lines with the values under one another; a value of several lines stays under its first. */
export function fields(
  pairs: readonly (readonly [name: string, value: string | readonly string[]])[],
): string {
  const widest = Math.max(0, ...pairs.map(([name]) => displayWidth(name))) + 1;
  const lines = pairs.flatMap(([name, value]) =>
    [value].flat().map((text, n) => `${(n === 0 ? `${name}:` : '').padEnd(widest)} ${oneLine(text)}`),
  );
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function fitting<Row>(
  columns: readonly Column<Row>[],
  natural: (column: Column<Row>) => number,
  width: number,
): readonly Column<Row>[] {
  const total = columns.reduce((sum, column) => sum + natural(column) + GAP.length, -GAP.length);
  if (total <= width) return columns;
  const last = columns.findLast((column) => column.optional);
  return last
    ? fitting(
        columns.filter((column) => column !== last),
        natural,
        width,
      )
    : columns;
}

function cut<Row>(
  columns: readonly Column<Row>[],
  natural: (column: Column<Row>) => number,
  width: number,
): number[] {
  const widths = columns.map(natural);
  const total = () => widths.reduce((sum, each) => sum + each + GAP.length, -GAP.length);
  while (total() > width) {
    const room = columns.map((column, n) => (column.flexible ? widths[n]! - LEAST_WIDTH : 0));
    const widest = room.indexOf(Math.max(...room));
    if (room[widest]! <= 0) return widths;
    widths[widest]! -= Math.min(room[widest]!, total() - width);
  }
  return widths;
}

function pad(text: string, width: number, align?: 'right'): string {
  const shown = displayWidth(text) > width ? shorten(text, width) : text;
  const space = ' '.repeat(Math.max(0, width - displayWidth(shown)));
  return align === 'right' ? space + shown : shown + space;
}

function shorten(text: string, width: number): string {
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    if (displayWidth(kept) + displayWidth(segment) > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** East Asian wide and full-width forms, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Terminal cells that a text takes. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}
