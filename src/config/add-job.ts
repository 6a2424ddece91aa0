// A settings text and a new entry in, the text with it out: every other character stays as it is. Pure.

import { type Document, isMap, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';

export interface NewEntry {
  id: string;
  /** The entry as YAML, not indented, without its id: `enabled: false`, … */
  lines: readonly string[];
}

const WHERE = ['scheduler', 'jobs'];

/**
 * The text must be YAML without a fault. The entry goes behind the last job, in the way the file writes them; where there
 * is no job yet, or they stand between braces, the section is written anew and its comments are kept.
 */
export function withJob(text: string, entry: NewEntry): string {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const jobs = document.getIn(WHERE);
  const last = isMap(jobs) && !jobs.flow ? (jobs as YAMLMap).items.at(-1) : undefined;
  return last === undefined ? rewritten(document, entry) : inserted(text, last as Pair, entry);
}

function inserted(text: string, last: Pair, { id, lines }: NewEntry): string {
  const [keyAt] = (last.key as { range: [number, number, number] }).range;
  const value = last.value as { range?: [number, number, number] } | null;
  const endsAt = value?.range?.[1] ?? (last.key as { range: [number, number, number] }).range[1];
  const indent = ' '.repeat(keyAt - (text.lastIndexOf('\n', keyAt - 1) + 1));
  const end = endOfLine(text, endsAt);
  const body = [`${indent}${id}:`, ...lines.map((line) => `${indent}  ${line}`)].join('\n');
  const before = text.slice(0, end);
  return `${before}${before.endsWith('\n') ? '' : '\n'}${body}\n${text.slice(end)}`;
}

/** Behind the line on which the last value ends; a block ends at the start of the line after it. */
function endOfLine(text: string, at: number): number {
  if (text[at - 1] === '\n') return at;
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline + 1;
}

function rewritten(document: Document, { id, lines }: NewEntry): string {
  const entry = parseDocument(lines.join('\n')).contents;
  if (document.contents === null) document.contents = document.createNode({}) as never;
  document.setIn([...WHERE, id], entry);
  return document.toString({ lineWidth: 0 });
}
