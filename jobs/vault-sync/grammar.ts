// A note's text in, its blocks and what is wrong with it out. The one place that knows what a block is. Pure.

import { type Marker, scanNote } from './comments.ts';
import { type Notebook, openNotebook, readText } from './extract.ts';
import { hashText, trimBlanks } from './hash.ts';

/**
 * Grows when the same note would give another text or another hash: known hashes of an older grammar are then not
 * edits by anybody.
 */
export const GRAMMAR_VERSION = 1;

export interface Block {
  readonly id: string;
  readonly version: number;
  /** LF line breaks, trimmed, inner white space kept. Never empty. */
  readonly text: string;
  readonly hash: string;
  readonly type: 'inline' | 'file';
  /** Line of the marker, from 1. */
  readonly line: number;
}

export interface NoteFault {
  /** `error`: a marker that cannot be read. `warning`: one that can, without effect. */
  readonly level: 'error' | 'warning';
  readonly kind: 'bad_marker' | 'no_text' | 'open_fence';
  readonly line: number;
  /** The block it concerns, where its id could be read. */
  readonly id: string | null;
  readonly message: string;
}

export interface Note {
  /** In the order of their markers; an id may come twice. */
  readonly blocks: readonly Block[];
  readonly faults: readonly NoteFault[];
}

const BYTE_ORDER_MARK = '\uFEFF';
/** Bullets, quote signs, heading signs and pipes alone say nothing. */
const ONLY_SIGNS = /^(?:[>#|*+\-\s]{1,20}|\d{1,9}[.)])$/;

/** Finds the blocks of one note. Time is linear in its length. */
export function parseNote(source: string): Note {
  const book = openNotebook(scanNote(normalise(source)));
  const blocks: Block[] = [];
  const faults: NoteFault[] = book.scan.openFences.map(openFenceFault);
  for (const [index, marker] of book.scan.markers.entries()) {
    const outcome = readBlock(book, marker, index);
    if ('level' in outcome) faults.push(outcome);
    else blocks.push(outcome);
  }
  return { blocks, faults };
}

function normalise(source: string): string {
  const text = source.startsWith(BYTE_ORDER_MARK) ? source.slice(1) : source;
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

function readBlock(book: Notebook, marker: Marker, index: number): Block | NoteFault {
  const { id, version, problem } = marker;
  const line = marker.line + 1;
  if (id === null || problem !== null)
    return { level: 'error', kind: 'bad_marker', line, id, message: problem ?? 'the marker has no id' };
  const found = readText(book, index);
  const text = trimBlanks(found.text);
  if (text === '' || ONLY_SIGNS.test(text))
    return { level: 'warning', kind: 'no_text', line, id, message: `${id} marks no text: left out` };
  return { id, version, text, hash: hashText(text), type: found.type, line };
}

function openFenceFault(line: number): NoteFault {
  const message = 'this code fence is never closed: the markers after it are code and no blocks';
  return { level: 'warning', kind: 'open_fence', line: line + 1, id: null, message };
}
