// Whatever is asked of any path that is described: never a fault of the service, always the envelope, the field named.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openApi } from '#faces/http/openapi';
import { served } from '../../../support/served.ts';

/** More by hand: `FUZZ_REQUESTS=100000`. */
const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 2_000);

interface Described {
  parameters: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: { properties?: Record<string, unknown> } }> };
}

const described = Object.entries(openApi('1').paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, what]) => ({ path, method, what: what as Described })),
);

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    'report',
    'cron',
    'minutes',
    '0 * * * *',
    '2026-03-01T02:00:00Z',
    '-1',
    '0',
    '1e9',
    '../..',
  ),
);
const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.integer(), fc.boolean(), fc.constant(null));

const asked = fc.constantFrom(...described).chain(({ path, method, what }) => {
  const inPath = what.parameters.filter((each) => each.in === 'path');
  const inQuery = what.parameters.filter((each) => each.in === 'query');
  const schema = what.requestBody?.content['application/json']?.schema;
  const fields = Object.keys(schema?.properties ?? { name: 0, function_name: 0, next_execution: 0 });
  const some = <T>(names: readonly string[], of: fc.Arbitrary<T>) =>
    fc.dictionary(fc.oneof({ arbitrary: fc.constantFrom(...names, 'other'), weight: 9 }, text), of, {
      maxKeys: 5,
    });
  return fc.record({
    path: fc.constant(path),
    method: fc.constant(method.toUpperCase()),
    params: fc.tuple(...inPath.map(() => text.filter((each) => each !== ''))),
    query: some(
      inQuery.map(({ name }) => name),
      text,
    ),
    body: schema ? fc.oneof({ arbitrary: some(fields, value), weight: 5 }, value) : fc.constant(undefined),
  });
});

test('any request is answered in the envelope, with no fault of the service', async () => {
  const { ask } = await served();
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(asked, async ({ path, method, params, query, body }) => {
      const names = [...params];
      const at = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(names.shift()!.toWellFormed()));
      const given = Object.entries(query).map(([key, each]) => [key.toWellFormed(), each.toWellFormed()]);
      // A run would be waited for on a clock that stands still.
      const wait = path.endsWith('/execute') ? [['wait', 'false']] : [];
      const search = new URLSearchParams([...given, ...wait]);
      const { status, body: answer } = await ask(`${at}?${search}`, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      seen.set(status, (seen.get(status) ?? 0) + 1);
      expect(status).toBeLessThan(500);
      expect(answer.success).toBe(status < 400);
      if (answer.success) return;
      expect(answer.error).toMatchObject({
        code: expect.stringMatching(/^[A-Z_]+$/),
        message: expect.any(String),
        details: expect.any(Array),
      });
      expect(JSON.stringify(answer)).not.toMatch(/\bat .*\.ts:\d+/);
    }),
    { numRuns: REQUESTS },
  );
  // It got as far as the operations, not only to their doors.
  for (const status of [200, 400, 404]) expect(seen.get(status) ?? 0).toBeGreaterThan(REQUESTS / 100);
}, 600_000);
