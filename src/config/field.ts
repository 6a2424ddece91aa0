// The vocabulary of settings tables: what may be written for a key, what it becomes, and how both are said.

import { z } from 'zod';
import { formatDuration, parseDurationMs } from '#core/duration';
import { SchedulerError } from '#core/errors';
import type { Permissions } from '#core/job';
import { canonicalZone } from '#schedule/zone';

/** What may be written for a key. `zod` checks the written form and answers the effective one. */
export interface Shape<Out> {
  readonly zod: z.ZodType<Out>;
  /** Ends the sentence "expected …". */
  readonly expects: string;
  /** The effective value in the words of the file: 300000 → `5m`. */
  show(value: Out): unknown;
}

/** Another spelling of a key, from the documents of the systems that this one replaces. */
export interface Alias<Out> {
  /** Full dotted path. */
  readonly path: string;
  /** Null where it says nothing (`retry_failed_events: true`). */
  readonly zod: z.ZodType<Out | null>;
  /** Spellings that it beats, instead of being a second opinion beside them. */
  readonly beats: readonly string[];
}

/** One key. `Out` is what the rest of the service reads. */
export interface Field<Out = unknown> {
  readonly kind: 'field';
  readonly shape: Shape<Out>;
  readonly about: string;
  /** As written; undefined = nothing unless written. */
  readonly fallback: unknown;
  readonly aliases: readonly Alias<Out>[];
  readonly secret: boolean;
}

/** A mapping of keys below a key. */
export interface Group<S extends Section = Section> {
  readonly kind: 'group';
  readonly about: string;
  readonly section: S;
}

export interface Section {
  readonly [key: string]: Field | Group;
}

/** What reading a section answers. */
export type ValuesOf<S extends Section> = {
  readonly [K in keyof S]: S[K] extends Field<infer Out>
    ? Out
    : S[K] extends Group<infer Inner>
      ? ValuesOf<Inner>
      : never;
};

interface Options<Out> {
  fallback?: unknown;
  aliases?: readonly Alias<Out>[];
  secret?: boolean;
}

/** A key that always has a value. */
export function field<Out>(shape: Shape<Out>, about: string, options: Options<Out>): Field<Out> {
  const { fallback, aliases = [], secret = false } = options;
  return { kind: 'field', shape, about, fallback, aliases, secret };
}

/** A key that may be absent. */
export function optional<Out>(
  shape: Shape<Out>,
  about: string,
  options: Options<Out> = {},
): Field<Out | undefined> {
  return field(shape as Shape<Out | undefined>, about, options as Options<Out | undefined>);
}

export function group<S extends Section>(about: string, section: S): Group<S> {
  return { kind: 'group', about, section };
}

/** Another spelling that takes the same values, or those of `shape`. */
export function alias<Out>(path: string, shape: Shape<Out>): Alias<Out> {
  return { path, zod: shape.zod, beats: [] };
}

function shape<Out>(
  zod: z.ZodType<Out>,
  expects: string,
  show: (value: Out) => unknown = (value) => value,
): Shape<Out> {
  return { zod, expects, show };
}

export const flag: Shape<boolean> = shape(z.boolean(), 'true or false');

export const text: Shape<string> = shape(z.string().trim().min(1), 'text');

export const texts: Shape<string[]> = shape(z.array(z.string().trim().min(1)), 'a list of texts');

export const mapping: Shape<Record<string, unknown>> = shape(
  z.record(z.string(), z.unknown()),
  '"key: value" pairs',
);

const paths = z.array(z.string().trim().min(1)).default([]);

/** What a job is granted; what is not written is not. */
export const grants: Shape<Permissions> = shape(
  z.strictObject({
    read: paths,
    write: paths,
    net: z.boolean().default(false),
    child: z.boolean().default(false),
    env: z.array(z.string().regex(/^[A-Za-z_]\w*$/)).default([]),
  }),
  'some of read: [paths], write: [paths], net: true, child: true, env: [names]',
);

export function whole(min: number, max?: number): Shape<number> {
  const atLeast = z.number().int().min(min);
  return max === undefined
    ? shape(atLeast, `a whole number, at least ${min}`)
    : shape(atLeast.max(max), `a whole number from ${min} to ${max}`);
}

export function fraction(): Shape<number> {
  return shape(z.number().min(0).max(1), 'a share from 0 to 1');
}

/** A size or share that need not be whole. */
export function amount(min: number): Shape<number> {
  return shape(z.number().min(min), `a number, at least ${min}`);
}

export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
): Shape<Words[number]> {
  return shape<Words[number]>(z.enum(words), `one of ${words.join(', ')}`);
}

/** `null` written is a value of its own. */
export function nullable<Out>(inner: Shape<Out>): Shape<Out | null> {
  return shape<Out | null>(inner.zod.nullable(), `${inner.expects}, or null`, (value) =>
    value === null ? null : inner.show(value),
  );
}

/**
 * A length of time, in milliseconds inside. A bare number counts seconds; milliseconds in the camelCase
 * spellings of the task scheduler (rule 26).
 */
export function duration(minMs: number, maxMs?: number, bareUnitMs: 1 | 1000 = 1000): Shape<number> {
  const range =
    maxMs === undefined
      ? minMs === 0
        ? ' of 0 or more'
        : ` of at least ${formatDuration(minMs)}`
      : ` from ${minMs === 0 ? '0' : formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  const bare = bareUnitMs === 1 ? 'milliseconds' : 'seconds';
  const zod = z.union([z.string(), z.number().min(0)]).transform((written, context) => {
    const ms = durationOrNull(written, bareUnitMs);
    if (ms !== null && ms >= minMs && (maxMs === undefined || ms <= maxMs)) return ms;
    context.addIssue({ code: 'custom', message: `expected a duration${range}` });
    return z.NEVER;
  });
  return shape(
    zod,
    `a duration${range}, such as 30s, 5m, 2h or 1d (a bare number counts ${bare})`,
    formatDuration,
  );
}

function durationOrNull(written: string | number, bareUnitMs: number): number | null {
  try {
    return parseDurationMs(written, bareUnitMs);
  } catch {
    return null;
  }
}

/** A length of time as it was written: months have no fixed length, the calendar counts them. */
export const interval: Shape<string> = shape(
  z
    .union([z.string().trim().min(1), z.number().positive()])
    .transform((written) => (typeof written === 'number' ? `${written}s` : written)),
  'an interval such as 30s, 5m, 2h, 1d, 1w or 1mo (a bare number counts seconds)',
);

export const timezone: Shape<string> = shape(
  z.string().transform((name, context) => {
    try {
      return canonicalZone(name);
    } catch (error) {
      const fix = error instanceof SchedulerError ? error.fix : null;
      context.addIssue({ code: 'custom', message: 'expected a time zone', params: { fix } });
      return z.NEVER;
    }
  }),
  'the name of a time zone, such as Europe/Paris or UTC',
);

export const slug: Shape<string> = shape(
  z.string().regex(/^[A-Za-z0-9][\w.:-]{0,127}$/),
  'a name of letters, digits and _ . : - (at most 128)',
);

export const handlerName: Shape<string> = shape(
  z.string().regex(/^[A-Za-z0-9_.:-]{1,100}$/),
  'the name of a job class: letters, digits and _ . : - (at most 100)',
);
