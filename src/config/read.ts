// A tree of written values and a table in, checked effective values out; faults and origins are noted on the way.

import type { z } from 'zod';
import { closest } from '#core/did-you-mean';
import type { Field, Group, Section, ValuesOf } from './field.ts';
import { type Findings, type Place, type Source, shown } from './findings.ts';
import { nearMiss } from './near-miss.ts';
import { MASK, masked } from './secrets.ts';
import type { EffectiveValue, Origin } from './settings.ts';
import { isMapping, type Path, valueAt } from './tree.ts';

/** A value from outside the file that goes before it. */
export interface Override {
  readonly written: unknown;
  readonly origin: Origin;
  readonly place: Place;
}

export interface Reading {
  readonly source: Source;
  readonly findings: Findings;
  /** By dotted path of the key. */
  readonly overrides: ReadonlyMap<string, Override>;
  /** Every effective value that was read; grows. */
  readonly values: EffectiveValue[];
}

/** A value that somebody wrote, checked. */
export interface Given<Out = unknown> {
  readonly value: Out;
  readonly origin: Origin;
  /** Of the key. */
  readonly place: Place;
  readonly valuePlace: Place;
}

/** What one layer says of a section's keys. */
export type Layer<S extends Section> = {
  readonly [K in keyof S]?: S[K] extends Field<infer Out> ? Given<Exclude<Out, undefined>> : never;
};

/** The whole section with its defaults. Values that are faulty answer their default: the caller drops them. */
export function readSection<S extends Section>(reading: Reading, section: S, path: Path): ValuesOf<S> {
  const read = Object.entries(section).map(([key, entry]) => {
    const at = [...path, key];
    if (entry.kind === 'group') return [key, readGroup(reading, entry, at)];
    return [key, readField(reading, entry, at)];
  });
  return Object.fromEntries(read) as ValuesOf<S>;
}

function readGroup(reading: Reading, entry: Group, path: Path): unknown {
  checkMapping(reading, path);
  checkUnknownKeys(reading, Object.keys(entry.section), path);
  return readSection(reading, entry.section, path);
}

function readField(reading: Reading, entry: Field, path: Path): unknown {
  const given = readGiven(reading, entry, path);
  const value = given ? given.value : entry.fallback === undefined ? undefined : fallbackOf(entry);
  if (value !== undefined) note(reading, path, value, given?.origin ?? 'default', entry);
  return value;
}

/** The effective form of a default, which is kept as people write it. */
export function fallbackOf<Out>(entry: Field<Out>): Out {
  return entry.shape.zod.parse(entry.fallback);
}

/** Notes an effective value for `config show`. */
export function note(reading: Reading, path: Path, value: unknown, origin: Origin, entry?: Field): void {
  const open = entry ? entry.shape.show(value) : value;
  const key = entry ? '' : String(path.at(-1));
  const hidden = entry?.secret && value !== null ? MASK : masked(open, key);
  reading.values.push({ path: path.join('.'), value: hidden, origin });
}

/** The keys of a section that somebody wrote, each checked; no defaults. */
export function readKeys<S extends Section>(reading: Reading, section: S, path: Path): Layer<S> {
  const given = Object.entries(section).flatMap(([key, entry]) => {
    const value = entry.kind === 'field' ? readGiven(reading, entry, [...path, key]) : undefined;
    return value ? [[key, value] as const] : [];
  });
  return Object.fromEntries(given) as Layer<S>;
}

/** What somebody wrote for a key, under whichever of its names; undefined when nobody did, or wrongly. */
export function readGiven<Out>(reading: Reading, entry: Field<Out>, path: Path): Given<Out> | undefined {
  const override = reading.overrides.get(path.join('.'));
  if (override) return readOverride(reading, entry, override);
  const own: Spelling<Out> = { steps: path, of: null, zod: entry.shape.zod, beats: [] };
  const others = entry.aliases.map(
    ({ path: other, zod, beats }): Spelling<Out> => ({ steps: other.split('.'), of: path, zod, beats }),
  );
  const found = [own, ...others].flatMap((spelling) => {
    const given = readSpelling(reading, entry, spelling);
    return given ? [{ given, beats: spelling.beats }] : [];
  });
  const beaten = new Set(found.flatMap(({ beats }) => beats));
  const standing = found.map(({ given }) => given).filter(({ place }) => !beaten.has(place.path));
  tellTwoSpellings(reading, entry, standing);
  return standing[0];
}

function readOverride<Out>(reading: Reading, entry: Field<Out>, override: Override): Given<Out> | undefined {
  const { written, origin, place } = override;
  const value = check(reading, entry, entry.shape.zod, written, () => place, 'INVALID_VARIABLE');
  return value === undefined ? undefined : { value: value as Out, origin, place, valuePlace: place };
}

interface Spelling<Out> {
  readonly steps: Path;
  /** The key that it is another name of; null for the key itself. */
  readonly of: Path | null;
  readonly zod: z.ZodType<Out | null>;
  readonly beats: readonly string[];
}

function readSpelling<Out>(
  reading: Reading,
  entry: Field<Out>,
  { steps, of, zod }: Spelling<Out>,
): Given<Out> | undefined {
  const written = valueAt(reading.source.root, steps);
  if (written === undefined) return undefined;
  const at = (inner: Path) => reading.source.at([...steps, ...inner]);
  const value = check(reading, entry, zod, written, at, 'INVALID_VALUE');
  if (value === undefined || (value === null && of)) return undefined;
  const place = reading.source.at(steps, 'key');
  if (of) note(reading, steps, written, `alias of ${of.join('.')}`);
  return { value: value as Out, origin: originOf(place), place, valuePlace: at([]) };
}

function tellTwoSpellings(reading: Reading, entry: Field, standing: readonly Given[]): void {
  const [first, ...others] = standing;
  for (const other of others) {
    if (JSON.stringify(other.value) === JSON.stringify(first?.value)) continue;
    const [one, two] = [first, other].map((given) => shown(entry.shape.show(given?.value)));
    reading.findings.fault(
      other.place,
      'TWO_SPELLINGS',
      `says the same as ${first?.place.path} in line ${first?.place.line}, with another value${entry.secret ? '' : ` (${one} and ${two})`}`,
      'keep one of the two',
    );
  }
}

/** `file:line`, or the file alone where lines are not known. */
export function originOf(place: Place): Origin {
  return place.line === null ? place.file : `${place.file}:${place.line}`;
}

/** The effective value; undefined after a fault was noted. */
function check(
  reading: Reading,
  entry: Field,
  zod: z.ZodType,
  written: unknown,
  at: (inner: Path) => Place,
  code: 'INVALID_VALUE' | 'INVALID_VARIABLE',
): unknown {
  const result = zod.safeParse(written);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const inner = (issue?.path ?? []).filter((step): step is string | number => typeof step !== 'symbol');
  const value = valueAt({ written }, ['written', ...inner]);
  const found = entry.secret ? 'found something else' : `found ${shown(value)}`;
  reading.findings.fault(at(inner), code, `${found}, expected ${entry.shape.expects}`, slip(value, issue));
  return undefined;
}

const WRITTEN_OUT: Record<string, string> = {
  yes: 'true',
  on: 'true',
  true: 'true',
  no: 'false',
  off: 'false',
  false: 'false',
};

/** How to mend the usual slips: a text where a flag or a number belongs, a word nearly right. */
function slip(value: unknown, issue: z.core.$ZodIssue | undefined): string | null {
  if (!issue) return null;
  if (issue.code === 'invalid_type' && issue.expected === 'string' && typeof value !== 'object')
    return 'put it in quotes';
  if (typeof value !== 'string') return null;
  if (issue.code === 'custom') return typeof issue.params?.fix === 'string' ? issue.params.fix : null;
  if (issue.code === 'invalid_value') {
    const meant = closest(value, issue.values.map(String));
    return meant === null ? null : `did you mean ${meant}?`;
  }
  if (issue.code !== 'invalid_type') return null;
  const flag = Object.hasOwn(WRITTEN_OUT, value.toLowerCase()) ? WRITTEN_OUT[value.toLowerCase()] : undefined;
  if (issue.expected === 'boolean' && flag) return `write ${flag} without quotes`;
  if (issue.expected === 'number' && /^\d+(\.\d+)?$/.test(value)) return `write ${value} without quotes`;
  return null;
}

/** Notes a fault where something other than "key: value" pairs, or nothing at all, is written. */
export function checkMapping(reading: Reading, path: Path): boolean {
  const written = valueAt(reading.source.root, path);
  if (written === undefined || written === null || isMapping(written)) return true;
  reading.findings.fault(
    reading.source.at(path),
    'INVALID_VALUE',
    `found ${shown(written)}, expected "key: value" pairs`,
  );
  return false;
}

/** Keys of a section that is wholly ours: a key that is not known is a fault. */
export function checkUnknownKeys(reading: Reading, known: readonly string[], path: Path): void {
  for (const key of keysAt(reading, path)) {
    if (known.includes(key)) continue;
    const meant = closest(key, known);
    reading.findings.fault(
      reading.source.at([...path, key], 'key'),
      'UNKNOWN_KEY',
      'is not a setting',
      meant === null ? null : `did you mean ${meant}?`,
    );
  }
}

/** Keys of a section that other services share: only what is nearly one of ours is told. */
export function warnNearMisses(reading: Reading, ours: readonly string[], path: Path): void {
  for (const key of keysAt(reading, path)) {
    if (ours.includes(key)) continue;
    const meant = nearMiss(key, ours);
    if (meant === null || keysAt(reading, path).includes(meant)) continue;
    reading.findings.warn(
      reading.source.at([...path, key], 'key'),
      'NEAR_MISS',
      `is left alone as another service's, but is nearly ${meant}`,
      `did you mean ${meant}?`,
    );
  }
}

function keysAt(reading: Reading, path: Path): string[] {
  const written = valueAt(reading.source.root, path);
  return isMapping(written) ? Object.keys(written) : [];
}
