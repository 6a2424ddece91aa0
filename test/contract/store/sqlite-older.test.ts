// The SQLite store only: a ledger that any earlier version left is brought to this one, and kept as it was beside it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Database } from '#store/sqlite/database';
import { migrate, shippedMigrations } from '#store/sqlite/migrate';
import { openSqliteStore } from '#store/sqlite/open';
import { aPolicy, MINUTE, T0 } from '../../support/ledger.ts';

const SHIPPED = shippedMigrations();
const NEWEST = SHIPPED.length;
const POLICY = JSON.stringify(aPolicy({ priority: 7 }));
const SNAPSHOT = JSON.stringify({ handler: 'noop', policy: aPolicy(), dryRun: false });

/** As the first version wrote it: a job with history, a pause of it, a run that is under way. */
const FIRST = `
INSERT INTO snapshots VALUES (1, 'h', '${SNAPSHOT}');
INSERT INTO boots VALUES (1, 'boot', 'service', 4711, '0.1.0', ${T0}, ${T0 + MINUTE}, NULL, NULL);
INSERT INTO jobs (uid, id, name, handler, input, source, enabled, manual_only, run_on_start, schedule, policy, warnings,
    config_hash, state, cursor, next_slot, next_due, ledger_from, run_count, success_count, created_at, updated_at)
  VALUES ('u', 'report', 'The report', 'noop', '{"month":3}', 'api', 1, 0, 0,
    '{"kind":"every","every":"1m","timezone":"UTC","anchor":${T0}}', '${POLICY}', '[]', 'hash', 'active',
    ${T0 + MINUTE}, ${T0 + 2 * MINUTE}, ${T0 + 2 * MINUTE}, ${T0}, 2, 1, ${T0}, ${T0});
INSERT INTO runs (run_id, job_uid, job_id, job_name, kind, state, slot, due_at, attempt, attempts, queued_at, started_at,
    ended_at, late_by_ms, input, config_hash, snapshot_id, success, statistics, boot_id, lease_token, holds_place, priority)
  VALUES
    ('done', 'u', 'report', 'The report', 'scheduled', 'succeeded', ${T0 + MINUTE}, ${T0 + MINUTE}, 1, '[]', ${T0 + MINUTE},
      ${T0 + MINUTE}, ${T0 + MINUTE + 5}, 0, '{}', 'hash', 1, 1, '{"n":1}', 'boot', NULL, 0, 100),
    ('live', 'u', 'report', 'The report', 'manual', 'running', NULL, ${T0}, 1, '[]', ${T0 + MINUTE}, ${T0 + MINUTE}, NULL, 0,
      '{}', 'hash', 1, NULL, NULL, 'boot', 'lease', 1, 100);
INSERT INTO pauses (job_uid, source, who, since) VALUES ('u', 'api', 'anna', ${T0});
INSERT INTO job_changes (job_uid, at, what, before, after, by) VALUES ('u', ${T0}, 'created', 'null', '{}', 'anna');
`;

/** The state directory that a program with the first `version` migrations left. */
function leftBy(version: number): string {
  const stateDir = mkdtempSync(join(tmpdir(), 'older-'));
  onTestFinished(() => rmSync(stateDir, { recursive: true }));
  const db = new Database(join(stateDir, 'scheduler.db'));
  db.script('PRAGMA auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  migrate(db, SHIPPED.slice(0, 1));
  db.script(FIRST);
  // Step by step, as it was updated: the copies of those days are not those of today.
  if (version > 1) migrate(db, SHIPPED.slice(0, version));
  db.close();
  rmSync(join(stateDir, 'scheduler.db.before-2'), { force: true });
  return stateDir;
}

function raw(file: string, sql: string): unknown[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    db.close();
  }
}

describe.each(Array.from({ length: NEWEST - 1 }, (_, n) => n + 1))('a ledger of version %i', (version) => {
  it('is opened with all that was in it', async () => {
    const stateDir = leftBy(version);
    const store = await openSqliteStore({ stateDir });
    onTestFinished(() => store.close());
    const [job] = await store.jobs();
    expect(job).toMatchObject({
      id: 'report',
      input: { month: 3 },
      policy: { priority: 7, retries: 3 },
      schedule: { kind: 'every', every: '1m' },
      cursor: T0 + MINUTE,
      auditedTo: T0 + MINUTE,
      runCount: 2,
      successCount: 1,
    });
    const runs = await store.runs({ limit: 10 });
    expect(runs.map((run) => [run.runId, run.state, run.snapshot.handler]).sort()).toEqual([
      ['done', 'succeeded', 'noop'],
      ['live', 'running', 'noop'],
    ]);
    expect(await store.pauses({ from: T0, to: T0 + MINUTE })).toMatchObject([{ who: 'anna', endedAt: null }]);
    expect(await store.changes({ limit: 10 })).toMatchObject([{ what: 'created', by: 'anna' }]);
    expect(raw(join(stateDir, 'scheduler.db'), 'PRAGMA user_version')).toEqual([{ user_version: NEWEST }]);
    expect(raw(join(stateDir, 'scheduler.db'), 'PRAGMA integrity_check')).toEqual([
      { integrity_check: 'ok' },
    ]);
  });

  it('lies beside it as it was, and can be put back', async () => {
    const stateDir = leftBy(version);
    await (await openSqliteStore({ stateDir })).close();
    const copy = join(stateDir, `scheduler.db.before-${version + 1}`);
    expect(raw(copy, 'PRAGMA user_version')).toEqual([{ user_version: version }]);
    expect(raw(copy, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(raw(copy, 'SELECT run_id FROM runs ORDER BY run_id')).toEqual([
      { run_id: 'done' },
      { run_id: 'live' },
    ]);
  });

  it('goes on: its runs are settled and new ones taken', async () => {
    const stateDir = leftBy(version);
    const store = await openSqliteStore({ stateDir });
    onTestFinished(() => store.close());
    const at = T0 + 5 * MINUTE;
    await store.beginBoot({ bootId: 'next', kind: 'service', pid: 1, startedAt: at, version: '9' });
    const { runs } = await store.recover('next', at, () => ({
      kind: 'done',
      state: 'interrupted',
      reason: null,
    }));
    expect(runs).toMatchObject([{ runId: 'live', state: 'interrupted' }]);
  });
});
