// The input of a job, from loose keys and `input:`; slips among them, and what the class of the job says of it.

import { z } from 'zod';
import { closest } from '#core/did-you-mean';
import { type HandlerInfo, type JsonObject, withoutTracing } from '#core/handler';
import { holdsReference } from '#core/reference';
import { type Place, shown } from './findings.ts';
import { JOB_KEYS, RESERVED_KEYS } from './job-keys.ts';
import { nearMiss } from './near-miss.ts';
import type { Reading } from './read.ts';
import { namesSecret } from './secrets.ts';
import { isMapping, type Path, valueAt } from './tree.ts';

const KEYS: readonly string[] = [...JOB_KEYS];

export interface WrittenInput {
  readonly values: JsonObject;
  /** Where each parameter stands. */
  readonly paths: ReadonlyMap<string, Path>;
}

/** Parameters of one entry: keys that are not ours, and all below `input:`. */
export function readInput(reading: Reading, path: Path, declared: ReadonlySet<string>): WrittenInput {
  const entry = valueAt(reading.source.root, path);
  const values: JsonObject = {};
  const paths = new Map<string, Path>();
  if (!isMapping(entry)) return { values, paths };
  for (const [key, value] of Object.entries(entry)) {
    const at = [...path, key];
    if (KEYS.includes(key) || !isParameter(reading, at, key, declared)) continue;
    values[key] = value as JsonObject[string];
    paths.set(key, at);
  }
  for (const [key, value] of Object.entries(isMapping(entry.input) ? entry.input : {})) {
    const at = [...path, 'input', key];
    const loose = paths.get(key);
    if (loose && JSON.stringify(values[key]) !== JSON.stringify(value)) tellTwice(reading, loose, at);
    values[key] = value as JsonObject[string];
    paths.set(key, at);
  }
  for (const [key, at] of paths) tellNotJson(reading, values[key], at);
  return { values, paths };
}

function isParameter(reading: Reading, at: Path, key: string, declared: ReadonlySet<string>): boolean {
  const place = reading.source.at(at, 'key');
  if (RESERVED_KEYS.includes(key)) {
    reading.findings.fault(
      place,
      'RESERVED_KEY',
      `${key} is reserved for a later version`,
      'remove it; if it is a parameter of the job, write it under input:',
    );
    return false;
  }
  const meant = declared.has(key) ? null : nearMiss(key, [...KEYS, ...RESERVED_KEYS]);
  if (meant === null) return true;
  reading.findings.fault(
    place,
    'NEAR_MISS',
    `${key} is nearly the key ${meant}`,
    `write ${meant}; if ${key} is a parameter of the job, write it under input:`,
  );
  return false;
}

function tellTwice(reading: Reading, loose: Path, literal: Path): void {
  const first = reading.source.at(loose, 'key');
  reading.findings.fault(
    reading.source.at(literal, 'key'),
    'TWO_SPELLINGS',
    `has another value than ${first.path} in line ${first.line}`,
    'keep one of the two',
  );
}

/** What JSON cannot say would not reach a job in a thread or process. */
function tellNotJson(reading: Reading, value: unknown, at: Path): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    reading.findings.fault(
      reading.source.at(at),
      'INVALID_INPUT',
      `found ${shown(value)}, expected a finite number`,
    );
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value))
    tellNotJson(reading, inner, [...at, Array.isArray(value) ? Number(key) : key]);
}

/** Parameters that the schema of a job class names. */
export function declaredKeys(schema: HandlerInfo['input']): ReadonlySet<string> {
  let inner: unknown = schema;
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodReadonly
  )
    inner = inner.unwrap();
  if (inner instanceof z.ZodPipe) return declaredKeys(inner.in as NonNullable<HandlerInfo['input']>);
  return new Set(inner instanceof z.ZodObject ? Object.keys(inner.shape) : []);
}

/** Where a parameter, or a part of it, stands. */
export type PlaceOf = (path: Path, of: 'key' | 'value') => Place;

/** Checks an input against the class of its job; every fault with the place where the parameter is written. */
export async function checkInput(
  reading: Reading,
  handler: HandlerInfo,
  input: JsonObject,
  placeOf: PlaceOf,
): Promise<void> {
  if (!handler.input) return;
  const whole = await handler.input.safeParseAsync(input);
  const isTraced = !whole.success && 'enable_tracing' in input;
  // A wish for a trace is no parameter of the handler, unless it says so.
  const result = isTraced ? await handler.input.safeParseAsync(withoutTracing(input)) : whole;
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path.filter((step): step is string | number => typeof step !== 'symbol');
    // What it names is known when the job runs, and judged then.
    if (path.length > 0 && holdsReference(valueAt(input, path))) continue;
    if (issue.code === 'unrecognized_keys') tellUnknown(reading, handler, issue.keys, path, placeOf);
    else tellInvalid(reading, input, issue, path, placeOf);
  }
}

function tellUnknown(
  reading: Reading,
  handler: HandlerInfo,
  keys: readonly string[],
  path: Path,
  placeOf: PlaceOf,
): void {
  const known = path.length === 0 ? [...declaredKeys(handler.input), ...KEYS] : [];
  for (const key of keys) {
    const meant = closest(key, known);
    reading.findings.fault(
      placeOf([...path, key], 'key'),
      'INVALID_INPUT',
      `${handler.name} has no parameter ${key}`,
      meant === null ? null : `did you mean ${meant}?`,
    );
  }
}

function tellInvalid(
  reading: Reading,
  input: JsonObject,
  issue: z.core.$ZodIssue,
  path: Path,
  placeOf: PlaceOf,
): void {
  const value = valueAt(input, path);
  const place = placeOf(path, 'value');
  const name = path.join('.');
  const found = value === undefined ? `${name || 'a parameter'} is missing` : `found ${shown(value)}`;
  const message = path.some((step) => namesSecret(String(step)))
    ? `the value of ${name} does not fit`
    : `${found}: ${issue.message}`;
  reading.findings.fault(place, 'INVALID_INPUT', message);
}
