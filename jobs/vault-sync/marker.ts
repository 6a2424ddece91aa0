// The inside of one comment of aclarai in, an id and a version out, or what is wrong with it. Pure.

import { trimBlanks, wordsOf } from './hash.ts';
import { isId } from './lines.ts';

export type MarkerText =
  | { kind: 'block'; id: string; version: number }
  | { kind: 'bad'; id: string | null; problem: string }
  /** A comment of aclarai that marks no block, e.g. a score. */
  | { kind: 'other' };

/** Nearly every marker; what it says is read by the rules below just so. */
const USUAL = /^aclarai:id=([A-Za-z0-9_.:-]{1,256})(?: ver=(\d{1,15}))?$/;
const STARTS_AS_MARKER = /^aclarai:id(?=[=\s]|$)/i;
const KEYED_ID = /^aclarai:id=/i;
const KEYED_VERSION = /^ver=/i;

/** Reads what stands between `<!--` and `-->`. Unknown attributes are ignored; no version means 1. */
export function readMarker(inside: string): MarkerText {
  const source = trimBlanks(inside);
  const usual = USUAL.exec(source);
  if (usual) return { kind: 'block', id: usual[1]!, version: Number(usual[2] ?? 1) };
  if (!STARTS_AS_MARKER.test(source)) return { kind: 'other' };
  const [first = '', ...attributes] = wordsOf(source);
  if (!KEYED_ID.test(first) || first.length === 'aclarai:id='.length)
    return { kind: 'bad', id: null, problem: 'no id stands right after "aclarai:id="' };
  const id = first.slice('aclarai:id='.length);
  if (!isId(id))
    return {
      kind: 'bad',
      id: null,
      problem: `"${shorten(id)}" is no id: letters, digits, _ - . : and at most 256 of them`,
    };
  const version = attributes.find((word) => KEYED_VERSION.test(word))?.slice('ver='.length);
  if (version === undefined) return { kind: 'block', id, version: 1 };
  if (!/^\d+$/.test(version) || !Number.isSafeInteger(Number(version)))
    return {
      kind: 'bad',
      id,
      problem: `version "${shorten(version)}" of ${id} is no whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
    };
  return { kind: 'block', id, version: Number(version) };
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
