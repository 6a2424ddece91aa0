// The description of the paths: whole, valid, and the same as what answers.

import { expect, test } from 'vitest';
import { openApi, pageOf } from '#faces/http/openapi';
import { OWN_ROUTES, PREFIX, ROUTES } from '#faces/http/routes';
import { served } from '../../../support/served.ts';

const document = openApi('1.2.3');

type Described = {
  operationId: string;
  parameters: { name: string; in: string; schema: unknown }[];
  requestBody?: { content: Record<string, { schema: { properties?: Record<string, unknown> } }> };
};

const all = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ path, method, ...(described as Described) })),
);

test('every path is described once, under a name of its own', () => {
  const written = all.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  const known = [...ROUTES, ...OWN_ROUTES].map(
    ({ path, method }) => `${method} ${PREFIX}${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  );
  expect(written.toSorted()).toEqual(known.toSorted());
  expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
});

test('fields of a path are no fields of its query or body too', () => {
  for (const { path, parameters, requestBody } of all) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
    expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(inPath);
    const inQuery = parameters.filter((each) => each.in === 'query').map(({ name }) => name);
    expect(inQuery.filter((name) => inPath.includes(name))).toEqual([]);
    const inBody = Object.keys(requestBody?.content['application/json']?.schema.properties ?? {});
    expect(inBody.filter((name) => inPath.includes(name))).toEqual([]);
  }
});

test('it has the fields that are checked', () => {
  const next = all.find(({ path }) => path === `${PREFIX}/next`)!;
  expect(next.parameters.map(({ name }) => name)).toEqual(['job', 'count']);
  const events = document.paths[`${PREFIX}/events`] as unknown as Record<'post', Described>;
  expect(JSON.stringify(events.post.requestBody)).toContain('function_name');
});

test('it is served, and the page loads and runs nothing', async () => {
  const { ask, face } = await served();
  const answer = await ask('/api/openapi.json');
  expect(answer.status).toBe(200);
  expect(Object.keys((answer.body as unknown as typeof document).paths)).toEqual(Object.keys(document.paths));
  const page = await fetch(`${face.url}/api/docs`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  for (const { path } of all) expect(html).toContain(path);
  expect(html).not.toMatch(/<script|src=|style=/);
});

test('what is described by others is shown as text', () => {
  const hostile = structuredClone(document);
  hostile.info.version = '<script>"&';
  expect(pageOf(hostile)).toContain('&lt;script>&quot;&amp;');
});
