// One line of a run as it is kept: short enough, plain JSON, secrets masked. Pure, and never throws.

import { toErrorRecord } from '#core/errors';
import type { JsonObject } from '#core/handler';
import { withoutSecretKeys } from '#core/redact';
import type { RunLine } from '#core/run-log';

const LONGEST_MESSAGE = 16_384;
const LARGEST_FIELDS = 16_384;

/** `masked` sees the whole line as JSON. */
export function lineJson(
  line: Omit<RunLine, 'fields'>,
  fields: object | undefined,
  masked: (text: string) => string,
): string {
  const { message } = line;
  const short =
    message.length <= LONGEST_MESSAGE
      ? message
      : `${masked(message).slice(0, LONGEST_MESSAGE)}… (${message.length} characters)`;
  return masked(JSON.stringify({ ...line, message: short, fields: plainFields(fields, masked) }));
}

function plainFields(fields: object | undefined, masked: (text: string) => string): JsonObject | null {
  if (fields === undefined || fields === null) return null;
  try {
    const text = JSON.stringify(fields, plainValue) ?? 'null';
    if (text.length > LARGEST_FIELDS)
      return { fields: `${masked(text).slice(0, 1_000)}… (${text.length} characters)` };
    const plain: unknown = JSON.parse(text);
    if (typeof plain !== 'object' || plain === null) return { value: plain as string };
    return Object.keys(plain).length === 0 ? null : (plain as JsonObject);
  } catch (error) {
    return { fields: `not JSON: ${toErrorRecord(error).message}` };
  }
}

/** For `JSON.stringify`. */
export function plainValue(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error)
    return { ...value, name: value.name, message: value.message, stack: value.stack };
  return withoutSecretKeys(key, value);
}
