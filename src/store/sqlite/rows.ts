// Rows of the file to the words of the core and back: which field lies in which column, and how.

import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { JobPolicy, StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import type { Boot, JobChange } from '../store.ts';
import type { Params, Row } from './database.ts';

interface Field {
  column: string;
  as: 'plain' | 'flag' | 'json' | 'shared' | 'value';
}
type Fields<T> = { readonly [K in keyof T]-?: Field };

const plain = (column: string): Field => ({ column, as: 'plain' });
/** 0 and 1; null stays null. */
const flag = (column: string): Field => ({ column, as: 'flag' });
/** Text of JSON; SQL's NULL for null. */
const json = (column: string): Field => ({ column, as: 'json' });
/** Text of JSON that many rows have in common: parsed once, frozen. */
const shared = (column: string): Field => ({ column, as: 'shared' });
/** Text of JSON, also for JSON's own null; the column is never NULL. */
const value = (column: string): Field => ({ column, as: 'value' });

/** `policy` lies in a table of its own: see policies.ts. */
export const JOB_FIELDS: Fields<Omit<StoredJob, 'policy'>> = {
  uid: plain('uid'),
  id: plain('id'),
  name: plain('name'),
  description: plain('description'),
  handler: plain('handler'),
  input: json('input'),
  source: plain('source'),
  origin: plain('origin'),
  owner: plain('owner'),
  moduleId: plain('module_id'),
  enabled: flag('enabled'),
  manualOnly: flag('manual_only'),
  runOnStart: flag('run_on_start'),
  schedule: shared('schedule'),
  warnings: json('warnings'),
  configHash: plain('config_hash'),
  state: plain('state'),
  cursor: plain('cursor'),
  nextSlot: plain('next_slot'),
  nextDue: plain('next_due'),
  ledgerFrom: plain('ledger_from'),
  gap: json('gap'),
  takenTo: plain('taken_to'),
  auditedTo: plain('audited_to'),
  orphanedAt: plain('orphaned_at'),
  deletedAt: plain('deleted_at'),
  failStreak: plain('fail_streak'),
  circuit: json('circuit'),
  crashCount: plain('crash_count'),
  admittedCount: plain('admitted_count'),
  runCount: plain('run_count'),
  successCount: plain('success_count'),
  failureCount: plain('failure_count'),
  lastRunAt: plain('last_run_at'),
  lastError: json('last_error'),
  lastSuccess: json('last_success'),
  handlerState: value('handler_state'),
  createdAt: plain('created_at'),
  updatedAt: plain('updated_at'),
};

/** `covers` lies in three columns and `snapshot` in a table of its own: see `readRun` and `runParams`. */
export const RUN_FIELDS: Fields<Omit<Run, 'covers' | 'snapshot'>> = {
  runId: plain('run_id'),
  name: plain('name'),
  jobUid: plain('job_uid'),
  jobId: plain('job_id'),
  jobName: plain('job_name'),
  kind: plain('kind'),
  state: plain('state'),
  reason: plain('reason'),
  slot: plain('slot'),
  dueAt: plain('due_at'),
  notBefore: plain('not_before'),
  attempt: plain('attempt'),
  attempts: json('attempts'),
  queuedAt: plain('queued_at'),
  startedAt: plain('started_at'),
  endedAt: plain('ended_at'),
  durationMs: plain('duration_ms'),
  lateByMs: plain('late_by_ms'),
  input: json('input'),
  configHash: plain('config_hash'),
  codeHash: plain('code_hash'),
  success: flag('success'),
  statistics: json('statistics'),
  error: json('error'),
  by: plain('caused_by'),
  bootId: plain('boot_id'),
  leaseToken: plain('lease_token'),
  holdsPlace: flag('holds_place'),
  line: plain('line'),
  group: plain('group_name'),
  maxWaitMs: plain('max_wait_ms'),
  expiresAt: plain('expires_at'),
  key: plain('idempotency_key'),
  priority: plain('priority'),
  cancelRequested: flag('cancel_requested'),
  cancelledBy: plain('cancelled_by'),
};

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

export const readJob = (row: Row, policy: JobPolicy): StoredJob => ({ ...read(JOB_FIELDS, row), policy });
export const readBoot = (row: Row): Boot => read(BOOT_FIELDS, row);
export const readPause = (row: Row): Pause => read(PAUSE_FIELDS, row);
export const readChange = (row: Row): JobChange => read(CHANGE_FIELDS, row);

/** The select list that `readRun` reads; `runs` must be the table's name, as after RETURNING. */
export const RUN_COLUMNS = [
  ...Object.values(RUN_FIELDS).map((field) => `runs.${field.column}`),
  'runs.covers_from, runs.covers_to, runs.covers_count',
  '(SELECT body FROM snapshots WHERE snapshots.id = runs.snapshot_id) AS snapshot',
].join(', ');

export function readRun(row: Row): Run {
  const { covers_from: from, covers_to: to, covers_count: count } = row;
  return {
    ...read<Omit<Run, 'covers' | 'snapshot'>>(RUN_FIELDS, row),
    covers: from === null ? null : { from: Number(from), to: Number(to), count: Number(count) },
    snapshot: sharedJson(String(row.snapshot)) as Run['snapshot'],
  };
}

export const jobParams = (job: Partial<Omit<StoredJob, 'policy'>>): Params => params(JOB_FIELDS, job);
export const bootParams = (boot: Boot): Params => params(BOOT_FIELDS, boot);
export const pauseParams = (pause: Omit<Pause, 'id'>): Params => params(PAUSE_FIELDS, pause);
export const changeParams = (change: JobChange): Params => params(CHANGE_FIELDS, change);

const RUN_FIELD_LIST = Object.entries(RUN_FIELDS) as [keyof typeof RUN_FIELDS, Field][];

/** All columns but the snapshot's, in the order of `runValues`. */
export const RUN_COLUMN_NAMES: readonly string[] = [
  ...RUN_FIELD_LIST.map(([, field]) => field.column),
  'covers_from',
  'covers_to',
  'covers_count',
];

export function runValues(run: Run): SQLInputValue[] {
  const values: SQLInputValue[] = [];
  for (const [name, { as }] of RUN_FIELD_LIST) values.push(toColumn(as, run[name]));
  values.push(run.covers?.from ?? null, run.covers?.to ?? null, run.covers?.count ?? null);
  return values;
}

/** `INSERT INTO table (a, b) VALUES (:a, :b)`. */
export function insertInto(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((column) => `:${column}`).join(', ')})`;
}

/** `a = :a, b = :b`. */
export function assignments(columns: readonly string[]): string {
  return columns.map((column) => `${column} = :${column}`).join(', ');
}

function read<T>(fields: Fields<T>, row: Row): T {
  const answer: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    const { column, as } = fields[name as keyof T];
    answer[name] = fromColumn(as, row[column] ?? null);
  }
  return answer as T;
}

function params<T>(fields: Fields<T>, from: Partial<T>): Params {
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
  return as === 'shared' ? sharedJson(String(stored)) : JSON.parse(String(stored));
}

const MOST_SHARED = 2_000;
const parsed = new Map<string, unknown>();

/** One object for one text. Nobody may change it: it belongs to every row that bears it. */
function sharedJson(text: string): unknown {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const value: unknown = JSON.parse(text, (_key, each) => Object.freeze(each));
  if (parsed.size >= MOST_SHARED) parsed.clear();
  parsed.set(text, value);
  return value;
}

function toColumn(as: Field['as'], given: unknown): SQLInputValue {
  if (as === 'value') return JSON.stringify(given);
  if (given === null || as === 'plain') return given as SQLInputValue;
  return as === 'flag' ? Number(given) : JSON.stringify(given);
}
