// A scanned note and one of its markers in, the text of that block out: Summary, File-level, Inline. Pure.

import type { Marker, Scan } from './comments.ts';
import { dropTrailingBlanks, isBlank } from './hash.ts';
import { isRelatedLine } from './layout.ts';
import { isAnchor, isBlankLine, type Line, throughQuoteSigns } from './lines.ts';

/** A scan with what the rules ask of it again and again. */
export interface Notebook {
  readonly scan: Scan;
  /** Which markers stand on a line of their own. */
  readonly alone: readonly boolean[];
}

export interface BlockText {
  /** Untrimmed; empty when the marker marks nothing. */
  readonly text: string;
  readonly type: 'inline' | 'file';
}

/** A stretch of the note, from an offset in one line to an offset in another. */
interface Stretch {
  readonly from: number;
  readonly fromLine: number;
  readonly to: number;
  readonly toLine: number;
}

const WHOLE_PAGE_PREFIX = /^(?:file_|concept_|subject_)/;

export function openNotebook(scan: Scan): Notebook {
  hideCommentLines(scan);
  const alone = scan.markers.map((marker, index) => standsAlone(scan, marker, scan.markers[index - 1]));
  return { scan, alone };
}

/** The text of one marker by the first rule that applies: Summary, File-level, Inline. */
export function readText(book: Notebook, index: number): BlockText {
  const { scan, alone } = book;
  const marker = scan.markers[index]!;
  const before = scan.markers[index - 1];
  const summary = summaryAbove(book, index);
  if (summary) return inline(scan, summary);
  if (isWholePage(book, index)) {
    const page = { from: 0, fromLine: 0, to: marker.start, toLine: marker.line };
    return { text: collect(scan, page), type: 'file' };
  }
  if (marker.line < scan.bodyLine) return { text: '', type: 'inline' };
  if (alone[index]) return inline(scan, nearestUnit(scan, marker, before));
  return inline(scan, unitUpTo(scan, marker.line, marker.start, marker, before));
}

function inline(scan: Scan, stretch: Stretch | null): BlockText {
  return { text: stretch ? collect(scan, stretch) : '', type: 'inline' };
}

/** Alone, only its own anchor after it, and its id says "page" or it is the only one of the note. */
function isWholePage({ scan, alone }: Notebook, index: number): boolean {
  const { id, end, endLine } = scan.markers[index]!;
  if (index !== scan.markers.length - 1 || !alone[index] || id === null) return false;
  if (scan.markers.length > 1 && !WHOLE_PAGE_PREFIX.test(id)) return false;
  for (let at = endLine; at < scan.lines.length; at++) {
    const line = scan.lines[at]!;
    const rest = cut(scan, at === endLine ? end : line.start, line.end).replaceAll(`^${id}`, '');
    if (!isBlankLine(rest, 0, rest.length)) return false;
  }
  return true;
}

/** For a `clm_` marker alone under a list, "Related concepts:" perhaps between: all items since the block before. */
function summaryAbove({ scan, alone }: Notebook, index: number): Stretch | null {
  const marker = scan.markers[index]!;
  if (!alone[index] || !marker.id?.startsWith('clm_')) return null;
  const before = scan.markers[index - 1];
  const floor = Math.max(scan.bodyLine, before ? before.endLine + 1 : 0);
  let last = lineAbove(scan, marker.line, floor);
  if (last >= floor && isRelatedLine(scan.text, scan.lines[last]!)) last = lineAbove(scan, last, floor);
  if (last < floor || !scan.lines[last]!.inList) return null;
  let first = -1;
  for (let at = last; at >= floor; at--) {
    const line = scan.lines[at]!;
    if (!line.inList && line.fence < 0 && line.shape !== 'blank' && line.shape !== 'anchor' && !line.hidden)
      break;
    if (line.shape === 'item' && (line.fence < 0 || line.fence === at)) first = at;
  }
  return first < 0 ? null : wholeLines(scan, first, last);
}

/** The paragraph, item, quote, heading, row or fenced block above a marker that stands alone. */
function nearestUnit(scan: Scan, marker: Marker, before: Marker | undefined): Stretch | null {
  const floor = Math.max(scan.bodyLine, before?.endLine ?? 0);
  let last = lineAbove(scan, marker.line, floor);
  while (last >= floor && scan.lines[last]!.shape === 'rule' && scan.lines[last]!.fence < 0)
    last = lineAbove(scan, last, floor);
  if (last < floor) return null;
  const { fence, end } = scan.lines[last]!;
  return fence >= 0 ? wholeLines(scan, fence, last) : unitUpTo(scan, last, end, marker, before);
}

/** The unit that ends at an offset of a line: contiguous lines back to where another unit or block ends. */
function unitUpTo(scan: Scan, last: number, to: number, marker: Marker, before: Marker | undefined): Stretch {
  const ending = { to, toLine: last };
  const floor = Math.max(scan.bodyLine, before?.endLine ?? 0);
  let first = last;
  for (;;) {
    const line = scan.lines[first]!;
    if (before?.endLine === first) return { from: before.end, fromLine: first, ...ending };
    if (line.shape === 'item' || line.shape === 'heading' || line.shape === 'row') break;
    let up = first - 1;
    while (up >= floor && scan.lines[up]!.hidden) up--;
    if (up < floor || !joins(scan, up, line, marker, before)) break;
    first = up;
  }
  return { from: scan.lines[first]!.start, fromLine: first, ...ending };
}

/** Whether a line belongs to the same unit as the line under it. */
function joins(scan: Scan, up: number, line: Line, marker: Marker, before: Marker | undefined): boolean {
  const above = scan.lines[up]!;
  if (above.fence >= 0) return false;
  const rest = cut(scan, before?.endLine === up ? before.end : above.start, above.end);
  const bare = withoutAnchors(rest);
  if (bare !== rest && !rest.includes(`^${marker.id}`)) return false;
  if (before?.endLine === up) return !isBlankLine(bare, 0, bare.length);
  if (above.shape === 'quote' || above.shape === 'text' || above.shape === 'item')
    return line.shape !== 'quote' || above.shape === 'quote';
  return false;
}

/** The nearest line above with something on it, or `floor - 1`. */
function lineAbove(scan: Scan, from: number, floor: number): number {
  let at = from - 1;
  for (; at >= floor; at--) {
    const { shape, hidden, fence, body, end } = scan.lines[at]!;
    const empty = shape === 'blank' || shape === 'anchor' || (shape === 'quote' && body >= end);
    if (fence >= 0 || !(empty || hidden)) break;
  }
  return at;
}

function standsAlone(scan: Scan, marker: Marker, before: Marker | undefined): boolean {
  if (before?.endLine === marker.line) return false;
  const prefix = withoutAnchors(cut(scan, scan.lines[marker.line]!.start, marker.start));
  const suffix = withoutAnchors(cut(scan, marker.end, scan.lines[marker.endLine]!.end));
  return (
    throughQuoteSigns(prefix, 0, prefix.length).body === prefix.length &&
    isBlankLine(suffix, 0, suffix.length)
  );
}

/** Lines that hold nothing but comments of aclarai bound no block: a score on a line of its own changes no hash. */
function hideCommentLines(scan: Scan): void {
  let at = 0;
  for (const { start, end } of scan.cuts) {
    while (at < scan.lines.length && scan.lines[at]!.end < start) at++;
    for (; at < scan.lines.length && scan.lines[at]!.start < end; at++) {
      const line = scan.lines[at]!;
      const rest = cut(scan, line.start, line.end);
      line.hidden = isBlankLine(rest, 0, rest.length);
    }
  }
  for (const { line, endLine } of scan.markers)
    for (let index = line; index <= endLine; index++) scan.lines[index]!.hidden = false;
}

function wholeLines(scan: Scan, first: number, last: number): Stretch {
  return { from: scan.lines[first]!.start, fromLine: first, to: scan.lines[last]!.end, toLine: last };
}

/** The text of a stretch without comments of aclarai and anchors; lines that held nothing else are left out. */
function collect(scan: Scan, { from, fromLine, to, toLine }: Stretch): string {
  const pieces: string[] = [];
  for (let index = fromLine; index <= toLine; index++) {
    const { start, end, fence, hidden } = scan.lines[index]!;
    if (hidden) continue;
    const [a, b] = [Math.max(from, start), Math.min(to, end)];
    const kept = cut(scan, a, b);
    const piece = fence >= 0 ? kept : withoutAnchors(kept);
    if (piece.length === b - a) pieces.push(piece);
    else if (throughQuoteSigns(piece, 0, piece.length).body < piece.length)
      pieces.push(piece.slice(0, dropTrailingBlanks(piece, 0, piece.length)));
  }
  return pieces.join('\n');
}

/** `[from, to)` without comments of aclarai. */
function cut(scan: Scan, from: number, to: number): string {
  let at = from;
  let kept = '';
  for (let index = firstCutAfter(scan, from); index < scan.cuts.length; index++) {
    const { start, end } = scan.cuts[index]!;
    if (start >= to) break;
    if (start > at) kept += scan.text.slice(at, start);
    at = Math.max(at, end);
  }
  return at < to ? kept + scan.text.slice(at, to) : kept;
}

function firstCutAfter({ cuts }: Scan, offset: number): number {
  let low = 0;
  let high = cuts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cuts[middle]!.end > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A line without the ` ^id` words at its end. */
function withoutAnchors(line: string): string {
  if (!line.includes('^')) return line;
  let end = line.length;
  for (;;) {
    const stop = dropTrailingBlanks(line, 0, end);
    let word = stop;
    while (word > 0 && !isBlank(line.charCodeAt(word - 1))) word--;
    if (line[word] !== '^' || !isAnchor(line.slice(word, stop)))
      return end === line.length ? line : line.slice(0, end);
    end = word;
  }
}
