// Text of the YAML in, a tree out that knows the line of every key; what YAML itself refuses is told here.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import { type Findings, isMapping, type Path, type Place, type Source } from './findings.ts';

/**
 * Reads a settings text. Answers null when YAML refuses it; every reason is then in `findings`.
 * A file without content is refused too: that is what a file looks like that is just being written.
 */
export function readDocument(file: string, text: string, findings: Findings): Source | null {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const source = new YamlSource(file, document, lines);
  tellSyntax(source, text, document, findings);
  if (findings.faults.length > 0) return null;
  for (const warning of document.warnings)
    findings.warn(source.place(warning.pos[0]), 'UNKNOWN_TAG', 'a YAML tag that means nothing here');
  return fill(source, document, findings) ? source : null;
}

function fill(source: YamlSource, document: Document, findings: Findings): boolean {
  let root: unknown;
  try {
    root = document.toJS();
  } catch {
    findings.fault(source.place(0), 'YAML_SYNTAX', 'its aliases repeat each other too often to be read');
    return false;
  }
  if (root === null || root === undefined) {
    findings.fault(
      source.place(0),
      'EMPTY_FILE',
      'the file is empty, expected settings',
      'write "scheduler: {}" to run with all defaults',
    );
    return false;
  }
  if (!isMapping(root)) {
    findings.fault(source.place(0), 'INVALID_VALUE', 'expected "key: value" pairs at the top of the file');
    return false;
  }
  source.root = root;
  return true;
}

class YamlSource implements Source {
  readonly file: string;
  root: Readonly<Record<string, unknown>> = {};
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document, lines: LineCounter) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
  }

  at(path: Path, of: 'key' | 'value' = 'value'): Place {
    let node: Node | null = this.#document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const [index, step] of path.entries()) {
      const found = child(node, step, this.#document);
      if (!found) break;
      const last = index === path.length - 1;
      offset = (last && of === 'value' ? found.valueOffset : found.keyOffset) ?? offset;
      node = found.value;
    }
    return { ...this.#lineOf(offset), file: this.file, path: path.join('.') };
  }

  /** A place by offset, with the path of keys that lead there. */
  place(offset: number): Place {
    return {
      ...this.#lineOf(offset),
      file: this.file,
      path: pathAt(this.#document.contents, offset).join('.'),
    };
  }

  #lineOf(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

interface Child {
  keyOffset: number | undefined;
  valueOffset: number | undefined;
  value: Node | null;
}

function child(parent: Node | null, step: string | number, document: Document): Child | null {
  const node = resolved(parent, document);
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined;
    const offset = item?.range?.[0];
    return item ? { keyOffset: offset, valueOffset: offset, value: item } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find((item) => keyText(item) === String(step));
  if (pair) {
    const value = pair.value as Node | null;
    const keyOffset = (pair.key as Node | null)?.range?.[0];
    return { keyOffset, valueOffset: value?.range?.[0] ?? keyOffset, value };
  }
  return (
    merged(node, document)
      .map((map) => child(map, step, document))
      .find((found) => found !== null) ?? null
  );
}

/** What `<<:` brings into a mapping. */
function merged(map: YAMLMap, document: Document): Node[] {
  const value = resolved(map.items.find((item) => keyText(item) === '<<')?.value as Node | null, document);
  return (isSeq(value) ? value.items : [value]).filter((item): item is Node => Boolean(item));
}

function resolved(node: Node | null | undefined, document: Document): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : (node ?? null);
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function pathAt(node: Node | null, offset: number): string[] {
  if (!isMap(node)) return [];
  const pair = node.items.findLast((item) => ((item.key as Node | null)?.range?.[0] ?? Infinity) <= offset);
  return pair ? [keyText(pair), ...pathAt(pair.value as Node | null, offset)] : [];
}

const QUOTE = 'quote it: "*/30 * * * *" (a bare * begins a YAML alias)';

/** One fault a line: a single slip makes YAML stumble over everything behind it. */
function tellSyntax(source: YamlSource, text: string, document: Document, findings: Findings): void {
  const told = new Set<number | null>();
  const tell = (
    place: Place,
    code: 'YAML_SYNTAX' | 'DUPLICATE_KEY' | 'QUOTE_IT',
    message: string,
    fix: string | null,
  ) => {
    if (told.has(place.line)) return;
    told.add(place.line);
    findings.fault(place, code, message, fix);
  };
  for (const error of document.errors) {
    const offset = error.pos[0];
    const star = starBefore(text, offset);
    if (star !== null) tell(source.place(star), 'QUOTE_IT', 'an unquoted * begins a YAML alias', QUOTE);
    else if (error.code === 'BAD_SCALAR_START')
      tell(source.place(offset), 'QUOTE_IT', 'a value cannot begin with this character', 'quote it');
    else if (error.code === 'DUPLICATE_KEY')
      tell(source.place(offset), 'DUPLICATE_KEY', 'this key is written twice', 'remove one of the two');
    else tell(source.place(offset), 'YAML_SYNTAX', error.message, null);
  }
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document)) return;
      tell(
        source.place(alias.range?.[0] ?? 0),
        'QUOTE_IT',
        'an alias (*) of something that is not there',
        QUOTE,
      );
    },
  });
}

/** The offset of a `*` that opens a value on the line of `offset`, at or before it. */
function starBefore(text: string, offset: number): number | null {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const match = /^(?:[^#'"]*?[:,[{-]\s+)\*/.exec(text.slice(lineStart, offset + 1));
  return match ? lineStart + match[0].length - 1 : null;
}
