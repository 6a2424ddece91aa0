// A path that speaks the words of the event scheduler: what it takes, what it answers, which operation it stands for.

import { z } from 'zod';
import type { OperationContext } from '../operations/operation.ts';

export interface Asked {
  params: Record<string, string>;
  /** As the schema of the route has made it. */
  query: Record<string, unknown>;
  body: unknown;
  ifMatch: string | null;
  /** The name of the token that was shown. */
  token: string | null;
}

export interface Answered {
  status?: 200 | 201 | 202;
  /** Beside `success: true`. */
  body: { data: unknown; [beside: string]: unknown };
  /** What the data is known by again: the ETag. */
  revision?: string;
}

export interface OwnRoute {
  /** Whose right it needs. */
  operation: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below PREFIX. */
  path: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Of a success. */
  data: z.ZodType;
  /** Members of the answer beside `data`. */
  beside?: z.ZodRawShape;
  status?: 200 | 201 | 202;
  /** Answers an ETag, or takes it as If-Match. */
  revised?: true;
  /** In bytes, where it is not that of all. */
  bodyLimit?: number;
  answer(context: OperationContext, asked: Asked): Promise<Answered>;
}

/** Texts of a query as its schema wants them; what is no such value stays a text, for the fault that names it. */
export function typedQuery(schema: z.ZodType, query: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input' });
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      const type = typeof property === 'object' ? property.type : undefined;
      return [key, textAs(value, type)];
    }),
  );
}

function textAs(value: unknown, type: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (type === 'array') return value.split(',');
  if (type === 'integer' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (type === 'boolean' && /^(true|false)$/.test(value)) return value === 'true';
  return value;
}
