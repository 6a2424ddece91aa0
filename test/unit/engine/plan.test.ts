// The planner decides every slot exactly once, whatever the pauses, policies and times.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type JobPolicy, NEVER_RAN, type OpenGap, type StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Schedule } from '#core/schedule';
import { Grid } from '#engine/grid';
import { plan } from '#engine/plan';
import { buildSchedule } from '#schedule/parse';
import type { DueJob, FireDecision, NewRun } from '#store/store';
import { aJob, MINUTE, T0 } from '../../support/ledger.ts';

function storedJob(policy: Partial<JobPolicy> = {}, over: Partial<StoredJob> = {}): StoredJob {
  const job = aJob('tick', {}, policy);
  return {
    ...job,
    ...NEVER_RAN,
    auditedTo: 0,
    updatedAt: T0,
    cursor: T0,
    ...over,
  };
}

function decide(due: DueJob, at: number, options: { boot?: number; handlers?: boolean } = {}): FireDecision {
  let n = 0;
  return plan(due, {
    at,
    bootStartedAt: options.boot ?? T0,
    handlerKnown: () => options.handlers ?? true,
    scheduleOf: buildSchedule,
    newRunId: () => `run-${++n}`,
  });
}

const pause = (since: number, endedAt: number | null, over: Partial<Pause> = {}): Pause => ({
  id: since,
  jobUid: null,
  source: 'api',
  who: 'ann',
  why: null,
  since,
  until: null,
  endedAt,
  ...over,
});

const brief = (row: NewRun) =>
  `${(row.slot! - T0) / MINUTE} ${row.state}${row.reason ? `:${row.reason}` : ''}${row.covers ? ` ${(row.covers.from - T0) / MINUTE}-${(row.covers.to - T0) / MINUTE}=${row.covers.count}` : ''}`;

const table: [
  string,
  { policy?: Partial<JobPolicy>; at: number; pauses?: Pause[]; boot?: number; handlers?: boolean },
  string[],
][] = [
  ['nothing due', { at: 0.5 }, []],
  ['one slot', { at: 1 }, ['1 queued']],
  ['several within the grace', { at: 4.5 }, ['4 queued 1-4=4']],
  ['beyond the grace while up', { at: 8 }, ['2 missed:blocked 1-2=2', '8 queued 3-8=6']],
  [
    'beyond the grace, partly down',
    { at: 8, boot: 1.5 },
    ['1 missed:downtime', '2 missed:blocked', '8 queued 3-8=6'],
  ],
  [
    'no grace at all, and a timer that wakes a little late',
    { at: 1 + 3 / 60_000, policy: { misfireGraceMs: 0, catchupWindowMs: 0 } },
    ['1 queued'],
  ],
  ['no grace at all', { at: 3.5, policy: { misfireGraceMs: 0 } }, ['3 missed:blocked 1-3=3']],
  [
    'latest',
    { at: 3.5, policy: { misfireGraceMs: 0, misfirePolicy: 'latest' } },
    ['2 missed:blocked 1-2=2', '3 queued'],
  ],
  ['all', { at: 3.5, policy: { misfireGraceMs: 0, misfirePolicy: 'all' } }, ['3 queued 1-3=3']],
  [
    'a cap on what is caught up',
    { at: 4, policy: { catchupMax: 1 } },
    ['3 missed:blocked 1-3=3', '4 queued'],
  ],
  [
    'a window on what is caught up',
    { at: 4, policy: { catchupWindowMs: 90_000 } },
    ['2 missed:blocked 1-2=2', '4 queued 3-4=2'],
  ],
  ['all paused', { at: 3, pauses: [pause(T0, null)] }, ['3 skipped:paused 1-3=3']],
  ['only the tool stops', { at: 1, pauses: [pause(T0, null, { source: 'tool' })] }, ['1 skipped:stopped']],
  [
    'the tool and a person',
    { at: 1, pauses: [pause(T0, null, { source: 'tool' }), pause(T0 + 1, null)] },
    ['1 skipped:paused'],
  ],
  [
    'paused in the middle',
    { at: 4, pauses: [pause(T0 + 1.5 * MINUTE, T0 + 2.5 * MINUTE)] },
    ['2 skipped:paused', '4 queued 1-4=3'],
  ],
  ['a pause that ends on a slot does not hold it', { at: 1, pauses: [pause(T0, T0 + MINUTE)] }, ['1 queued']],
  [
    'a pause that begins on a slot holds it',
    { at: 1, pauses: [pause(T0 + MINUTE, null)] },
    ['1 skipped:paused'],
  ],
  [
    'a timed pause that is over',
    { at: 2, pauses: [pause(T0, null, { until: T0 + 90_000 })] },
    ['1 skipped:paused', '2 queued'],
  ],
  [
    'latest adds nothing to what the grace lets run',
    { at: 4, policy: { misfireGraceMs: 150_000, misfirePolicy: 'latest' } },
    ['1 missed:blocked', '4 queued 2-4=3'],
  ],
  [
    'a cap that a pause lies within',
    { at: 4, policy: { catchupMax: 2 }, pauses: [pause(T0 + 1.5 * MINUTE, T0 + 2.5 * MINUTE)] },
    ['1 missed:blocked', '2 skipped:paused', '4 queued 3-4=2'],
  ],
  [
    'a cap that reaches across a pause',
    { at: 4, policy: { catchupMax: 3 }, pauses: [pause(T0 + 1.5 * MINUTE, T0 + 2.5 * MINUTE)] },
    ['2 skipped:paused', '4 queued 1-4=3'],
  ],
  [
    'a timed pause that was lifted early',
    { at: 2, pauses: [pause(T0, T0 + 90_000, { until: T0 + 60 * MINUTE })] },
    ['1 skipped:paused', '2 queued'],
  ],
  ['no handler', { at: 2, handlers: false }, ['2 skipped:handler_missing 1-2=2']],
];

it.each(table)('%s', (_name, { policy, at, pauses = [], boot, handlers }, rows) => {
  const options = {
    ...(boot !== undefined && { boot: T0 + boot * MINUTE }),
    ...(handlers !== undefined && { handlers }),
  };
  const decision = decide(
    { job: storedJob(policy), pauses, live: [], groupLive: [], taken: [] },
    T0 + at * MINUTE,
    options,
  );
  expect(decision.rows.map(brief)).toEqual(rows);
  expect(decision.cursor).toBe(T0 + Math.floor(at) * MINUTE);
  expect(decision.nextSlot).toBe(T0 + (Math.floor(at) + 1) * MINUTE);
});

const gap = (over: Partial<OpenGap> = {}): OpenGap => ({
  runId: 'gap',
  reason: 'paused',
  from: T0 + MINUTE,
  to: T0 + MINUTE,
  count: 1,
  openedAt: T0 + MINUTE,
  ...over,
});
const afterGap = (over: Partial<OpenGap> = {}) => storedJob({}, { cursor: T0 + MINUTE, gap: gap(over) });

it('an open gap row goes on while its pause does', () => {
  const decision = decide(
    { job: afterGap(), pauses: [pause(T0, null)], live: [], groupLive: [], taken: [] },
    T0 + 3 * MINUTE,
  );
  expect(decision.rows).toEqual([]);
  expect(decision.extended).toMatchObject({ runId: 'gap', to: T0 + 3 * MINUTE, count: 3 });
  expect(decision.gap).toEqual(decision.extended);
});

it('it grows and closes when the pause ended since', () => {
  const decision = decide(
    { job: afterGap(), pauses: [pause(T0, T0 + 2.5 * MINUTE)], live: [], groupLive: [], taken: [] },
    T0 + 3 * MINUTE,
  );
  expect(decision.extended).toMatchObject({ to: T0 + 2 * MINUTE, count: 2 });
  expect(decision.gap).toBeNull();
  expect(decision.rows.map(brief)).toEqual(['3 queued']);
});

it('a new pause opens a new row, and so does an hour', () => {
  const again = [pause(T0, T0 + 1.2 * MINUTE), pause(T0 + 1.5 * MINUTE, null)];
  expect(
    decide({ job: afterGap(), pauses: again, live: [], groupLive: [], taken: [] }, T0 + 2 * MINUTE),
  ).toMatchObject({
    extended: null,
    gap: { runId: 'run-1' },
  });
  const old = afterGap({ openedAt: T0 - 60 * MINUTE });
  expect(
    decide({ job: old, pauses: [pause(T0, null)], live: [], groupLive: [], taken: [] }, T0 + 2 * MINUTE),
  ).toMatchObject({
    extended: null,
    gap: { runId: 'run-1' },
  });
});

it('nothing is due after the pause: the row is closed', () => {
  const decision = decide(
    { job: afterGap(), pauses: [pause(T0, T0 + 1.2 * MINUTE)], live: [], groupLive: [], taken: [] },
    T0 + 1.3 * MINUTE,
  );
  expect(decision).toMatchObject({ rows: [], gap: null, extended: null, cursor: T0 + MINUTE });
});

it('nothing is due in the pause: the row stays open', () => {
  const job = afterGap();
  const decision = decide(
    { job, pauses: [pause(T0, null)], live: [], groupLive: [], taken: [] },
    T0 + 1.3 * MINUTE,
  );
  expect(decision).toMatchObject({ rows: [], gap: job.gap, extended: null });
});

it('a job that is not scheduled decides nothing', () => {
  expect(
    decide(
      { job: storedJob({}, { state: 'disabled' }), pauses: [], live: [], groupLive: [], taken: [] },
      T0 + 5 * MINUTE,
    ).rows,
  ).toEqual([]);
});

const times = fc.integer({ min: 0, max: 40 * 12 }).map((n) => n * 5_000);
const pauses = fc
  .array(fc.tuple(times, fc.option(times), fc.constantFrom('api', 'tool', 'env_file')), { maxLength: 4 })
  .map((list) =>
    list.map(([since, length, source], id) =>
      pause(T0 + since, length === null ? null : T0 + since + length, {
        id,
        source: source as Pause['source'],
      }),
    ),
  );
const policies = fc.record({
  misfirePolicy: fc.constantFrom('skip', 'latest', 'all') as fc.Arbitrary<JobPolicy['misfirePolicy']>,
  misfireGraceMs: fc.option(times),
  catchupMax: fc.integer({ min: 1, max: 12 }),
  catchupWindowMs: fc.integer({ min: 1, max: 30 }).map((n) => n * MINUTE),
  coalesce: fc.boolean(),
  jitterMs: fc.constantFrom(0, 0, 2_000, 60_000),
});

/** Slots that the decision accounts for, each as often as it does. */
function accounted(decision: FireDecision, job: StoredJob, schedule: Schedule): number {
  const rows = decision.rows.reduce((sum, row) => sum + (row.covers?.count ?? 1), 0);
  const grown = decision.extended ? decision.extended.count - (job.gap?.count ?? 0) : 0;
  for (const { covers, slot } of decision.rows) {
    expect(schedule.prev(slot!)).toBe(slot);
    if (covers) expect(covers.count).toBeLessThanOrEqual(schedule.count(covers.from - 1, covers.to));
  }
  return rows + grown;
}

it('every slot has exactly one account, in any sequence of passes', () => {
  const schedule = buildSchedule(storedJob().schedule);
  fc.assert(
    fc.property(
      fc.array(times, { minLength: 1, maxLength: 6 }),
      pauses,
      policies,
      times,
      fc.boolean(),
      (instants, held, policy, boot, known) => {
        let job = storedJob(policy);
        const grid = new Grid(schedule, job.uid, policy.jitterMs);
        let total = 0;
        let id = 0;
        const passes = [...instants].sort((a, b) => a - b).map((ms) => T0 + ms);
        for (const at of passes) {
          const seen = held
            .filter((p) => p.since <= at)
            .map((p) => ({ ...p, endedAt: p.endedAt !== null && p.endedAt > at ? null : p.endedAt }));
          const decision = plan(
            { job, pauses: seen, live: [], groupLive: [], taken: [] },
            {
              at,
              bootStartedAt: T0 + boot,
              handlerKnown: () => known,
              scheduleOf: buildSchedule,
              newRunId: () => `r${++id}`,
            },
          );
          total += accounted(decision, job, schedule);
          const slots = decision.rows.map((row) => row.slot);
          expect(new Set(slots).size).toBe(slots.length);
          const queued = decision.rows.filter((row) => row.state === 'queued');
          if (policy.coalesce) expect(queued.length).toBeLessThanOrEqual(1);
          expect(queued.filter((row) => row.holdsPlace).length).toBe(queued.length > 0 ? 1 : 0);
          expect(decision.nextDue).toBe(grid.due(decision.nextSlot!));
          job = { ...job, cursor: decision.cursor, gap: decision.gap, nextSlot: decision.nextSlot };
        }
        expect(total).toBe(schedule.count(T0, grid.lastDueBy(passes.at(-1)!) ?? T0));
      },
    ),
    { numRuns: 500 },
  );
});

it('late by exactly the grace is on time; a millisecond more is caught up', () => {
  const job = storedJob({ misfireGraceMs: 30_000, misfirePolicy: 'latest' });
  const kindAt = (late: number) =>
    decide({ job, pauses: [], live: [], groupLive: [], taken: [] }, T0 + MINUTE + late).rows[0]?.kind;
  expect(kindAt(30_000)).toBe('scheduled');
  expect(kindAt(30_001)).toBe('catchup');
});

const once = (over: Partial<StoredJob> = {}) =>
  storedJob({}, { schedule: { kind: 'at', at: T0 + MINUTE, timezone: 'UTC' }, ...over });
const DAY = 86_400_000;

it.each([
  ['within a day of its slot it runs', T0 + MINUTE + DAY, ['1 queued']],
  ['later its skip is all that is left', T0 + MINUTE + DAY + 1, ['1 skipped:paused']],
])('a one-time slot in a pause that is first looked at when it is over: %s', (_name, at, rows) => {
  const decision = decide(
    { job: once(), pauses: [pause(T0, at - 1)], live: [], groupLive: [], taken: [] },
    at,
  );
  expect(decision.rows.map(brief)).toEqual(rows);
  expect(decision.state).toBe('completed');
});
