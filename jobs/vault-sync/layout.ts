// Lines one after the other in, what each is beside the line above out: paragraphs, lists, tables, headings. Pure.

import { fenceAt, isDelimiterRow, isUnderline, type Line, readLine } from './lines.ts';

const RELATED = /^[*_]{0,2}related concepts[*_]{0,2}:/i;

/** The line "Related concepts: …" under a summary, plain or emphasised. */
export function isRelatedLine(text: string, line: Line): boolean {
  return line.shape === 'text' && RELATED.test(text.slice(line.body, Math.min(line.end, line.body + 24)));
}

/** Settles lines in order, each once, from what is known of the lines before it. */
export class Layout {
  readonly #text: string;
  readonly #lines: Line[];
  #settled = -1;
  #list: 'none' | 'tight' | 'gap' = 'none';
  #table = false;

  constructor(text: string, lines: Line[]) {
    this.#text = text;
    this.#lines = lines;
  }

  /** `covered`: the line begins inside a comment or inline code, so its first sign means nothing. */
  settle(index: number, covered: boolean): void {
    if (index <= this.#settled) return;
    this.#settled = index;
    const line = this.#lines[index]!;
    if (!covered) this.#settleShape(line, this.#lines[index - 1]);
    else if (line.shape !== 'blank' && line.shape !== 'quote') line.shape = 'text';
    this.#settleList(line);
  }

  /** Reads a line again from after the comment it begins with: the comment must not hide a bullet or a `#`. */
  settleAgain(index: number, from: number): void {
    const old = this.#lines[index]!;
    const read = readLine(this.#text, old.start, old.end, from);
    if (read.shape === 'blank' || fenceAt(this.#text, read.body, read.end)) return;
    this.#lines[index] = { ...read, indent: old.indent };
    this.#settled = index - 1;
    this.settle(index, false);
  }

  /** The lines up to `last` were a fenced block. */
  skipFence(last: number): void {
    this.#settled = last;
  }

  #settleShape(line: Line, above: Line | undefined): void {
    if (line.indent >= 4 && this.#list === 'none' && line.shape !== 'blank') line.shape = 'text';
    const paragraph = above?.shape === 'text' && above.fence < 0;
    if (paragraph && (line.shape === 'text' || line.shape === 'rule' || line.shape === 'item')) {
      if (isUnderline(this.#text, line)) line.shape = 'underline';
      // "… in my house is\n14. That is many." is one paragraph: only a list that begins with 1 may interrupt it.
      else if (line.shape === 'item' && line.ordinal !== 1 && this.#list === 'none') line.shape = 'text';
    }
    this.#settleTable(line, paragraph ? above : undefined);
  }

  #settleTable(line: Line, header: Line | undefined): void {
    if (header && isDelimiterRow(this.#text, line) && this.#hasPipe(header)) {
      header.shape = 'row';
      line.shape = 'row';
      this.#table = true;
    } else if (this.#table && line.shape === 'text') line.shape = 'row';
    else this.#table &&= line.shape === 'row';
  }

  #hasPipe(line: Line): boolean {
    return this.#text.slice(line.start, line.end).includes('|');
  }

  #settleList(line: Line): void {
    if (line.shape === 'blank') {
      if (this.#list === 'tight') this.#list = 'gap';
      return;
    }
    if (line.shape === 'anchor' || this.#text.startsWith('<!--', line.body)) {
      line.inList = this.#list === 'tight' && line.shape === 'text';
      return;
    }
    const lazy = line.shape === 'text' && this.#list === 'tight' && !isRelatedLine(this.#text, line);
    const nested = this.#list !== 'none' && line.indent >= 2;
    line.inList = line.shape === 'item' || lazy || nested;
    this.#list = line.inList ? 'tight' : 'none';
  }
}
