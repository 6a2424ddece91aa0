// What the handler `http` takes: as it is written, with secrets by reference only, and as it is when they are known. Pure.

import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { parseDurationMs } from '#core/duration';
import { isReference } from '#core/reference';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
/** Kept by the connection itself. */
const NOT_GIVEN =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*)$/i;
const MAY_BE_SECRET =
  /authorization|cookie|token|secret|password|(api|access|auth|private)[-_]?key|signature/i;
const ENV = /^!ref:env:[A-Za-z_]\w*$/;
const BY_REFERENCE = 'is written as !ref:env:NAME, with NAME in scheduler.secrets';
const LONGEST_TIMEOUT_MS = 3_600_000;

const address = z.string().refine((text) => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}, 'is an http or https address without user and password (these go into `basic`)');

const headers = z.record(
  z
    .string()
    .refine((name) => isValid(() => validateHeaderName(name)) && !NOT_GIVEN.test(name), 'may not be given'),
  z.string().refine((value) => isValid(() => validateHeaderValue('x', value)), 'holds what no header can'),
);

const timeout = z.union([z.string(), z.number().positive()]).transform((given, context) => {
  try {
    const ms = parseDurationMs(given);
    if (ms >= 1 && ms <= LONGEST_TIMEOUT_MS) return ms;
  } catch {
    // Said below.
  }
  context.addIssue({ code: 'custom', message: 'is a duration up to 1h, such as 30s' });
  return z.NEVER;
});

const status = z.int().min(100).max(599);

function shape(secret: z.ZodType<string, string>) {
  return {
    url: address,
    method: z.enum(METHODS).default('GET'),
    headers: headers.default({}),
    bearer: secret.optional().describe('sent as Authorization: Bearer …'),
    basic: z.strictObject({ user: z.string(), password: secret }).optional(),
    body: z.json().optional().describe('text as it is, all else as JSON'),
    expected_status: z.union([status.transform((one) => [one]), z.array(status).nonempty()]).optional(),
    timeout: timeout.default(30_000).describe('of all of it, redirects included'),
    redirects: z.int().min(0).max(10).default(5).describe('at most so many are followed'),
  };
}

const byReference = z.string().regex(ENV, BY_REFERENCE);

/** As it stands in settings and store. */
export const WrittenInput = z.strictObject(shape(byReference)).superRefine(({ headers }, context) => {
  for (const [name, value] of Object.entries(headers))
    if (MAY_BE_SECRET.test(name) && !ENV.test(value))
      context.addIssue({ code: 'custom', path: ['headers', name], message: BY_REFERENCE });
});

/** With what the references named. */
export const RunInput = z.strictObject(shape(z.string().min(1)));
export type RequestInput = z.output<typeof RunInput>;

const STANDS_FOR_NOTHING = /^<(undefined|invalid_ref|error):(!ref:.*)>$/s;

/** A reference that nothing was found for: what is sent in its place would only be wrong. Null = there is none. */
export function lostReference(value: unknown): string | null {
  if (typeof value === 'string')
    return STANDS_FOR_NOTHING.exec(value)?.[2] ?? (isReference(value) ? value : null);
  if (typeof value !== 'object' || value === null) return null;
  return (
    Object.values(value)
      .map(lostReference)
      .find((found) => found !== null) ?? null
  );
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
