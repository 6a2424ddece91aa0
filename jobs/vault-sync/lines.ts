// Text of a note in, its lines and what each looks like out: the ground on which markers and blocks are found. Pure.

import { dropTrailingBlanks, isBlank, skipBlanks } from './hash.ts';

/** What a line looks like by itself. `underline` and rows without a leading pipe are settled by the line above. */
export type Shape =
  | 'blank'
  | 'text'
  | 'heading'
  | 'underline'
  | 'item'
  | 'quote'
  | 'row'
  | 'rule'
  | 'fence'
  | 'anchor';

export interface Line {
  readonly start: number;
  /** Offset of the line break, or of the end of the note. */
  readonly end: number;
  shape: Shape;
  /** Columns of white space before the first sign; a tab is four. */
  readonly indent: number;
  /** Offset after indentation, quote signs and bullets: where the words begin. */
  readonly body: number;
  /** Number of an ordered item, else 1. */
  readonly ordinal: number;
  /** Index of the line that opened the fence around this line, or -1. */
  fence: number;
  /** Belongs to a list: an item, its continuation, or what is nested in it. */
  inList: boolean;
  /** Holds nothing but comments of aclarai that are no markers: as if it were not there. */
  hidden: boolean;
}

/** Letters (with their combining marks) and digits of any script, `_`, `-`, `.` and `:`. */
const ID = '[\\p{L}\\p{M}\\p{N}_.:-]';
const WHOLE_ID = new RegExp(`^${ID}{1,256}$`, 'u');
const ANCHOR = new RegExp(`^\\^${ID}+$`, 'u');
const RULE = /^(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const UNDERLINE = /^(?:=+|-+)$/;
const DELIMITERS = '-:|';
const DELIMITER_ROW = /^[-:| \t]+$/;
const HEADING = /^#{1,6}(?:[ \t]|$)/;
const BULLET = /(?:[-*+]|(\d{1,9})[.)])(?:[ \t]+|$)/y;

/** One to 256 signs that an id may have. */
export function isId(text: string): boolean {
  return WHOLE_ID.test(text);
}

/** `^id` and nothing else. */
export function isAnchor(text: string): boolean {
  return ANCHOR.test(text);
}

/** The lines of a text whose line breaks are LF. A final line break ends a line, it does not begin an empty one. */
export function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < text.length) {
    const at = text.indexOf('\n', start);
    const end = at < 0 ? text.length : at;
    lines.push(readLine(text, start, end));
    start = end + 1;
  }
  return lines;
}

/** Reads one line; `from` skips a comment of aclarai that stands before what the line really is. */
export function readLine(text: string, start: number, end: number, from = start): Line {
  const stop = dropTrailingBlanks(text, from, end);
  const first = skipBlanks(text, from, stop);
  const indent = first === from ? 0 : columns(text, from, first);
  const shape = first === stop ? 'blank' : shapeAt(text, first, stop);
  const line = {
    start,
    end,
    shape,
    indent,
    body: first,
    ordinal: 1,
    fence: -1,
    inList: false,
    hidden: false,
  };
  if (shape === 'blank') line.body = end;
  else if (shape === 'quote') line.body = throughQuoteSigns(text, first, stop).body;
  else if (shape === 'item') {
    const { body, ordinal } = throughBullets(text, first, stop);
    line.body = body;
    line.ordinal = ordinal;
  }
  return line;
}

function shapeAt(text: string, first: number, stop: number): Shape {
  switch (text[first]) {
    case '>':
      return 'quote';
    case '|':
      return 'row';
    case '#':
      return HEADING.test(text.slice(first, Math.min(stop, first + 7))) ? 'heading' : 'text';
    case '`':
    case '~':
      return fenceAt(text, first, stop) ? 'fence' : 'text';
    case '^':
      return isAnchor(text.slice(first, stop)) ? 'anchor' : 'text';
    case '-':
    case '*':
    case '_':
      if (RULE.test(text.slice(first, stop))) return 'rule';
  }
  return throughBullets(text, first, stop).body > first ? 'item' : 'text';
}

/** Offset after the `>` signs, and how many there are. */
export function throughQuoteSigns(text: string, from: number, end: number): { body: number; depth: number } {
  let body = skipBlanks(text, from, end);
  let depth = 0;
  while (body < end && text[body] === '>') {
    depth++;
    body = skipBlanks(text, body + 1, end);
  }
  return { body, depth };
}

const BULLET_SIGNS = '-*+0123456789';

function throughBullets(text: string, first: number, stop: number): { body: number; ordinal: number } {
  if (!BULLET_SIGNS.includes(text[first]!)) return { body: first, ordinal: 1 };
  let body = first;
  let ordinal = 1;
  while (body < stop) {
    BULLET.lastIndex = body;
    const bullet = BULLET.exec(text);
    // The pattern may run past the line: a bullet at its end is followed by the line break, never by other lines.
    if (!bullet && !isBareBullet(text, body, stop)) break;
    if (body === first && bullet?.[1]) ordinal = Number(bullet[1]);
    body = bullet ? Math.min(stop, BULLET.lastIndex) : stop;
  }
  return { body, ordinal };
}

function isBareBullet(text: string, from: number, stop: number): boolean {
  return /^(?:[-*+]|\d{1,9}[.)])$/.test(text.slice(from, Math.min(stop, from + 11)));
}

/** The sign and length of a fence that opens at `from`, or null. */
export function fenceAt(text: string, from: number, end: number): { sign: string; length: number } | null {
  const sign = text[from];
  if (sign !== '`' && sign !== '~') return null;
  let at = from;
  while (at < end && text[at] === sign) at++;
  if (at - from < 3) return null;
  // An info string with a back quote makes it inline code.
  if (sign === '`') {
    const quote = text.indexOf('`', at);
    if (quote >= 0 && quote < end) return null;
  }
  return { sign, length: at - from };
}

/** The underline of a heading, if the line above is a paragraph. */
export function isUnderline(text: string, line: Line): boolean {
  const stop = dropTrailingBlanks(text, line.start, line.end);
  return UNDERLINE.test(text.slice(skipBlanks(text, line.start, stop), stop));
}

/** The second row of a table: dashes, colons and at least one pipe. */
export function isDelimiterRow(text: string, line: Line): boolean {
  if (!DELIMITERS.includes(text[line.body] ?? ' ')) return false;
  const source = text.slice(line.start, line.end);
  return source.includes('|') && source.includes('-') && DELIMITER_ROW.test(source);
}

function columns(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at++) count += text[at] === '\t' ? 4 - (count % 4) : 1;
  return count;
}

export function isBlankLine(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!isBlank(text.charCodeAt(at))) return false;
  return true;
}
