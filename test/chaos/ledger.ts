// The ledger and the effect file as they lie on the disk, read with plain SQL: no code of the store is asked.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface Row {
  run_id: string;
  job_uid: string;
  job_id: string;
  kind: string;
  state: string;
  reason: string | null;
  slot: number | null;
  due_at: number;
  not_before: number | null;
  covers_from: number | null;
  covers_to: number | null;
  covers_count: number | null;
  attempt: number;
  attempts: Attempt[];
  queued_at: number;
  started_at: number | null;
  ended_at: number | null;
  caused_by: string | null;
  priority: number;
  boot_id: string | null;
}

export interface Attempt {
  n: number;
  startedAt: number;
  endedAt: number;
  outcome: string;
}

export interface JobRow {
  uid: string;
  id: string;
  state: string;
  cursor: number;
  success_count: number;
  failure_count: number;
  handler_state: string;
}

export interface ChangeRow {
  seq: number;
  job_uid: string;
  at: number;
  what: string;
  after: { enabled: boolean; schedule: Record<string, unknown> } | null;
}

export interface PauseRow {
  job_uid: string | null;
  source: string;
  since: number;
  until: number | null;
  ended_at: number | null;
}

export interface BootRow {
  boot_id: string;
  pid: number;
  started_at: number;
  last_tick: number;
  ended_at: number | null;
}

/** A line that a handler left. */
export interface Effect {
  what: 'begin' | 'end';
  job: string;
  runId: string;
  slot: number | null;
  attempt: number;
  key: string;
  pid: number;
  at: number;
}

export interface Evidence {
  rows: Row[];
  jobs: JobRow[];
  changes: ChangeRow[];
  /** What the service's own check complained of. */
  holes: ChangeRow[];
  pauses: PauseRow[];
  boots: BootRow[];
  effects: Effect[];
}

const DEFINITIONS = `SELECT * FROM job_changes
  WHERE what IN ('created', 'schedule', 'enabled', 'orphaned', 'returned') ORDER BY seq`;

export function readEvidence(dir: string): Evidence {
  const ledger = openLedger(dir);
  try {
    const all = <T>(sql: string) => ledger.prepare(sql).all() as T[];
    const rows = all<Row & { attempts: unknown }>('SELECT * FROM runs ORDER BY seq');
    for (const row of rows) row.attempts = JSON.parse(String(row.attempts));
    const changes = all<ChangeRow & { after: unknown }>(DEFINITIONS);
    for (const change of changes) change.after = JSON.parse(String(change.after));
    return {
      holes: all<ChangeRow>("SELECT * FROM job_changes WHERE what = 'hole'"),
      rows,
      changes,
      jobs: all<JobRow>('SELECT * FROM jobs'),
      pauses: all<PauseRow>('SELECT * FROM pauses ORDER BY since, id'),
      boots: all<BootRow>('SELECT * FROM boots ORDER BY seq'),
      effects: readEffects(path.join(dir, 'effects.jsonl')),
    };
  } finally {
    ledger.close();
  }
}

/** The first column of what a query answers, while the service goes on with the file. */
export function namesIn(dir: string, sql: string): string[] {
  const ledger = openLedger(dir);
  try {
    const rows = ledger.prepare(sql).all();
    return rows.map((row) => String(Object.values(row)[0]));
  } finally {
    ledger.close();
  }
}

function openLedger(dir: string): DatabaseSync {
  return new DatabaseSync(path.join(dir, 'data/scheduler.db'), { readOnly: true, timeout: 5_000 });
}

/** A line is written by one append: it is there whole, or not at all. */
function readEffects(file: string): Effect[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Effect);
}
