// Effective settings as `path = value` lines, with where each value comes from. Pure.

import type { Json } from '#core/handler';
import type { Settings } from '#service/host';
import { type Column, table } from '../table.ts';

type Value = Pick<Settings['values'][number], 'path' | 'value' | 'origin'>;

export function configText(values: readonly Value[], withOrigin: boolean, width: number): string {
  const columns: Column<Value>[] = [
    { head: 'KEY', cell: ({ path }) => path },
    { head: 'VALUE', cell: ({ value }) => written(value), flexible: true },
  ];
  if (withOrigin) columns.push({ head: 'FROM', cell: ({ origin }) => origin });
  return table(columns, values, width);
}

/** Text stands as it is; what is not text as in JSON, and a text that could be taken for it in quotes. */
function written(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify((value ?? null) as Json);
  return /^(true|false|null|-?\d.*|["[{].*|\s*)$/.test(value) ? JSON.stringify(value) : value;
}
