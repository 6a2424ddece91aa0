// The paths described by themselves: OpenAPI 3.1 from the schemas that check requests, and a page for people. Pure.

import { z } from 'zod';
import { OPERATIONS } from '../operations/table.ts';
import { OWN_ROUTES, PREFIX, ROUTES } from './routes.ts';

interface Described {
  name: string;
  method: string;
  path: string;
  summary: string;
  scope: string;
  query: Schema | null;
  body: Schema | null;
  status: number;
  answer: Schema;
  isRevised: boolean;
}

type Schema = z.core.JSONSchema.BaseSchema;

const ERROR: Schema = {
  type: 'object',
  required: ['success', 'error'],
  properties: {
    success: { const: false },
    error: {
      type: 'object',
      required: ['code', 'message', 'fix', 'details'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        fix: { type: ['string', 'null'] },
        details: {
          type: 'array',
          items: {
            type: 'object',
            required: ['field', 'message'],
            properties: { field: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
  },
};

export function openApi(version: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of describedRoutes()) {
    const path = PREFIX + route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'aclarai-scheduler', version },
    paths,
    components: {
      schemas: { Error: ERROR },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    // None is needed on this machine where no tokens are set.
    security: [{ token: [] }, {}],
  };
}

function describedRoutes(): Described[] {
  const own = OWN_ROUTES.map(
    (route): Described => ({
      name: `${route.method.toLowerCase()}${route.path.replaceAll(/[/:]+/g, '_')}`,
      method: route.method,
      path: route.path,
      summary: route.summary,
      scope: OPERATIONS.get(route.operation)!.effect,
      query: route.query ? taken(route.query) : null,
      body: route.body ? taken(route.body) : null,
      status: route.status ?? 200,
      answer: given(z.object({ success: z.literal(true), data: route.data, ...route.beside })),
      isRevised: route.revised === true,
    }),
  );
  const derived = ROUTES.map((route): Described => {
    const { summary, effect, input, output } = OPERATIONS.get(route.operation)!;
    const asked = route.method === 'GET' || route.method === 'DELETE';
    const params = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
    const rest = without(taken(input), params);
    return {
      ...{ name: route.operation, method: route.method, path: route.path, summary, scope: effect },
      query: asked ? rest : null,
      body: asked ? null : route.bodyField === undefined ? rest : propertyOf(rest, route.bodyField),
      status: route.status ?? 200,
      answer: given(z.object({ success: z.literal(true), data: output })),
      isRevised: false,
    };
  });
  return [...own, ...derived];
}

function operationObject(route: Described) {
  const params = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const { properties = {}, required = [] } = route.query ?? {};
  const refusals = { description: 'Refused; details name the fields', content: json(ref('Error')) };
  return {
    operationId: route.name,
    summary: route.summary,
    description: `Needs the scope ${route.scope}.`,
    parameters: [
      ...params.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(properties).map(([name, schema]) => ({
        ...{ name, in: 'query', required: required.includes(name), schema },
        ...(isArray(schema) && { style: 'form', explode: false }),
      })),
      ...(route.isRevised && route.method === 'PATCH'
        ? [{ name: 'If-Match', in: 'header', required: false, schema: { type: 'string' } }]
        : []),
    ],
    ...(route.body && { requestBody: { required: false, content: json(route.body) } }),
    responses: {
      [route.status]: { description: 'Done', content: json(route.answer) },
      default: refusals,
    },
  };
}

const json = (schema: unknown) => ({ 'application/json': { schema } });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

function isArray(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && (schema as Schema).type === 'array';
}

const taken = (schema: z.ZodType): Schema => plain(schema, 'input');
const given = (schema: z.ZodType): Schema => plain(schema, 'output');

/** What JSON Schema cannot say is anything. */
function plain(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return rest;
}

function without(schema: Schema, names: readonly string[]): Schema {
  const { properties = {}, required = [], ...rest } = schema;
  const left = Object.entries(properties).filter(([name]) => !names.includes(name));
  const needed = required.filter((name) => !names.includes(name));
  return { ...rest, properties: Object.fromEntries(left), ...(needed.length > 0 && { required: needed }) };
}

function propertyOf({ properties = {} }: Schema, name: string): Schema {
  const property = properties[name];
  return typeof property === 'object' ? property : {};
}

/** Every path with what it takes, in HTML that loads nothing and runs nothing. */
export function pageOf({ info, paths }: ReturnType<typeof openApi>): string {
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => {
      const { summary, description, parameters, requestBody } = described as ReturnType<
        typeof operationObject
      >;
      const fields = parameters.map(({ name, in: where }) => `<code>${escaped(name!)}</code> (${where})`);
      const body = requestBody
        ? `<details><summary>body</summary><pre>${escaped(JSON.stringify(requestBody.content['application/json'].schema, null, 2))}</pre></details>`
        : '';
      return `<tr><td><code>${method.toUpperCase()} ${escaped(path)}</code></td><td>${escaped(summary)} ${escaped(description)}<br>${fields.join(', ')}${body}</td></tr>`;
    }),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${info.title} ${escaped(info.version)}</title><h1>${info.title} ${escaped(info.version)}</h1><p><a href="/api/openapi.json">OpenAPI 3.1</a></p><table>${rows.join('\n')}</table></html>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
