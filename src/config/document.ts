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
import type { Findings, NoteCode, Place, Source } from './findings.ts';
import { namesSecret } from './secrets.ts';
import { OUR_SECTIONS } from './sections.ts';
import { isMapping, type Path } from './tree.ts';

/**
 * Reads a settings text. Answers null when YAML refuses it; every reason is then in `findings`.
 * A file without content is refused too: that is what a file looks like that is just being written.
 */
export function readDocument(file: string, text: string, findings: Findings): Source | null {
  const parsed = parse(file, text);
  if (tellSyntax(parsed.source, text, parsed.document, findings)) return filled(parsed, findings);
  // An unquoted `*/30` is told; read as it was meant, the file shows its other faults too.
  const meant = quoteStars(text);
  if (meant === text) return null;
  const again = parse(file, meant);
  return again.document.errors.length === 0 ? filled(again, findings) : null;
}

interface Parsed {
  source: YamlSource;
  document: Document;
}

function parse(file: string, text: string): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  return { source: new YamlSource(file, document, lines), document };
}

/** A schedule that begins with a star (no name of an anchor does so), on a line of its own or between braces, with quotes around it. */
function quoteStars(text: string): string {
  return text
    .replace(/^(\s*[\w.-]+:[ \t]+)(\*(?:\/|[ \t])[^\n#"']*?)([ \t]*(?:#.*)?)$/gm, '$1"$2"$3')
    .replace(/([{,][ \t]*[\w.-]+:[ \t]+)(\*(?:\/|[ \t])[^\n,}"']*?)([ \t]*[,}])/g, '$1"$2"$3');
}

function filled({ source, document }: Parsed, findings: Findings): Source | null {
  if (!fill(source, document, findings)) return null;
  tellTags(source, document, findings);
  return source;
}

function fill(source: YamlSource, document: Document, findings: Findings): boolean {
  let root: unknown;
  try {
    root = document.toJS();
    // Throws where an alias leads back into what it stands for: whoever walked such a tree would never end.
    JSON.stringify(root);
  } catch {
    const message = 'its aliases lead in a circle, or repeat each other too often';
    findings.fault(source.place(0), 'YAML_SYNTAX', message);
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
    return { ...this.#lineOf(offset), file: this.file, path: this.#pathAt(offset).join('.') };
  }

  /** The line where the key at `offset` stands for the first time. */
  firstLine(offset: number): number {
    const path = this.#pathAt(offset);
    let parent = this.#document.contents;
    for (const step of path.slice(0, -1)) parent = child(parent, step, this.#document)?.value ?? null;
    const first = isMap(parent) ? parent.items.find((item) => keyText(item) === path.at(-1)) : undefined;
    return this.#lineOf((first?.key as Node | undefined)?.range?.[0] ?? offset).line;
  }

  /** What YAML says of such a value may quote it. */
  isSecret(offset: number): boolean {
    return namesSecret(this.#pathAt(offset).at(-1) ?? '');
  }

  #pathAt(offset: number): string[] {
    return pathAt(this.#document.contents, offset);
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
  const pair = node.items.findLast((item) => keyText(item) === String(step));
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
  const key = map.items.find((item) => isScalar(item.key) && item.key.source === '<<');
  const value = resolved(key?.value as Node | null, document);
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

/** `!ref:env:NAME` without quotes is a tag with nothing behind it. Other services may have tags of their own. */
function tellTags(source: YamlSource, document: Document, findings: Findings): void {
  for (const warning of document.warnings) {
    const place = source.place(warning.pos[0]);
    if (!OUR_SECTIONS.includes(place.path.split('.')[0] ?? '')) continue;
    findings.fault(place, 'QUOTE_IT', 'a value that begins with ! is a YAML tag', 'quote it');
  }
}

const QUOTE = 'quote it: "*/30 * * * *" (a bare * begins a YAML alias)';

/**
 * One fault a line: a single slip makes YAML stumble over everything behind it. Answers whether the rest can
 * be read all the same.
 */
function tellSyntax(source: YamlSource, text: string, document: Document, findings: Findings): boolean {
  const told = new Set<number | null>();
  let readable = true;
  const tell = (offset: number, code: NoteCode, message: string, fix: string | null) => {
    const place = source.place(offset);
    if (!told.has(place.line)) findings.fault(place, code, message, fix);
    told.add(place.line);
    readable &&= code === 'DUPLICATE_KEY';
  };
  for (const { code, pos, message } of document.errors) {
    const [offset] = pos;
    const star = starBefore(text, offset);
    if (star !== null) tell(star, 'QUOTE_IT', 'an unquoted * begins a YAML alias', QUOTE);
    else if (code === 'BAD_SCALAR_START')
      tell(offset, 'QUOTE_IT', 'a value cannot begin with this character', 'quote it');
    else if (code === 'DUPLICATE_KEY')
      tell(
        offset,
        'DUPLICATE_KEY',
        `is already written in line ${source.firstLine(offset)}`,
        'keep one of the two',
      );
    else tell(offset, 'YAML_SYNTAX', source.isSecret(offset) ? 'is no YAML' : message, null);
  }
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document)) return;
      tell(alias.range?.[0] ?? 0, 'QUOTE_IT', 'an alias (*) of something that is not there', QUOTE);
    },
  });
  return readable;
}

/** The offset of a `*` that opens a value on the line of `offset`, at or before it. */
function starBefore(text: string, offset: number): number | null {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const match = /^(?:[^#'"]*?[:,[{-]\s+)\*/.exec(text.slice(lineStart, offset + 1));
  return match ? lineStart + match[0].length - 1 : null;
}
