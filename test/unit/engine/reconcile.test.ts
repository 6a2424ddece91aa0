// Definitions against the ledger, as a table of effects (rules 14, 16, 17, 21).
import { expect, it } from 'vitest';
import { type JobSpec, NEVER_RAN, type ScheduleDraft, type StoredJob } from '#core/job';
import type { Run } from '#core/run';
import { reconcile } from '#engine/reconcile';
import { buildSchedule } from '#schedule/parse';
import type { Effects } from '#store/store';
import { aJob, aPolicy, MINUTE, T0 } from '../../support/ledger.ts';

const NOW = T0 + 10 * MINUTE + 400;

function spec(id: string, over: Partial<JobSpec> = {}): JobSpec {
  const {
    uid: _uid,
    state: _state,
    createdAt: _at,
    cursor: _c,
    nextSlot: _s,
    nextDue: _d,
    ledgerFrom: _l,
    ...rest
  } = aJob(id);
  return {
    ...rest,
    schedule: { kind: 'every', every: '1m', timezone: 'UTC', anchor: null },
    ...over,
  } as JobSpec;
}

function stored(id: string, over: Partial<StoredJob> = {}): StoredJob {
  return {
    ...aJob(id),
    ...NEVER_RAN,
    auditedTo: 0,
    updatedAt: T0,
    cursor: T0 + 10 * MINUTE,
    ...over,
  };
}

function effects(
  jobs: StoredJob[],
  definitions: JobSpec[],
  options: { live?: Run[]; boot?: number; atStart?: boolean } = {},
): Effects {
  let n = 0;
  return reconcile({ jobs, live: new Map(jobs.map((job) => [job.uid, options.live ?? []])) }, definitions, {
    at: NOW,
    bootStartedAt: options.boot ?? T0,
    atStart: options.atStart ?? false,
    by: 'settings',
    scheduleOf: buildSchedule,
    newRunId: () => `run-${++n}`,
    newUid: () => `uid-${++n}`,
  });
}

const nothing: Effects = { insert: [], update: [], rows: [], end: [], changes: [] };
const cron = (expression: string): ScheduleDraft => ({
  kind: 'cron',
  expression,
  timezone: 'UTC',
  dayMatch: 'or',
});

it('nothing changed: nothing is written', () => {
  expect(effects([stored('a')], [spec('a')])).toEqual(nothing);
});

it('a new job goes on from now; its interval is anchored in whole seconds', () => {
  const { insert, changes } = effects([], [spec('a')]);
  expect(insert).toMatchObject([
    {
      id: 'a',
      state: 'active',
      cursor: NOW,
      ledgerFrom: NOW,
      schedule: { anchor: T0 + 10 * MINUTE },
      nextSlot: T0 + 11 * MINUTE,
    },
  ]);
  expect(changes).toMatchObject([{ what: 'created', before: null }]);
});

it.each([
  ['disabled', { enabled: false }],
  ['manual_only', { manualOnly: true }],
  ['manual', { schedule: { kind: 'manual', timezone: 'UTC' } as ScheduleDraft }],
])('a new job that is %s has no next slot', (_name, over) => {
  expect(effects([], [spec('a', over)]).insert).toMatchObject([{ nextSlot: null }]);
});

it('a one-time job already past is completed, with one missed row', () => {
  const at = T0 + MINUTE;
  const { insert, rows } = effects([], [spec('a', { schedule: { kind: 'at', at, timezone: 'UTC' } })]);
  expect(insert).toMatchObject([{ state: 'completed' }]);
  expect(rows).toMatchObject([{ state: 'missed', reason: 'schedule_changed', slot: at }]);
});

it('a changed schedule: undecided slots are accounted for by whether a service was up, next from now', () => {
  const job = stored('a', { cursor: T0 });
  const { rows, update, changes } = effects(
    [job],
    [spec('a', { schedule: cron('0 * * * *'), configHash: 'new' })],
    { boot: T0 + 4.5 * MINUTE },
  );
  expect(rows).toMatchObject([
    { reason: 'downtime', slot: T0 + 4 * MINUTE, covers: { from: T0 + MINUTE, count: 4 } },
    { reason: 'schedule_changed', slot: T0 + 10 * MINUTE, covers: { from: T0 + 5 * MINUTE, count: 6 } },
  ]);
  expect(update).toMatchObject([{ set: { cursor: NOW, nextSlot: T0 + 60 * MINUTE, gap: null } }]);
  expect(changes.map((change) => change.what)).toEqual(['schedule']);
});

it.each([
  [
    T0 + 4 * MINUTE,
    [
      [3, 'downtime', 3],
      [10, 'schedule_changed', 7],
    ],
  ],
  [
    T0 + 4 * MINUTE + 1,
    [
      [4, 'downtime', 4],
      [10, 'schedule_changed', 6],
    ],
  ],
])('a slot at the very start of the service (%d) fell into its time', (boot, expected) => {
  const changed = spec('a', { schedule: cron('0 * * * *'), configHash: 'new' });
  const { rows } = effects([stored('a', { cursor: T0 })], [changed], { boot });
  const accounts = rows.map(({ slot, reason, covers }) => [(slot! - T0) / MINUTE, reason, covers?.count]);
  expect(accounts).toEqual(expected);
});

it('a schedule that is changed while the clock is behind its cursor has no slots up to there to be checked', () => {
  const cursor = NOW + 20 * MINUTE;
  const changed = spec('a', { schedule: cron('30 * * * * *'), configHash: 'new' });
  expect(effects([stored('a', { cursor })], [changed]).update).toMatchObject([
    { set: { auditedTo: cursor } },
  ]);
  const [update] = effects([stored('a')], [changed]).update;
  expect(update?.set).not.toHaveProperty('auditedTo');
});

it('an edit of anything else keeps cursor, anchor and grid', () => {
  const { update, changes, rows } = effects(
    [stored('a')],
    [spec('a', { input: { n: 1 }, configHash: 'new' })],
  );
  expect(rows).toEqual([]);
  expect(update[0]?.set).toMatchObject({ input: { n: 1 }, schedule: { anchor: T0 } });
  expect(update[0]?.set).not.toHaveProperty('cursor');
  expect(changes.map((change) => change.what)).toEqual(['updated']);
});

const live = [
  { runId: 'waits', state: 'queued', attempt: 0, attempts: [], kind: 'scheduled', error: null },
  {
    runId: 'retries',
    state: 'queued',
    attempt: 1,
    attempts: [],
    kind: 'catchup',
    error: { code: 'X', message: 'no luck', fix: null },
  },
  { runId: 'forced', state: 'queued', attempt: 0, kind: 'manual', error: null },
  { runId: 'runs', state: 'running', attempt: 1, kind: 'scheduled', error: null },
] as unknown as Run[];

it.each([
  ['disabled', [spec('a', { enabled: false })]],
  ['orphaned', []],
])(
  '%s: what waits is skipped, a waiting retry fails with its last error, forced and running runs stay',
  (reason, definitions) => {
    const { end, update } = effects([stored('a')], definitions as JobSpec[], { live });
    expect(end).toMatchObject([
      { runId: 'waits', state: 'skipped', reason },
      { runId: 'retries', state: 'failed', reason, error: { message: 'no luck' } },
    ]);
    expect(update).toMatchObject([{ set: { state: reason, nextSlot: null } }]);
  },
);

it('an orphan that returns goes on from now', () => {
  const away = stored('a', { state: 'orphaned', orphanedAt: T0, cursor: T0 });
  const { update, changes, rows } = effects([away], [spec('a')]);
  expect(rows).toMatchObject([
    { state: 'skipped', reason: 'orphaned', covers: { from: T0 + MINUTE, count: 10 } },
  ]);
  expect(update).toMatchObject([{ set: { state: 'active', cursor: NOW, orphanedAt: null } }]);
  expect(changes.map((change) => change.what)).toEqual(['returned']);
});

it('an orphan is removed after a day, with one row for the slots since then', () => {
  const hours = (n: number) => NOW - n * 60 * MINUTE;
  const orphan = (n: number) => stored('a', { state: 'orphaned', orphanedAt: hours(n), cursor: hours(n) });
  expect(effects([orphan(23.99)], [])).toMatchObject({ rows: [], update: [] });
  expect(effects([orphan(23.99)], []).remove).toBeUndefined();
  const { remove, rows } = effects([orphan(24)], []);
  expect(remove).toEqual([{ uid: 'uid-a', purge: false, cancelRunning: false, by: 'settings' }]);
  expect(rows).toMatchObject([{ state: 'skipped', reason: 'orphaned', covers: { count: 10 } }]);
});

it('a completed job with a raised limit goes on; a finished one-time job does not', () => {
  const spent = stored('a', { state: 'completed', admittedCount: 2, policy: aPolicy({ maxExecutions: 2 }) });
  const raised = spec('a', { policy: aPolicy({ maxExecutions: 5 }), configHash: 'new' });
  expect(effects([spent], [raised]).update).toMatchObject([
    { set: { state: 'active', nextSlot: T0 + 11 * MINUTE } },
  ]);
  const once: ScheduleDraft = { kind: 'at', at: T0 + MINUTE, timezone: 'UTC' };
  const done = stored('a', { state: 'completed', schedule: once });
  expect(effects([done], [spec('a', { schedule: once, configHash: done.configHash })]).update).toEqual([]);
});

it('at start every open gap row is closed, but that of a one-time job that waits for a resume', () => {
  const gap = { runId: 'g', reason: 'circuit_open', from: T0, to: T0, count: 1, openedAt: T0 } as const;
  const once: ScheduleDraft = { kind: 'at', at: T0 + MINUTE, timezone: 'UTC' };
  const jobs = [stored('a', { gap }), stored('b', { gap: { ...gap, reason: 'paused' }, schedule: once })];
  const definitions = [spec('a'), spec('b', { schedule: once })];
  expect(effects(jobs, definitions, { atStart: true }).update).toEqual([
    { uid: 'uid-a', set: { gap: null } },
  ]);
});

it('at start the row of a pause takes no more slots, and is known until the resume; a changed schedule forgets it', () => {
  const gap = { runId: 'g', reason: 'paused', from: T0, to: T0, count: 1, openedAt: T0 } as const;
  const atStart = (over: Partial<JobSpec> = {}) =>
    effects([stored('a', { gap })], [spec('a', over)], { atStart: true }).update[0]?.set.gap;
  expect(atStart()).toEqual({ ...gap, openedAt: 0 });
  expect(atStart({ schedule: cron('0 * * * *'), configHash: 'new' })).toBeNull();
});

it('jobs of another source are none of the settings’ business', () => {
  expect(effects([stored('a', { source: 'api' })], [])).toEqual(nothing);
});
