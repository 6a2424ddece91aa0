// The pattern of a rule in, a test for file names out. No regular expression: no pattern can be slow. Pure.

import { isUtf8 } from 'node:buffer';
import { SchedulerError } from '#core/errors';

/** A compiled pattern. The whole name must match, case counts, `*` `?` `[` never match a leading dot. */
export interface NamePattern {
  readonly source: string;
  /** `name` is one path segment: its bytes, one character each (latin1); they need not be UTF-8. */
  matches(name: string): boolean;
}

type Token =
  | { kind: 'star' }
  | { kind: 'any' }
  | { kind: 'char'; code: number }
  | { kind: 'set'; negated: boolean; ranges: [from: number, to: number][] };

const DOT = 0x2e;
const NOT_ASCII = /[\x80-\xff]/;

/**
 * Compiles `*` (any characters), `?` (one character), `[abc]`, `[a-z]`, `[!a]` or `[^a]`; everything else
 * stands for itself, the backslash too. A character is a code point; a byte that is no UTF-8 counts as one.
 * Refuses with INVALID_PARAMETERS: the empty pattern, `/`, `..`, NUL, an unclosed `[`, a range that runs
 * backwards.
 */
export function compilePattern(source: string): NamePattern {
  if (source === '') throw refused(source, 'is empty', 'write * for every file');
  if (source.includes('/'))
    throw refused(
      source,
      'contains "/"',
      'name the folder in `directory`; a pattern matches file names only',
    );
  if (source.includes('..'))
    throw refused(source, 'contains ".."', 'a pattern matches file names only, write e.g. *.log');
  if (source.includes('\0')) throw refused(source, 'contains a NUL character', 'write e.g. *.log');
  const tokens = tokenize(source);
  const isEvery = tokens.every(({ kind }) => kind === 'star');
  const startsWithDot = tokens[0]?.kind === 'char' && tokens[0].code === DOT;
  return {
    source,
    matches: (name) =>
      (name.charCodeAt(0) !== DOT || startsWithDot) && (isEvery || matchAll(tokens, toCodes(name))),
  };
}

function tokenize(source: string): Token[] {
  const characters = [...source];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'any' });
    else if (character !== '[') tokens.push({ kind: 'char', code: character.codePointAt(0)! });
    else {
      const { token, end } = readSet(source, characters, at);
      tokens.push(token);
      at = end;
    }
  }
  return tokens;
}

/** `start` is at the `[`; `end` is at its `]`. A `]` that comes first stands for itself, as in a shell. */
function readSet(source: string, characters: string[], start: number): { token: Token; end: number } {
  let at = start + 1;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at++;
  const end = characters.indexOf(']', at + 1);
  if (end < 0) throw refused(source, 'has a "[" without its "]"', 'write [[] for the character "[" itself');
  const members = characters.slice(at, end).map((character) => character.codePointAt(0)!);
  if (/(^|\[):\w+:$/.test(characters.slice(at, end).join('')))
    throw refused(source, 'uses a named class such as [:digit:]', 'write the range out, e.g. [0-9]');
  const ranges: [number, number][] = [];
  for (let index = 0; index < members.length; index++) {
    const from = members[index]!;
    const isRange = members[index + 1] === 0x2d && index + 2 < members.length;
    const to = isRange ? members[index + 2]! : from;
    if (to < from)
      throw refused(source, 'has a range that runs backwards', 'write the lower end first, e.g. [a-z]');
    ranges.push([from, to]);
    if (isRange) index += 2;
  }
  return { token: { kind: 'set', negated, ranges }, end };
}

/** Only the last `*` is ever tried again: at most pattern × name steps. */
function matchAll(tokens: Token[], name: number[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === 'star') {
      star = token++;
      starAt = at;
    } else if (current && accepts(current, name[at]!)) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token++;
  return token === tokens.length;
}

function accepts(token: Token, code: number): boolean {
  if (token.kind === 'char') return token.code === code;
  if (token.kind === 'set')
    return token.ranges.some(([from, to]) => from <= code && code <= to) !== token.negated;
  return true;
}

/** Code points; a byte that is no UTF-8 becomes U+DC80–U+DCFF, which no pattern can name. */
function toCodes(name: string): number[] {
  if (!NOT_ASCII.test(name)) return Array.from(name, (character) => character.charCodeAt(0));
  const bytes = Buffer.from(name, 'latin1');
  if (isUtf8(bytes)) return Array.from(bytes.toString('utf8'), (character) => character.codePointAt(0)!);
  const codes: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const sequence = bytes.subarray(at, at + length);
    const valid = sequence.length === length && isUtf8(sequence);
    codes.push(valid ? sequence.toString('utf8').codePointAt(0)! : 0xdc00 + lead);
    at += valid ? length : 1;
  }
  return codes;
}

function refused(source: string, what: string, fix: string): SchedulerError {
  return new SchedulerError('INVALID_PARAMETERS', `pattern ${JSON.stringify(source)} ${what}`, fix);
}
