// References in the input of a job: `!ref:KIND:KEY`, a text of its own, replaced by what it names when the job runs. Pure.

import type { Json } from './handler.ts';

export const REFERENCE_KINDS = ['storage_kv', 'storage_fs', 'config', 'env'] as const;
export type ReferenceKind = (typeof REFERENCE_KINDS)[number];

export interface Reference {
  /** As written. */
  text: string;
  kind: ReferenceKind;
  key: string;
}

const START = '!ref:';

/** A whole text that begins so; within a longer text it is text. */
export function isReference(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(START);
}

/** Null = begins as one and is none: no such kind, or nothing after it. */
export function parseReference(text: string): Reference | null {
  const [, kind = '', key = ''] = /^!ref:([^:]*):(.+)$/s.exec(text) ?? [];
  const known = REFERENCE_KINDS.find((each) => each === kind);
  return known && key !== '' ? { text, kind: known, key } : null;
}

/** At any depth: what it names is not known before the run, so no schema can judge it earlier. */
export function holdsReference(value: unknown): boolean {
  if (isReference(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(holdsReference);
}

/** Every text in `value` that `replace` answers something for, at any depth, replaced; keys stay. */
export function replaceTexts(value: Json, replace: (text: string) => Json | undefined): Json {
  if (typeof value === 'string') {
    const instead = replace(value);
    return instead === undefined ? value : instead;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => replaceTexts(each, replace));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaceTexts(each, replace)]));
}
