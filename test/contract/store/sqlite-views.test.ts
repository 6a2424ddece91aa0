// The SQLite store only: the documents' tables, read with SQL as another program reads them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import type { Store } from '#store/store';
import {
  addJobs,
  aJob,
  aRow,
  beginBoot,
  claim,
  effect,
  enqueue,
  MINUTE,
  settle,
  stillClock,
  T0,
} from '../../support/ledger.ts';

interface Ledger {
  store: Store;
  rows(sql: string): Record<string, unknown>[];
}

async function ledger(): Promise<Ledger> {
  const stateDir = mkdtempSync(join(tmpdir(), 'views-'));
  const store = await openSqliteStore({ stateDir, clock: stillClock() });
  const reader = new DatabaseSync(join(stateDir, 'scheduler.db'), { readOnly: true });
  onTestFinished(async () => {
    reader.close();
    await store.close();
    rmSync(stateDir, { recursive: true });
  });
  return {
    store,
    rows: (sql) =>
      reader
        .prepare(sql)
        .all()
        .map((row) => ({ ...row })),
  };
}

/** Runs the job by hand, to this end. */
async function ran(
  store: Store,
  job: string,
  outcome: 'succeeded' | 'failed',
  statistics: { n: number } | null = null,
) {
  const runId = `${job}-${outcome}`;
  await enqueue(store, job, aRow(runId, { input: { enable_tracing: true } }));
  const [run] = await claim(store, { only: runId });
  await settle(store, run!, outcome, { statistics });
}

const COLUMNS = {
  scheduler_events:
    'id name description module_id function_name parameters recurring interval_type interval_value next_execution status execution_count max_executions last_execution last_error created_at updated_at',
  scheduler_executions: 'id event_id start_time end_time success result error trace_session_id',
  scheduler_cleanup_configs:
    'id directory pattern retention_days max_files max_size_mb min_keep priority recursive dry_run description max_delete_share source module_id last_run created_at updated_at',
  scheduled_tasks:
    'id name description type schedule command data status enabled retries retry_delay timeout last_run next_run run_count success_count failure_count created_at updated_at metadata',
  task_executions: 'id task_id status started_at completed_at duration result error retry_count logs',
  task_logs: 'id execution_id level message context timestamp',
};

it.each(Object.entries(COLUMNS))('%s has its columns, and nobody can write it', async (view, columns) => {
  const { rows } = await ledger();
  const found = rows(`SELECT name FROM pragma_table_info('${view}') ORDER BY cid`);
  expect(found.map((row) => row.name)).toEqual(columns.split(' '));
  expect(rows(`SELECT type FROM sqlite_schema WHERE name = '${view}'`)).toEqual([{ type: 'view' }]);
  expect(rows(`SELECT * FROM ${view}`)).toEqual([]);
  const writer = new DatabaseSync(rows('PRAGMA database_list')[0]!.file as string);
  onTestFinished(() => writer.close());
  const first = columns.split(' ')[0];
  expect(() => writer.exec(`INSERT INTO ${view} (${first}) VALUES ('x')`)).toThrow(/cannot modify/);
});

it('scheduler_events and scheduled_tasks say what is scheduled, each in its own words', async () => {
  const { store, rows } = await ledger();
  const cron = { kind: 'cron', expression: '0 2 * * *', timezone: 'Europe/Paris', dayMatch: 'or' } as const;
  const at = T0 + 90_500;
  await addJobs(
    store,
    aJob(
      'nightly',
      { schedule: cron, input: { type: 'full' }, moduleId: 'core.backup' },
      { maxExecutions: 5 },
    ),
    aJob('often', { description: 'Looks', source: 'api', owner: 'anna' }),
    aJob('once', { schedule: { kind: 'at', at, timezone: 'UTC' }, nextSlot: at, nextDue: at }),
    aJob('by_hand', {
      schedule: { kind: 'manual', timezone: 'UTC' },
      manualOnly: true,
      nextSlot: null,
      nextDue: null,
    }),
    aJob('adhoc:noop', { source: 'api' }),
  );
  const events = rows('SELECT * FROM scheduler_events ORDER BY id');
  expect(events.map((event) => event.id)).toEqual(['by_hand', 'nightly', 'often', 'once']);
  expect(events[1]).toEqual({
    id: 'nightly',
    name: 'Job nightly',
    description: null,
    module_id: 'core.backup',
    function_name: 'noop',
    parameters: '{"type":"full","_cron_expression":"0 2 * * *"}',
    recurring: 1,
    interval_type: 'cron',
    interval_value: null,
    next_execution: '2025-01-06T00:01:00.000Z',
    status: 'pending',
    execution_count: 0,
    max_executions: 5,
    last_execution: null,
    last_error: null,
    created_at: '2025-01-06T00:00:00.000Z',
    updated_at: '2025-01-06T00:00:00.000Z',
  });
  expect(events[2]).toMatchObject({
    module_id: 'anna',
    interval_type: 'minutes',
    interval_value: 1,
    parameters: '{}',
  });
  expect(events[3]).toMatchObject({
    module_id: 'unknown',
    recurring: 0,
    interval_type: null,
    next_execution: '2025-01-06T00:01:30.500Z',
  });
  const tasks = rows('SELECT * FROM scheduled_tasks ORDER BY id');
  expect(tasks.map((task) => [task.id, task.type, task.schedule])).toEqual([
    ['by_hand', 'manual', 'manual'],
    ['nightly', 'cron', '0 2 * * *'],
    ['often', 'interval', '1m'],
    ['once', 'once', '2025-01-06T00:01:30.500Z'],
  ]);
  expect(tasks[2]).toEqual({
    id: 'often',
    name: 'Job often',
    description: 'Looks',
    type: 'interval',
    schedule: '1m',
    command: 'noop',
    data: '{}',
    status: 'active',
    enabled: 1,
    retries: 3,
    retry_delay: 5000,
    timeout: 3_600_000,
    last_run: null,
    next_run: '2025-01-06T00:01:00.000Z',
    run_count: 0,
    success_count: 0,
    failure_count: 0,
    created_at: '2025-01-06T00:00:00.000Z',
    updated_at: '2025-01-06T00:00:00.000Z',
    metadata: '{"source":"api","owner":"anna","module_id":null,"timezone":"UTC"}',
  });
});

it.each([
  ['30s', 'seconds', 30],
  ['5 minutes', 'minutes', 5],
  ['2h', 'hours', 2],
  ['1 day', 'days', 1],
  ['3w', 'weeks', 3],
  ['6mo', 'months', 6],
])('the interval %s is %s × %i', async (every, interval_type, interval_value) => {
  const { store, rows } = await ledger();
  await addJobs(store, aJob('a', { schedule: { kind: 'every', every, timezone: 'UTC', anchor: T0 } }));
  const found = rows('SELECT interval_type, interval_value FROM scheduler_events');
  expect(found).toEqual([{ interval_type, interval_value }]);
});

it('the status of an event and of a task is that of its face', async () => {
  const { store, rows } = await ledger();
  await beginBoot(store, 'boot');
  const off = { state: 'disabled', enabled: false } as const;
  const names = ['paused', 'timed', 'over', 'done', 'lost', 'gone', 'live'];
  await addJobs(store, ...names.map((id) => aJob(id)), aJob('off', off));
  const now = Date.now();
  const pause = (id: string, until: number | null) =>
    store.pause({ jobUid: `uid-${id}`, source: 'api', who: 'anna', why: null, since: T0, until });
  await pause('paused', null);
  await pause('timed', now + 86_400_000);
  await pause('over', T0 + 1);
  await ran(store, 'done', 'succeeded');
  await ran(store, 'lost', 'failed');
  await enqueue(store, 'live', aRow('live-run'));
  await claim(store, { only: 'live-run' });
  const completed = ['done', 'lost'].map((id) => ({
    uid: `uid-${id}`,
    set: { state: 'completed' as const },
  }));
  await effect(store, { update: [...completed, { uid: 'uid-gone', set: { state: 'orphaned' } }] });
  const of = (view: string) =>
    Object.fromEntries(rows(`SELECT id, status FROM ${view}`).map((row) => [row.id, row.status]));
  const both = {
    paused: 'paused',
    timed: 'paused',
    off: 'paused',
    gone: 'paused',
    done: 'completed',
    lost: 'failed',
  };
  expect(of('scheduler_events')).toEqual({ ...both, over: 'pending', live: 'running' });
  expect(of('scheduled_tasks')).toEqual({ ...both, over: 'active', live: 'active' });
});

it('executions of both kinds say how runs ended, and only tasks show what was passed over', async () => {
  const { store, rows } = await ledger();
  await beginBoot(store, 'boot');
  await addJobs(store, aJob('a'));
  await ran(store, 'a', 'succeeded', { n: 7 });
  await ran(store, 'a', 'failed');
  await enqueue(store, 'a', aRow('waits'));
  const slot = T0 + MINUTE;
  await effect(store, {
    rows: [
      { ...aRow('over', { kind: 'scheduled', state: 'missed', reason: 'downtime', slot }), jobUid: 'uid-a' },
    ],
  });
  expect(rows('SELECT * FROM scheduler_executions ORDER BY id')).toEqual([
    {
      id: 'a-failed',
      event_id: 'a',
      start_time: '2025-01-06T00:01:00.000Z',
      end_time: '2025-01-06T00:01:01.000Z',
      success: 0,
      result: null,
      error: 'failed 1',
      trace_session_id: 'a-failed',
    },
    {
      id: 'a-succeeded',
      event_id: 'a',
      start_time: '2025-01-06T00:01:00.000Z',
      end_time: '2025-01-06T00:01:01.000Z',
      success: 1,
      result: '{"n":7}',
      error: null,
      trace_session_id: 'a-succeeded',
    },
  ]);
  const tasks = rows(
    'SELECT id, task_id, status, duration, retry_count, logs FROM task_executions ORDER BY id',
  );
  const rest = { task_id: 'a', retry_count: 0, logs: null };
  expect(tasks).toEqual([
    { id: 'a-failed', ...rest, status: 'failed', duration: 999.5 },
    { id: 'a-succeeded', ...rest, status: 'completed', duration: 999.5 },
    { id: 'over', ...rest, status: 'skipped', duration: null },
    { id: 'waits', ...rest, status: 'pending', duration: null },
  ]);
});

it('scheduler_cleanup_configs has the registered rules with their last run', async () => {
  const { store, rows } = await ledger();
  const rule = {
    id: 'logs',
    directory: '/srv/app/logs',
    pattern: '*.log',
    retentionDays: 30,
    maxFiles: null,
    maxSizeMb: 1.5,
    minKeep: 0,
    priority: 100,
    recursive: true,
    dryRun: false,
    description: null,
    maxDeleteShare: null,
    moduleId: null,
    source: 'api',
    origin: null,
  } as const;
  await store.changeCleanup(T0, 'anna', () => ({ kind: 'put', rule }));
  await store.noteCleanupRuns(['logs'], T0 + MINUTE);
  expect(rows('SELECT * FROM scheduler_cleanup_configs')).toEqual([
    {
      id: 'logs',
      directory: '/srv/app/logs',
      pattern: '*.log',
      retention_days: 30,
      max_files: null,
      max_size_mb: 1.5,
      min_keep: 0,
      priority: 100,
      recursive: 1,
      dry_run: 0,
      description: null,
      max_delete_share: null,
      source: 'api',
      module_id: 'unknown',
      last_run: '2025-01-06T00:01:00.000Z',
      created_at: '2025-01-06T00:00:00.000Z',
      updated_at: '2025-01-06T00:00:00.000Z',
    },
  ]);
});
