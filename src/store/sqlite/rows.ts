// Rows of the file to the words of the core and back: which field lies in which column, and how.

import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Pause } from '#core/pause';
import type { Boot, JobChange } from '../store.ts';
import type { Params, Row } from './database.ts';

export interface Field {
  column: string;
  as: 'plain' | 'flag' | 'json' | 'value';
}
export type Fields<T> = { readonly [K in keyof T]-?: Field };

export const plain = (column: string): Field => ({ column, as: 'plain' });
/** 0 and 1; null stays null. */
export const flag = (column: string): Field => ({ column, as: 'flag' });
/** Text of JSON; SQL's NULL for null. */
export const json = (column: string): Field => ({ column, as: 'json' });
/** Text of JSON, also for JSON's own null; the column is never NULL. */
export const value = (column: string): Field => ({ column, as: 'value' });

const BOOT_FIELDS: Fields<Boot> = {
  bootId: plain('boot_id'),
  kind: plain('kind'),
  pid: plain('pid'),
  version: plain('version'),
  startedAt: plain('started_at'),
  lastTick: plain('last_tick'),
  endedAt: plain('ended_at'),
};

const PAUSE_FIELDS: Fields<Pause> = {
  id: plain('id'),
  jobUid: plain('job_uid'),
  source: plain('source'),
  who: plain('who'),
  why: plain('why'),
  since: plain('since'),
  until: plain('until'),
  endedAt: plain('ended_at'),
};

const CHANGE_FIELDS: Fields<JobChange> = {
  jobUid: plain('job_uid'),
  at: plain('at'),
  what: plain('what'),
  before: value('before'),
  after: value('after'),
  by: plain('by'),
};

export const readBoot = (row: Row): Boot => read(BOOT_FIELDS, row);
export const readPause = (row: Row): Pause => read(PAUSE_FIELDS, row);
export const readChange = (row: Row): JobChange => read(CHANGE_FIELDS, row);

export const bootParams = (boot: Boot): Params => params(BOOT_FIELDS, boot);
export const pauseParams = (pause: Omit<Pause, 'id'>): Params => params(PAUSE_FIELDS, pause);
export const changeParams = (change: JobChange): Params => params(CHANGE_FIELDS, change);

/** `INSERT INTO table (a, b) VALUES (:a, :b)`. */
export function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((column) => `:${column}`).join(', ')})`;
}

/** Where in the select list of a table each field lies. */
export function positions<T>(fields: Fields<T>): { readonly [K in keyof T]-?: number } {
  const names = Object.keys(fields) as (keyof T)[];
  return Object.fromEntries(names.map((name, index) => [name, index])) as { [K in keyof T]-?: number };
}

/** `a = :a, b = :b`. */
export function assignments(columns: readonly string[]): string {
  return columns.map((column) => `${column} = :${column}`).join(', ');
}

export function read<T>(fields: Fields<T>, row: Row): T {
  const answer: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const { column, as } = fields[name as keyof T];
    answer[name] = fromColumn(as, row[column] ?? null);
  }
  return answer as T;
}

export function params<T>(fields: Fields<T>, from: Partial<T>): Params {
  const bound: Params = {};
  for (const name of Object.keys(from)) {
    const field = fields[name as keyof T];
    if (!field) throw new TypeError(`no column keeps "${name}"`);
    bound[field.column] = toColumn(field.as, from[name as keyof T]);
  }
  return bound;
}

function fromColumn(as: Field['as'], stored: SQLOutputValue): unknown {
  if (stored === null || as === 'plain') return stored;
  if (as === 'flag') return stored === 1;
  return JSON.parse(String(stored));
}

/** What a `json` or `value` column holds; null for SQL's NULL. */
export function parsed<T>(stored: SQLOutputValue | undefined): T {
  return (typeof stored === 'string' ? JSON.parse(stored) : null) as T;
}

export function toColumn(as: Field['as'], given: unknown): SQLInputValue {
  if (as === 'value') return JSON.stringify(given);
  if (given === null || as === 'plain') return given as SQLInputValue;
  return as === 'flag' ? Number(given) : JSON.stringify(given);
}
