// Text of a block in, its SHA-256 out; and the white space of the vault's formats, which is not JavaScript's.

import { hash } from 'node:crypto';

/**
 * The white space class as the inside of a regular expression class: U+0009–000D, 001C–0020, 0085, 00A0, 1680,
 * 2000–200A, 2028, 2029, 202F, 205F, 3000. `\s` lacks 001C–001F and 0085 and has FEFF, so it must not be used here.
 */
const BLANK_CLASS = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BLANK_RUNS = new RegExp(`[${BLANK_CLASS}]+`, 'g');
/** A text without it has single spaces only: most have, and need not be copied. */
const TO_FOLD = new RegExp(` {2}|[${BLANK_CLASS.replace('\\x1c-\\x20', '\\x1c-\\x1f')}]`);

/** True for a UTF-16 code unit of the white space class. */
export function isBlank(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code >= 0x1c;
  if (code < 0x1680) return code === 0x85 || code === 0xa0;
  if (code >= 0x2000 && code <= 0x200a) return true;
  return (
    code === 0x1680 ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** First position in `[from, to)` that is no white space, or `to`. */
export function skipBlanks(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** One past the last position in `[from, to)` that is no white space, or `from`. */
export function dropTrailingBlanks(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
  return end;
}

export function trimBlanks(text: string): string {
  const start = skipBlanks(text, 0, text.length);
  return text.slice(start, dropTrailingBlanks(text, start, text.length));
}

/** Splits at runs of white space; no empty words. */
export function wordsOf(text: string): string[] {
  return text.split(BLANK_RUNS).filter((word) => word !== '');
}

/**
 * SHA-256 (hex) of the UTF-8 text, runs of white space folded to one space, ends trimmed. No case folding and no
 * Unicode normalisation: other services of aclarai compute the same value.
 */
export function hashText(text: string): string {
  const folded = TO_FOLD.test(text) ? text.replace(BLANK_RUNS, ' ') : text;
  return hash('sha256', trimBlanks(folded));
}
