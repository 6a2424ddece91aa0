// The input of a run in, the same with what its references name out; what is secret of it is cut out of all that the run says.

import { toErrorRecord } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import {
  holdsReference,
  isReference,
  parseReference,
  REFERENCE_KINDS,
  type Reference,
  type ReferenceKind,
  replaceTexts,
} from '#core/reference';
import type { OutputLog } from '#core/run-log';

/** Undefined = there is no such thing. Throws Refused for what may not be read, anything else for what cannot be. */
export type ReadReference = (key: string) => Promise<Json | undefined>;
export type ReferenceSources = Readonly<Record<ReferenceKind, ReadReference>>;

/** What a reference may not name, and why. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface Resolved {
  input: JsonObject;
  /** One for each reference that stands for nothing; it is replaced by a marker that says so. */
  warnings: string[];
  mask: Mask;
}

/** Short secrets are everywhere: only where they stand alone are they known to be one. */
const SHORTEST_WITHIN = 4;

/** Never throws: what cannot be resolved becomes `<undefined:…>`, `<invalid_ref:…>` or `<error:…>`, and a warning. */
export async function resolveReferences(input: JsonObject, sources: ReferenceSources): Promise<Resolved> {
  if (!holdsReference(input)) return { input, warnings: [], mask: NO_MASK };
  const texts = new Set<string>();
  replaceTexts(input, (text) => {
    if (isReference(text)) texts.add(text);
    return undefined;
  });
  const found = new Map<string, Json>();
  const warnings: string[] = [];
  const secrets: [secret: string, reference: string][] = [];
  for (const text of texts) {
    const reference = parseReference(text);
    const { value, warning } = await resolveOne(text, reference, sources);
    found.set(text, value);
    if (warning !== null) warnings.push(warning);
    else if (reference?.kind === 'env') secrets.push([String(value), text]);
  }
  // What was found is not looked at again: a value that looks like a reference is a value.
  const resolved = replaceTexts(input, (text) => found.get(text)) as JsonObject;
  return { input: resolved, warnings, mask: secrets.length > 0 ? new Mask(secrets) : NO_MASK };
}

async function resolveOne(
  text: string,
  reference: Reference | null,
  sources: ReferenceSources,
): Promise<{ value: Json; warning: string | null }> {
  const failed = (marker: string, why: string) => ({
    value: `<${marker}:${text}>`,
    warning: `${text}: ${why}`,
  });
  if (!reference)
    return failed(
      'invalid_ref',
      `is no reference: write !ref:KIND:KEY, KIND one of ${REFERENCE_KINDS.join(', ')}`,
    );
  try {
    const value = await sources[reference.kind](reference.key);
    if (value !== undefined) return { value, warning: null };
    return failed('undefined', `there is no ${NAMES[reference.kind]} ${reference.key}`);
  } catch (error) {
    if (error instanceof Refused) return failed('invalid_ref', error.message);
    return failed('error', toErrorRecord(error).message);
  }
}

const NAMES: Record<ReferenceKind, string> = {
  storage_kv: 'key',
  storage_fs: 'file',
  config: 'setting',
  env: 'variable',
};

/** Puts references back where the secrets that they named would be seen. */
export class Mask {
  readonly #secrets: readonly [secret: string, reference: string][];

  constructor(secrets: readonly [secret: string, reference: string][]) {
    // The longest first: one may be the beginning of another.
    this.#secrets = secrets.filter(([secret]) => secret !== '').toSorted(([a], [b]) => b.length - a.length);
  }

  get isEmpty(): boolean {
    return this.#secrets.length === 0;
  }

  text(text: string): string {
    let masked = text;
    for (const [secret, reference] of this.#secrets) {
      if (masked === secret) return reference;
      if (secret.length >= SHORTEST_WITHIN) masked = masked.replaceAll(secret, reference);
    }
    return masked;
  }

  /** Keys of objects too. */
  json<T>(value: T): T {
    if (this.isEmpty) return value;
    if (typeof value === 'string') return this.text(value) as T;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => this.json(each)) as T;
    const entries = Object.entries(value).map(([key, each]) => [this.text(key), this.json(each)]);
    return Object.fromEntries(entries) as T;
  }

  log(log: OutputLog): OutputLog {
    if (this.isEmpty) return log;
    return {
      debug: (message, fields) => log.debug(this.text(message), this.json(fields)),
      info: (message, fields) => log.info(this.text(message), this.json(fields)),
      warn: (message, fields) => log.warn(this.text(message), this.json(fields)),
      error: (message, fields) => log.error(this.text(message), this.json(fields)),
      written: (stream, line) => log.written(stream, this.text(line)),
    };
  }
}

export const NO_MASK = new Mask([]);
