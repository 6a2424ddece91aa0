// Lines of a note in, the markers and comments in them out, in one forward pass. Pure.

import { skipBlanks } from './hash.ts';
import { Layout } from './layout.ts';
import { fenceAt, isBlankLine, type Line, splitLines, throughQuoteSigns } from './lines.ts';
import { readMarker } from './marker.ts';

/** A comment of aclarai that names a block, or fails to. */
export interface Marker {
  /** Null when the comment has no readable id. */
  readonly id: string | null;
  readonly version: number;
  /** What is wrong with it: such a marker is no block, but it bounds its neighbours. */
  readonly problem: string | null;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly endLine: number;
}

export interface Cut {
  readonly start: number;
  readonly end: number;
}

export interface Scan {
  readonly text: string;
  readonly lines: readonly Line[];
  /** First line after the front matter. */
  readonly bodyLine: number;
  readonly markers: readonly Marker[];
  /** Every comment of aclarai, in order: these belong to no text. */
  readonly cuts: readonly Cut[];
  /** Lines of fences that are never closed although a marker follows them. */
  readonly openFences: readonly number[];
}

interface Paragraph {
  readonly from: number;
  readonly to: number;
  readonly end: number;
  /** Runs of back quotes by length, last ones first. */
  ticks: Map<number, number[]> | null;
}

const ACLARAI = 'aclarai:';

/** `text` has LF line breaks and no byte order mark. Time and memory are linear in its length. */
export function scanNote(text: string): Scan {
  return new Scanner(text).run();
}

class Scanner {
  readonly #text: string;
  readonly #lines: Line[];
  readonly #layout: Layout;
  readonly #ahead: Ahead;
  readonly #markers: Marker[] = [];
  readonly #cuts: Cut[] = [];
  readonly #openFences: number[] = [];
  #line = 0;
  #at = 0;
  #paragraph: Paragraph | null = null;

  constructor(text: string) {
    this.#text = text;
    this.#lines = splitLines(text);
    this.#layout = new Layout(text, this.#lines);
    this.#ahead = new Ahead(text);
  }

  run(): Scan {
    const bodyLine = this.#frontMatterEnd();
    while (this.#line < this.#lines.length) {
      const markdown = this.#line >= bodyLine;
      if (markdown) this.#layout.settle(this.#line, false);
      if (markdown && this.#opensFence(this.#lines[this.#line]!)) this.#fence();
      else this.#words(markdown);
      this.#line++;
    }
    const { lines, markers, cuts, openFences } = {
      lines: this.#lines,
      markers: this.#markers,
      cuts: this.#cuts,
      openFences: this.#openFences,
    };
    return { text: this.#text, lines, bodyLine, markers, cuts, openFences };
  }

  /** Front matter runs from `---` on the first line to the next `---` or `...`. Answers the first line after it. */
  #frontMatterEnd(): number {
    const is = (line: Line, pattern: RegExp): boolean =>
      line.end - line.start < 200 && pattern.test(this.#text.slice(line.start, line.end));
    const [first] = this.#lines;
    if (!first || !is(first, /^---[ \t]*$/)) return 0;
    return this.#lines.findIndex((line, index) => index > 0 && is(line, /^(?:---|\.\.\.)[ \t]*$/)) + 1;
  }

  #opensFence(line: Line): boolean {
    if (line.shape !== 'fence' && line.shape !== 'quote' && line.shape !== 'item') return false;
    return this.#at <= line.start && fenceAt(this.#text, line.body, line.end) !== null;
  }

  /** Passes a fenced block: to its closing line, to the end of the quote around it, or to the end of the note. */
  #fence(): void {
    const opener = this.#line;
    const first = this.#lines[opener]!;
    const quoted = first.shape === 'quote';
    const { sign, length } = fenceAt(this.#text, first.body, first.end)!;
    let last = opener;
    let closed = false;
    first.fence = opener;
    while (!closed && last + 1 < this.#lines.length) {
      const line = this.#lines[last + 1]!;
      if (quoted && line.shape !== 'quote') break;
      line.fence = opener;
      line.inList = first.inList;
      closed = this.#closesFence(line, quoted, sign, length);
      last++;
    }
    if (!closed && /<!--\s*aclarai:id=/i.test(this.#text.slice(first.end, this.#lines[last]!.end)))
      this.#openFences.push(opener);
    this.#layout.skipFence(last);
    this.#line = last;
    this.#at = this.#lines[last]!.end;
  }

  #closesFence(line: Line, quoted: boolean, sign: string, length: number): boolean {
    const from = quoted ? throughQuoteSigns(this.#text, line.start, line.end).body : line.body;
    if (!quoted && line.shape === 'item') return false;
    const fence = fenceAt(this.#text, from, line.end);
    if (!fence || fence.sign !== sign || fence.length < length) return false;
    return isBlankLine(this.#text, from + fence.length, line.end);
  }

  /** Finds comments from the current line on; moves over the lines that a comment or inline code covers. */
  #words(markdown: boolean): void {
    this.#at = Math.max(this.#at, this.#lines[this.#line]!.start);
    for (;;) {
      const special = this.#ahead.special(this.#at);
      if (!special || special.index >= this.#lines[this.#line]!.end) return;
      const [sign] = special;
      if (sign === '<!--') this.#comment(special.index);
      else if (!markdown) this.#at = special.index + sign.length;
      else if (sign === '\\') this.#at = special.index + 2;
      else if (sign === '%%') this.#obsidianComment(special.index);
      else this.#inlineCode(special.index, sign.length);
    }
  }

  #comment(start: number): void {
    const inside = start + 4;
    const close = this.#ahead.close(inside);
    const next = this.#ahead.open(inside);
    const ours = this.#ahead.aclarai(inside);
    if (ours && close >= 0 && !(next >= 0 && next < close)) this.#ourComment(start, close + 3);
    else if (ours) this.#unclosed(start, next);
    else if (close >= 0 && !this.#isEmptyComment(inside) && this.#mayEndAt(start, close))
      this.#skipTo(close + 3);
    else this.#at = inside;
  }

  /** `<!-->` and `<!--->` are whole comments. */
  #isEmptyComment(inside: number): boolean {
    return this.#text.startsWith('>', inside) || this.#text.startsWith('->', inside);
  }

  #ourComment(start: number, end: number): void {
    const line = this.#line;
    const read = readMarker(this.#text.slice(start + 4, end - 3));
    this.#cuts.push({ start, end });
    this.#skipTo(end);
    const place = { start, end, line, endLine: this.#line };
    if (read.kind === 'block')
      this.#markers.push({ id: read.id, version: read.version, problem: null, ...place });
    if (read.kind === 'bad') this.#markers.push({ id: read.id, version: 0, problem: read.problem, ...place });
    const here = this.#lines[line]!;
    if (line === this.#line && start === here.body && here.shape === 'text')
      this.#layout.settleAgain(line, end);
  }

  #unclosed(start: number, next: number): void {
    this.#at = start + 4;
    const line = this.#line;
    const lineEnd = this.#lines[line]!.end;
    const end = next >= 0 ? Math.min(next, lineEnd) : lineEnd;
    const read = readMarker(this.#text.slice(start + 4, end));
    if (read.kind === 'other') return;
    const id = read.kind === 'block' ? read.id : null;
    const problem = `the comment${id ? ` of ${id}` : ''} is not closed with -->`;
    this.#markers.push({ id, version: 0, problem, start, end, line, endLine: line });
  }

  #obsidianComment(start: number): void {
    const close = this.#ahead.percent(start + 2);
    if (close >= 0 && this.#mayEndAt(start, close)) this.#skipTo(close + 2);
    else this.#at = start + 2;
  }

  #inlineCode(start: number, length: number): void {
    const paragraph = this.#paragraphHere();
    paragraph.ticks ??= ticksBetween(this.#text, start, paragraph.end);
    const runs = paragraph.ticks.get(length);
    while (runs && runs.length > 0 && runs.at(-1)! <= start) runs.pop();
    const close = runs?.at(-1);
    if (close === undefined) this.#at = start + length;
    else this.#skipTo(close + length);
  }

  /** A comment that begins its line may span blank lines; one inside a line ends with its paragraph. */
  #mayEndAt(start: number, close: number): boolean {
    return start === this.#lines[this.#line]!.body || close < this.#paragraphHere().end;
  }

  #paragraphHere(): Paragraph {
    const known = this.#paragraph;
    if (known && this.#line >= known.from && this.#line <= known.to) return known;
    const quoted = this.#lines[this.#line]!.shape === 'quote';
    let to = this.#line;
    for (; to + 1 < this.#lines.length; to++) {
      const { shape } = this.#lines[to + 1]!;
      if (shape !== 'text' && !(quoted && shape === 'quote')) break;
    }
    this.#paragraph = { from: this.#line, to, end: this.#lines[to]!.end, ticks: null };
    return this.#paragraph;
  }

  #skipTo(offset: number): void {
    this.#at = offset;
    while (this.#line + 1 < this.#lines.length && this.#lines[this.#line + 1]!.start <= offset)
      this.#layout.settle(++this.#line, true);
  }
}

function ticksBetween(text: string, from: number, to: number): Map<number, number[]> {
  const runs = new Map<number, number[]>();
  for (const { 0: run, index } of text.slice(from, to).matchAll(/`+/g)) {
    const sameLength = runs.get(run.length);
    if (sameLength) sameLength.push(from + index);
    else runs.set(run.length, [from + index]);
  }
  for (const places of runs.values()) places.reverse();
  return runs;
}

/** Looks ahead for signs. Positions asked for only grow, so each search goes over the text once. */
class Ahead {
  readonly #text: string;
  readonly #special = /\\|`+|<!--|%%/g;
  #found: RegExpExecArray | null | undefined;
  readonly #known = new Map<string, number>();

  constructor(text: string) {
    this.#text = text;
  }

  /** The next sign that may begin or hide a comment. */
  special(from: number): RegExpExecArray | null {
    if (this.#found === null || (this.#found && this.#found.index >= from)) return this.#found;
    this.#special.lastIndex = from;
    this.#found = this.#special.exec(this.#text);
    return this.#found;
  }

  /** Whether a comment that opened before `from` is one of aclarai. */
  aclarai(from: number): boolean {
    const at = skipBlanks(this.#text, from, this.#text.length);
    return this.#text.slice(at, at + ACLARAI.length).toLowerCase() === ACLARAI;
  }

  open = (from: number): number => this.#find('<!--', from);
  close = (from: number): number => this.#find('-->', from);
  percent = (from: number): number => this.#find('%%', from);

  #find(sign: string, from: number): number {
    const known = this.#known.get(sign);
    if (known !== undefined && (known < 0 || known >= from)) return known;
    const at = this.#text.indexOf(sign, from);
    this.#known.set(sign, at);
    return at;
  }
}
