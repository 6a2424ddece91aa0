// Registered cleanups in the file, their audit, and the last run of every cleanup.

import type { StoredCleanup } from '#core/cleanup';
import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import type { CleanupChange } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database, Row } from './database.ts';
import { type Fields, flag, insertInto, params, plain, read } from './rows.ts';

const FIELDS: Fields<Omit<StoredCleanup, 'source' | 'origin'>> = {
  id: plain('id'),
  directory: plain('directory'),
  pattern: plain('pattern'),
  retentionDays: plain('retention_days'),
  maxFiles: plain('max_files'),
  maxSizeMb: plain('max_size_mb'),
  minKeep: plain('min_keep'),
  priority: plain('priority'),
  recursive: flag('recursive'),
  dryRun: flag('dry_run'),
  description: plain('description'),
  maxDeleteShare: plain('max_delete_share'),
  moduleId: plain('module_id'),
  createdAt: plain('created_at'),
  updatedAt: plain('updated_at'),
};

const ALL = 'SELECT * FROM cleanups ORDER BY id';
const REMOVE = 'DELETE FROM cleanups WHERE id = :id';
const RUNS = 'SELECT id, last_run FROM cleanup_runs';
const NOTE = `INSERT INTO cleanup_runs (id, last_run) VALUES (:id, :at)
  ON CONFLICT (id) DO UPDATE SET last_run = max(last_run, excluded.last_run)`;
const FORGET_RUN = 'DELETE FROM cleanup_runs WHERE id = :id';

export function readCleanups(db: Database): StoredCleanup[] {
  return db.all(ALL).map(readCleanup);
}

export function changeCleanup(
  db: Database,
  at: EpochMs,
  by: string,
  decide: (registered: readonly StoredCleanup[]) => CleanupChange,
): void {
  const registered = readCleanups(db);
  const change = decide(registered);
  const id = change.kind === 'put' ? change.rule.id : change.id;
  const before = registered.find((cleanup) => cleanup.id === id) ?? null;
  if (change.kind === 'put') {
    const after = { ...change.rule, createdAt: before?.createdAt ?? at, updatedAt: at };
    put(db, after);
    const what = before ? 'cleanup_updated' : 'cleanup_registered';
    recordChange(db, { jobUid: null, at, what, before: summary(before), after: summary(after), by });
  } else if (before) {
    db.run(REMOVE, { id });
    db.run(FORGET_RUN, { id });
    const what = 'cleanup_removed';
    recordChange(db, { jobUid: null, at, what, before: summary(before), after: null, by });
  }
}

export function readCleanupRuns(db: Database): Map<string, EpochMs> {
  return new Map(db.all(RUNS).map((row) => [String(row.id), Number(row.last_run)]));
}

export function noteCleanupRuns(db: Database, ids: readonly string[], at: EpochMs): void {
  for (const id of ids) db.run(NOTE, { id, at });
}

function put(db: Database, cleanup: StoredCleanup): void {
  db.run(REMOVE, { id: cleanup.id });
  const { source: _source, origin: _origin, ...kept } = cleanup;
  const bound = params(FIELDS, kept);
  db.run(insertInto('cleanups', Object.keys(bound)), bound);
}

function readCleanup(row: Row): StoredCleanup {
  return { ...read(FIELDS, row), source: 'api', origin: null };
}

/** What the audit keeps of a rule: all that can be changed. */
function summary(cleanup: StoredCleanup | null): Json {
  if (!cleanup) return null;
  const { createdAt: _made, updatedAt: _changed, source: _source, origin: _origin, ...rule } = cleanup;
  return rule;
}
