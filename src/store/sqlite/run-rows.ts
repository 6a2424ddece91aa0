// A run in its row: which field lies in which column, and how it is read.

import type { SQLInputValue } from 'node:sqlite';
import type { Run, RunSnapshot } from '#core/run';
import type { Values } from './database.ts';
import { type Field, type Fields, flag, json, parsed, plain, positions, toColumn } from './rows.ts';

/** `covers` lies in three columns, `snapshot` in a table of its own, and no `warnings` are no text: see `readRun`, `runValues`. */
export const RUN_FIELDS: Fields<Omit<Run, 'covers' | 'snapshot' | 'warnings'>> = {
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

const AT = positions(RUN_FIELDS);
const BEYOND = Object.keys(RUN_FIELDS).length;
const [FROM, TO, COUNT, WARNINGS, SNAPSHOT_ID, SEQ] = [0, 1, 2, 3, 4, 5].map((n) => BEYOND + n) as [
  ...[number, number, number, number, number, number],
];
const FIELD_LIST = Object.entries(RUN_FIELDS) as [keyof typeof RUN_FIELDS, Field][];

/** The columns that `runValues` gives values for, in its order: all but the snapshot's. */
export const RUN_COLUMN_NAMES: readonly string[] = [
  ...FIELD_LIST.map(([, field]) => field.column),
  'covers_from',
  'covers_to',
  'covers_count',
  'warnings',
];

/** The select list that `readRun` reads; `runs` must be the table's name. */
export const RUN_COLUMNS = [...RUN_COLUMN_NAMES, 'snapshot_id', 'seq']
  .map((column) => `runs.${column}`)
  .join(', ');

export const snapshotIdOf = (row: Values): number => Number(row[SNAPSHOT_ID]);
export const seqOf = (row: Values): number => Number(row[SEQ]);

/** Written out for the reason that `readJob` is. */
export function readRun(row: Values, snapshot: RunSnapshot): Run {
  const from = row[FROM];
  return {
    runId: row[AT.runId] as Run['runId'],
    name: row[AT.name] as Run['name'],
    jobUid: row[AT.jobUid] as Run['jobUid'],
    jobId: row[AT.jobId] as Run['jobId'],
    jobName: row[AT.jobName] as Run['jobName'],
    kind: row[AT.kind] as Run['kind'],
    state: row[AT.state] as Run['state'],
    reason: row[AT.reason] as Run['reason'],
    slot: row[AT.slot] as Run['slot'],
    dueAt: row[AT.dueAt] as Run['dueAt'],
    notBefore: row[AT.notBefore] as Run['notBefore'],
    attempt: row[AT.attempt] as Run['attempt'],
    attempts: parsed(row[AT.attempts]),
    queuedAt: row[AT.queuedAt] as Run['queuedAt'],
    startedAt: row[AT.startedAt] as Run['startedAt'],
    endedAt: row[AT.endedAt] as Run['endedAt'],
    durationMs: row[AT.durationMs] as Run['durationMs'],
    lateByMs: row[AT.lateByMs] as Run['lateByMs'],
    input: parsed(row[AT.input]),
    configHash: row[AT.configHash] as Run['configHash'],
    codeHash: row[AT.codeHash] as Run['codeHash'],
    success: flagOrNull(row[AT.success]),
    statistics: parsed(row[AT.statistics]),
    error: parsed(row[AT.error]),
    by: row[AT.by] as Run['by'],
    bootId: row[AT.bootId] as Run['bootId'],
    leaseToken: row[AT.leaseToken] as Run['leaseToken'],
    holdsPlace: row[AT.holdsPlace] === 1,
    line: row[AT.line] as Run['line'],
    group: row[AT.group] as Run['group'],
    maxWaitMs: row[AT.maxWaitMs] as Run['maxWaitMs'],
    expiresAt: row[AT.expiresAt] as Run['expiresAt'],
    key: row[AT.key] as Run['key'],
    priority: row[AT.priority] as Run['priority'],
    cancelRequested: row[AT.cancelRequested] === 1,
    cancelledBy: row[AT.cancelledBy] as Run['cancelledBy'],
    covers: from === null ? null : { from: Number(from), to: Number(row[TO]), count: Number(row[COUNT]) },
    warnings: parsed<string[] | null>(row[WARNINGS]) ?? [],
    snapshot,
  };
}

export function runValues(run: Run): SQLInputValue[] {
  const values: SQLInputValue[] = [];
  for (const [name, { as }] of FIELD_LIST) values.push(toColumn(as, run[name]));
  values.push(run.covers?.from ?? null, run.covers?.to ?? null, run.covers?.count ?? null);
  values.push(run.warnings.length > 0 ? JSON.stringify(run.warnings) : null);
  return values;
}

function flagOrNull(stored: Values[number] | undefined): boolean | null {
  return stored === null ? null : stored === 1;
}
