// The SQLite store only: no question of the two loops reads a whole table, however long the history is.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLedgerFile } from '#store/sqlite/open';
import { IS_LIVE } from '#store/sqlite/runs';
import { SqliteStore } from '#store/sqlite/sqlite-store';
import {
  addJobs,
  admitNext,
  aJob,
  aRemoval,
  aRow,
  beginBoot,
  claim,
  effect,
  enqueue,
  MINUTE,
  noEffects,
  settle,
  stillClock,
  T0,
} from '../../support/ledger.ts';

/** Indexes that hold live rows or open gaps only: to walk them is to read what is needed. */
const SMALL =
  /USING (COVERING )?INDEX (runs_live|runs_held|runs_startable|runs_waiting|jobs_in_gap|jobs_due|jobs_of_settings|jobs_finished|jobs_crashed|pauses_open)\b/;

it('finds rows of runs, jobs and pauses by an index', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  const file = join(directory, 'scheduler.db');
  const db = openLedgerFile(file);
  onTestFinished(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });
  const clock = stillClock();
  const store = new SqliteStore(db, clock, () => 'lease');
  await everyStep(store);

  const asked = db
    .statements()
    .filter((sql) => /\b(runs|jobs|pauses)\b/.test(sql) && !/^(PRAGMA|CREATE)/.test(sql));
  expect(asked.length).toBeGreaterThan(30);
  const stepsOf = (sql: string) => db.all(`EXPLAIN QUERY PLAN ${sql}`).map((step) => String(step.detail));
  const walks = asked.flatMap((sql) =>
    stepsOf(sql)
      .filter((detail) => /^SCAN (runs|jobs|pauses|other)\b/.test(detail) && !SMALL.test(detail))
      .map((detail) => `${detail}: ${sql}`),
  );
  // All jobs are asked for at a reload or when the clock was set, all pauses by `why`, retention and the clock; the
  // newest runs of all end at their limit.
  const allowed = [
    /FROM jobs WHERE deleted_at IS NULL ORDER BY id/,
    /FROM jobs WHERE deleted_at IS NULL AND cursor > :at/,
    /^SCAN pauses.*since <= :to/s,
    /^SCAN pauses: (UPDATE pauses SET since = min|DELETE FROM pauses WHERE ended_at < )/,
    /FROM runs {2}ORDER BY seq DESC LIMIT/,
  ];
  expect(walks.filter((walk) => !allowed.some((pattern) => pattern.test(walk)))).toEqual([]);

  // A job's live runs are never picked out of its history.
  const live = asked.filter((sql) => sql.includes(IS_LIVE) && /job_uid = |line = |group_name = /.test(sql));
  expect(live.length).toBeGreaterThan(1);
  expect(live.filter((sql) => !stepsOf(sql).some((detail) => detail.includes('runs_live')))).toEqual([]);
});

/** Calls everything once, so that every statement is prepared. */
async function everyStep(store: SqliteStore): Promise<void> {
  const at = T0 + MINUTE;
  await addJobs(store, aJob('a', {}, { maxInstances: 3, circuitAfter: 1 }), aJob('b', {}, { group: 'g' }));
  for (const id of ['line 1', 'line 2'])
    await enqueue(store, 'b', aRow(id, { kind: 'scheduled', holdsPlace: false, line: 'line' }));
  const [head] = await claim(store, { at });
  await settle(store, head!, 'failed');
  await beginBoot(store, 'boot');
  await store.pause({ jobUid: 'uid-a', source: 'api', who: 'me', why: null, since: T0, until: at });
  await store.pause({ jobUid: null, source: 'api', who: 'me', why: null, since: T0, until: null });
  await store.resume({ jobUid: null, sources: ['api'], at: T0, by: 'me' });
  await store.observe(T0, []);
  await store.fire(at, admitNext);
  await enqueue(store, 'a', aRow('r'));
  const [first, second] = await claim(store, { at });
  await store.tick('boot', at);
  await store.requestCancel(first!.runId, at, 'me');
  await store.cancelRequests('boot');
  await store.markStopping(first!.runId, first!.leaseToken!);
  await settle(store, first!, 'succeeded');
  await store.recover('next', at, () => ({ kind: 'retry', notBefore: at }));
  await effect(store, { end: [{ runId: second!.runId, state: 'failed', reason: 'orphaned', error: null }] });
  const finished = { before: at, limit: 10 };
  await store.reconcile(at, { ids: ['a'], ofSettings: true, inGap: true, finished }, () => noEffects);
  await effect(store, { update: [{ uid: 'uid-a', set: { name: 'other' } }], remove: [aRemoval('uid-a')] });
  await store.jobs({ uids: ['uid-a'] });
  await store.jobs({ name: 'other' });
  await store.pauses({ from: T0, to: at });
  const queries = [{}, { jobUid: 'uid-a' }, { jobId: 'a' }, { states: ['failed', 'missed'] as const }];
  for (const query of queries) await store.runs({ ...query, limit: 10 });
  await store.runs({ jobId: 'a', states: ['failed'], limit: 10 });
  await store.around('uid-a', at);
  await store.counts();
  await store.nextWake(at);
  const nothing = { kind: 'refuse', because: 'only looking', inTheWay: null } as const;
  await store.backfill('b', { from: T0, to: at }, () => nothing);
  await store.pause({ jobUid: null, source: 'api', who: 'me', why: null, since: T0, until: null });
  for (const jobUid of [null, 'uid-b'])
    await store.resume({ jobUid, sources: ['api'], at, by: 'me' }, () => expect.unreachable());
  await store.accounts('uid-a', T0, at, 10);
  await store.markAudited([{ uid: 'uid-a', to: at }]);
  await store.newestInstant();
  const calendar = { cut: () => null, next: () => ({ nextSlot: null, nextDue: null }) };
  await store.correctClock({ was: at, at: T0 - 1, by: 'me' }, calendar);
  await effect(store, { remove: [aRemoval('uid-a', { purge: true, cancelRunning: true })] });
  await store.prune({ at, before: at, maxRowsPerJob: 0, maxRows: 0, limit: 100 });
}
