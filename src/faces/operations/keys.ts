// Operations on keys: small values that outlive the process, read by references in input.

import { z } from 'zod';
import { operation } from './operation.ts';

const key = z.string().min(1).max(256).describe('name of a key');

export const keyShape = z.strictObject({
  key: z.string(),
  value: z.json(),
  updated_at: z.string().describe('ISO 8601 with offset'),
  updated_by: z.string(),
});

export const keyOperations = [
  operation({
    name: 'kv_list',
    summary: 'Keys by name with their values, those that begin with a prefix.',
    effect: 'read',
    input: z.strictObject({
      prefix: z.string().max(256).default(''),
      after: z.string().max(256).default('').describe('the last key of the page before'),
      limit: z.int().min(1).max(1_000).default(100),
    }),
    output: z.array(keyShape),
    handle: ({ installation }, query) => installation.service.keys.list(query),
  }),
  operation({
    name: 'kv_get',
    summary: 'The value of a key.',
    effect: 'read',
    input: z.strictObject({ key }),
    output: keyShape,
    handle: ({ installation }, { key }) => installation.service.keys.get(key),
  }),
  operation({
    name: 'kv_set',
    summary: 'Gives a key a value, in place of the one it had.',
    effect: 'write',
    input: z.strictObject({ key, value: z.json() }),
    output: keyShape,
    handle: ({ installation, by }, { key, value }) => installation.service.keys.set(key, value, by),
  }),
  operation({
    name: 'kv_delete',
    summary: 'Takes a key away.',
    effect: 'write',
    input: z.strictObject({ key }),
    output: z.strictObject({ deleted: z.string() }),
    handle: ({ installation, by }, { key }) => installation.service.keys.delete(key, by),
  }),
];
