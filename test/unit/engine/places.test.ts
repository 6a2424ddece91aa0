// Who gets a place, who waits, who leaves for whom: rules 1, 3, 4, 7, 18, 19, 20 and 22 on the planner alone.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { admit, LONGEST_QUEUE } from '#core/admit';
import { type JobPolicy, NEVER_RAN, type StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import { Grid } from '#engine/grid';
import { type PlanContext, plan } from '#engine/plan';
import { buildSchedule } from '#schedule/parse';
import type { DueJob, FireDecision } from '#store/store';
import { aJob, aRow, MINUTE, T0 } from '../../support/ledger.ts';

const HOUR = 60 * MINUTE;

function stored(policy: Partial<JobPolicy> = {}, over: Partial<StoredJob> = {}): StoredJob {
  return { ...aJob('tick', {}, policy), ...NEVER_RAN, auditedTo: 0, updatedAt: T0, ...over };
}

function run(runId: string, over: Partial<Run> = {}): Run {
  const { snapshot, input } = aRow(runId);
  return {
    ...{
      runId,
      name: null,
      jobUid: 'uid-tick',
      jobId: 'tick',
      jobName: 'tick',
      kind: 'scheduled',
      state: 'running',
    },
    ...{
      reason: null,
      slot: T0,
      dueAt: T0,
      notBefore: null,
      covers: null,
      attempt: 1,
      attempts: [],
      queuedAt: T0,
    },
    ...{
      startedAt: T0,
      endedAt: null,
      durationMs: null,
      lateByMs: 0,
      input,
      configHash: '',
      codeHash: null,
      snapshot,
    },
    ...{
      success: null,
      statistics: null,
      error: null,
      by: null,
      bootId: null,
      leaseToken: null,
      holdsPlace: true,
    },
    ...{
      line: null,
      group: null,
      maxWaitMs: null,
      expiresAt: null,
      key: null,
      priority: 100,
      cancelRequested: false,
    },
    ...over,
  } as Run;
}

const waiting = (runId: string, over: Partial<Run> = {}) =>
  run(runId, { state: 'queued', holdsPlace: false, attempt: 0, startedAt: null, ...over });
const failedAttempt = { n: 1, startedAt: T0, endedAt: T0 + 1_000, outcome: 'failed', error: null } as const;
const retrying = (runId: string, over: Partial<Run> = {}) =>
  waiting(runId, { attempt: 1, attempts: [failedAttempt], notBefore: T0 + 5_000, ...over });

let ids = 0;
function decide(
  due: Partial<DueJob> & { job: StoredJob },
  at: number,
  over: Partial<PlanContext> = {},
): FireDecision {
  ids = 0;
  return plan(
    { pauses: [], live: [], groupLive: [], taken: [], ...due },
    {
      at,
      bootStartedAt: T0,
      handlerKnown: () => true,
      scheduleOf: buildSchedule,
      newRunId: () => `new-${++ids}`,
      ...over,
    },
  );
}

const brief = (decision: FireDecision) =>
  decision.rows.map(
    (row) =>
      `${(row.slot! - T0) / MINUTE} ${row.state}${row.reason ? `:${row.reason}` : ''}${row.state === 'queued' && row.holdsPlace === false ? ' waits' : ''}`,
  );

const admissions: [string, Partial<JobPolicy>, Run[], Run[], object][] = [
  ['free', {}, [], [], { kind: 'admit' }],
  ['full', {}, [run('a')], [], { kind: 'refuse', reason: 'overlap', inTheWay: 'a' }],
  ['a second instance', { maxInstances: 2 }, [run('a')], [], { kind: 'admit' }],
  ['stopping holds its place', {}, [run('a', { state: 'stopping' })], [], { kind: 'refuse' }],
  ['a waiting retry holds none', {}, [retrying('a')], [], { kind: 'admit' }],
  ['a job of the group', {}, [], [run('g')], { kind: 'refuse', inTheWay: 'g' }],
  ['one of the group that waits', {}, [], [waiting('g')], { kind: 'admit' }],
  ['allow', { overlap: 'allow' }, [run('a')], [run('g')], { kind: 'admit' }],
  ['queue_one', { overlap: 'queue_one' }, [run('a')], [], { kind: 'wait', inTheWay: 'a' }],
  [
    'queue_one, one waits',
    { overlap: 'queue_one' },
    [run('a'), waiting('b')],
    [],
    { kind: 'refuse', reason: 'overlap', inTheWay: 'b' },
  ],
  [
    'who waits is not overtaken',
    { overlap: 'queue_one' },
    [waiting('b')],
    [],
    { kind: 'refuse', inTheWay: 'b' },
  ],
  [
    'queue_all',
    { overlap: 'queue_all' },
    [run('a'), waiting('b')],
    [],
    { kind: 'wait', cancel: [], replaced: [] },
  ],
  [
    'cancel_previous',
    { overlap: 'cancel_previous' },
    [run('a'), waiting('b')],
    [],
    { kind: 'wait', cancel: ['a'], replaced: ['b'] },
  ],
  [
    'cancel_previous, one with a place has not started',
    { overlap: 'cancel_previous' },
    [run('a', { state: 'queued', attempt: 0 })],
    [run('g'), run('h', { state: 'queued' })],
    { kind: 'wait', inTheWay: 'a', cancel: ['g'], replaced: ['a', 'h'] },
  ],
  [
    'cancel_previous in a group',
    { overlap: 'cancel_previous' },
    [],
    [run('g')],
    { kind: 'wait', cancel: ['g'], replaced: [] },
  ],
  [
    'cancel_previous makes one place, not more',
    { overlap: 'cancel_previous', maxInstances: 2 },
    [run('a'), run('b')],
    [],
    { kind: 'wait', cancel: ['a'] },
  ],
  [
    'a line is not cut',
    { overlap: 'cancel_previous' },
    [run('a', { line: 'l' }), waiting('b', { line: 'l' })],
    [],
    { kind: 'wait', inTheWay: 'a', cancel: [], replaced: [] },
  ],
];

it.each(admissions)('admission: %s', (_name, policy, live, groupLive, expected) => {
  expect(admit(stored(policy).policy, { live, groupLive })).toMatchObject(expected);
});

it('queue_all keeps a hundred waiting, not one more', () => {
  const queue = (count: number) => [run('a'), ...Array.from({ length: count }, (_, n) => waiting(`w${n}`))];
  const ask = (count: number) =>
    admit(stored({ overlap: 'queue_all' }).policy, { live: queue(count), groupLive: [] });
  expect(ask(LONGEST_QUEUE - 1)).toMatchObject({ kind: 'wait' });
  expect(ask(LONGEST_QUEUE)).toEqual({ kind: 'refuse', reason: 'queue_full', inTheWay: 'a' });
});

it('a line asks for room for all of it', () => {
  const policy = stored({ overlap: 'queue_all' }).policy;
  const ask = (count: number) => {
    const live = [run('a'), ...Array.from({ length: LONGEST_QUEUE - 3 }, (_, n) => waiting(`w${n}`))];
    return admit(policy, { live, groupLive: [] }, count);
  };
  expect(ask(3)).toMatchObject({ kind: 'wait' });
  expect(ask(4)).toMatchObject({ kind: 'refuse', reason: 'queue_full' });
});

it('a slot that is admitted gives up a waiting retry, one that is refused does not', () => {
  const given = { runId: 'r', state: 'failed', reason: 'superseded', error: null };
  const ends = (policy: Partial<JobPolicy>, live: Run[]) =>
    decide({ job: stored(policy), live }, T0 + MINUTE).end;
  expect(ends({}, [retrying('r')])).toEqual([given]);
  expect(ends({}, [retrying('r'), run('a')])).toEqual([]);
  expect(ends({ overlap: 'queue_all' }, [retrying('r')])).toEqual([]);
  expect(ends({ overlap: 'allow' }, [retrying('r')])).toEqual([]);
  expect(ends({ overlap: 'queue_one' }, [retrying('r'), run('a')])).toEqual([given]);
  expect(ends({}, [retrying('r', { kind: 'manual' })])).toEqual([]);
  expect(ends({}, [retrying('r', { kind: 'startup' })])).toEqual([given]);
  expect(ends({}, [waiting('r', { attempts: [failedAttempt], holdsPlace: true })])).toEqual([]);
});

it('coalesce: false makes a line whose first run holds the place of all', () => {
  const decision = decide({ job: stored({ coalesce: false }) }, T0 + 3 * MINUTE);
  expect(brief(decision)).toEqual(['1 queued', '2 queued waits', '3 queued waits']);
  expect(new Set(decision.rows.map((row) => row.line)).size).toBe(1);
  expect(decision.rows.map((row) => row.maxWaitMs)).toEqual([null, null, null]);
  expect(decision.admitted).toBe(3);
});

it('a single slot is no line; a line that finds the job full is skipped as one range', () => {
  expect(decide({ job: stored({ coalesce: false }) }, T0 + MINUTE).rows[0]).toMatchObject({ line: null });
  const full = decide({ job: stored({ coalesce: false }), live: [run('a')] }, T0 + 3 * MINUTE);
  expect(full.rows).toMatchObject([{ state: 'skipped', reason: 'overlap', by: 'a', covers: { count: 3 } }]);
});

it('a line ends where the executions do, and the job with it', () => {
  const job = stored({ coalesce: false, maxExecutions: 4 }, { admittedCount: 2 });
  const decision = decide({ job }, T0 + 4 * MINUTE);
  expect(brief(decision)).toEqual(['1 queued', '2 queued waits']);
  expect(decision).toMatchObject({ cursor: T0 + 2 * MINUTE, nextSlot: null, state: 'completed' });
});

const late: [string, Partial<JobPolicy>, number | null][] = [
  ['until the next slot, at least an hour', {}, HOUR],
  ['as it is written', { queueTimeoutMs: 5_000 }, 5_000],
  ['for ever with queue_all', { overlap: 'queue_all', queueTimeoutMs: 5_000 }, null],
];

it.each(late)('a run waits %s', (_name, policy, expected) => {
  expect(decide({ job: stored(policy) }, T0 + MINUTE).rows[0]?.maxWaitMs).toBe(expected);
});

it('a daily job waits until its next slot', () => {
  const schedule = { kind: 'every', every: '1d', timezone: 'UTC', anchor: T0 } as const;
  const { rows } = decide({ job: stored({}, { schedule }) }, T0 + 24 * HOUR + 60_000);
  expect(rows[0]?.maxWaitMs).toBe(24 * HOUR - 60_000);
});

const pause = (since: number, endedAt: number | null): Pause => ({
  ...{ id: since, jobUid: null, source: 'api', who: 'ann', why: null, until: null },
  since,
  endedAt,
});
const patient = (over: Partial<Run> = {}) =>
  waiting('w', { queuedAt: T0, maxWaitMs: HOUR, expiresAt: T0 + HOUR, ...over });

it('who has waited too long leaves before a new slot is decided', () => {
  const job = stored({ overlap: 'queue_one' }, { cursor: T0 + HOUR - MINUTE });
  const decision = decide({ job, live: [run('a'), patient()] }, T0 + HOUR);
  expect(decision.end).toEqual([{ runId: 'w', state: 'missed', reason: 'queue_timeout', error: null }]);
  expect(brief(decision)).toEqual(['60 queued waits']);
});

it('time in a pause is no waiting, overlapping pauses count once', () => {
  const pauses = [pause(T0 + MINUTE, T0 + 11 * MINUTE), pause(T0 + 6 * MINUTE, T0 + 16 * MINUTE)];
  const job = stored({}, { cursor: T0 + HOUR });
  const at = (now: number, live = [patient()]) => decide({ job, live, pauses }, now);
  expect(at(T0 + HOUR)).toMatchObject({ end: [], postpone: [{ runId: 'w', expiresAt: T0 + 75 * MINUTE }] });
  expect(at(T0 + 75 * MINUTE).end).toMatchObject([{ runId: 'w', reason: 'queue_timeout' }]);
  const open = decide({ job, live: [patient()], pauses: [pause(T0 + 30 * MINUTE, null)] }, T0 + HOUR);
  expect(open.postpone).toEqual([{ runId: 'w', expiresAt: T0 + 90 * MINUTE }]);
});

it('a last millisecond to wait is not looked at each millisecond of a pause', () => {
  const job = stored({}, { cursor: T0 + HOUR });
  const decision = decide({ job, live: [patient()], pauses: [pause(T0 + HOUR - 1, null)] }, T0 + HOUR);
  expect(decision.postpone).toEqual([{ runId: 'w', expiresAt: T0 + HOUR + 30_000 }]);
});

it('a retry waits from its time on, and is a failure when it never gets a place; what was given back is interrupted', () => {
  const job = stored({}, { cursor: T0 + 3 * HOUR });
  const retry = patient({
    attempt: 1,
    attempts: [failedAttempt],
    notBefore: T0 + HOUR,
    expiresAt: T0 + 2 * HOUR,
  });
  expect(decide({ job, live: [retry] }, T0 + 2 * HOUR).end).toMatchObject([{ state: 'failed' }]);
  const pauses = [pause(T0 + HOUR, T0 + 1.5 * HOUR)];
  expect(decide({ job, live: [retry], pauses }, T0 + 2 * HOUR)).toMatchObject({
    end: [],
    postpone: [{ runId: 'w', expiresAt: T0 + 2.5 * HOUR }],
  });
  const cut = { ...failedAttempt, outcome: 'given_back' } as const;
  const back = patient({ attempts: [cut], expiresAt: T0 + HOUR + 1_000 });
  expect(decide({ job, live: [back] }, T0 + HOUR + 1_000).end).toMatchObject([{ state: 'interrupted' }]);
});

it('an execution that never started may be made up for (rule 19)', () => {
  const job = stored(
    { maxExecutions: 1 },
    { state: 'completed', admittedCount: 1, nextSlot: null, nextDue: null },
  );
  expect(decide({ job, live: [patient()] }, T0 + HOUR)).toMatchObject({
    state: 'active',
    nextSlot: T0 + HOUR + MINUTE,
  });
});

it('an execution that leaves for a newer slot is given back in the same pass (rule 19)', () => {
  const job = stored({ overlap: 'cancel_previous', maxExecutions: 3 }, { admittedCount: 2 });
  const decision = decide({ job, live: [run('a'), waiting('b')] }, T0 + MINUTE);
  expect(decision).toMatchObject({ admitted: 1, state: 'active', nextSlot: T0 + 2 * MINUTE });
  const second = { ...failedAttempt, n: 2, outcome: 'given_back' } as const;
  const cut = waiting('b', { attempt: 1, attempts: [failedAttempt, second], holdsPlace: true });
  const started = decide({ job, live: [cut] }, T0 + MINUTE);
  expect(started).toMatchObject({ state: 'completed', nextSlot: null });
  expect(started.end).toMatchObject([{ runId: 'b', state: 'failed', reason: 'superseded' }]);
});

it('a line takes the executions that leave for it, so that no slot of the pass stays due', () => {
  const policy = { overlap: 'cancel_previous', coalesce: false, maxExecutions: 2 } as const;
  const decision = decide(
    { job: stored(policy, { admittedCount: 1 }), live: [waiting('b')] },
    T0 + 4 * MINUTE,
  );
  expect(brief(decision)).toEqual(['1 queued waits', '2 queued waits']);
  expect(decision).toMatchObject({
    admitted: 2,
    cursor: T0 + 2 * MINUTE,
    nextSlot: null,
    state: 'completed',
  });
});

const open = (probeFrom: number) => ({ openedAt: T0, probeFrom });

it('an open circuit skips into one row, until a probe is due', () => {
  const job = stored({ circuitProbeMs: 5 * MINUTE }, { circuit: open(T0 + 3 * MINUTE) });
  const skipped = decide({ job }, T0 + 2 * MINUTE);
  expect(skipped.rows).toMatchObject([{ state: 'skipped', reason: 'circuit_open', covers: { count: 2 } }]);
  expect(skipped).toMatchObject({ gap: { reason: 'circuit_open' }, circuit: open(T0 + 3 * MINUTE) });
  const probe = decide({ job }, T0 + 4 * MINUTE);
  expect(brief(probe)).toEqual(['4 queued']);
  expect(probe).toMatchObject({ gap: null, circuit: open(T0 + 9 * MINUTE) });
});

it('a circuit that was switched off holds nothing back', () => {
  const off = decide({ job: stored({ circuitAfter: 0 }, { circuit: open(T0 + HOUR) }) }, T0 + MINUTE);
  expect(brief(off)).toEqual(['1 queued']);
  expect(off.circuit).toBeNull();
});

it('one probe at a time, also of slots that are not coalesced; a refused probe is none', () => {
  const job = stored({ circuitProbeMs: 5 * MINUTE, coalesce: false }, { circuit: open(T0 + 2 * MINUTE) });
  expect(brief(decide({ job }, T0 + 3 * MINUTE))).toEqual(['2 skipped:circuit_open', '3 queued']);
  const refused = decide({ job, live: [run('a')] }, T0 + 3 * MINUTE);
  expect(refused.circuit).toEqual(open(T0 + 2 * MINUTE));
});

it('what was due while the clock jumped is a clock_jump, before it blocked, before the start downtime', () => {
  const jumps = [{ from: T0 + 4.5 * MINUTE, to: T0 + 20 * MINUTE }];
  const decision = decide({ job: stored() }, T0 + 20.5 * MINUTE, { bootStartedAt: T0 + 2.5 * MINUTE, jumps });
  expect(brief(decision)).toEqual([
    '2 missed:downtime',
    '4 missed:blocked',
    '15 missed:clock_jump',
    '20 queued',
  ]);
});

const SECOND = 1_000;

it.each([
  ['at the instant at which a jump is found lies in it', T0 + 4 * MINUTE, ['15 missed:clock_jump']],
  ['that is on time then, too', T0 + 4 * MINUTE + SECOND, ['15 missed:clock_jump']],
  [
    'due longer before was blocked',
    T0 + 4 * MINUTE + SECOND + 1,
    ['4 missed:blocked', '15 missed:clock_jump'],
  ],
])('a slot %s', (_name, from, rows) => {
  const jumps = [{ from, to: T0 + 20 * MINUTE }];
  const job = stored({}, { cursor: T0 + 3 * MINUTE });
  const decision = decide({ job }, T0 + 20.5 * MINUTE, { bootStartedAt: T0, jumps });
  expect(brief(decision)).toEqual([...rows, '20 queued']);
});

it('the slot at which a jump ends lies in it, the next one after it', () => {
  const ends = (to: number) => {
    const jumps = [{ from: T0 + 0.5 * MINUTE, to }];
    return brief(decide({ job: stored() }, T0 + 9 * MINUTE, { bootStartedAt: T0, jumps }));
  };
  expect(ends(T0 + 3 * MINUTE)).toEqual(['3 missed:clock_jump', '9 queued']);
  expect(ends(T0 + 3 * MINUTE - 1)).toEqual(['2 missed:clock_jump', '3 missed:blocked', '9 queued']);
});

it('a slot at the instant of the start is no downtime', () => {
  const start = (bootStartedAt: number) =>
    brief(decide({ job: stored() }, T0 + 9 * MINUTE, { bootStartedAt }));
  expect(start(T0 + 3 * MINUTE)).toEqual(['2 missed:downtime', '3 missed:blocked', '9 queued']);
  expect(start(T0 + 3 * MINUTE + 1)).toEqual(['3 missed:downtime', '9 queued']);
});

it('catch-up at resume takes the newest slot out of the gap, seen now or before', () => {
  const gap = {
    runId: 'gap',
    reason: 'paused',
    from: T0 + MINUTE,
    to: T0 + 3 * MINUTE,
    count: 3,
    openedAt: T0,
  };
  const held = [pause(T0, T0 + 3.5 * MINUTE)];
  const known = decide(
    { job: stored({}, { cursor: T0 + 3 * MINUTE, gap }), pauses: held },
    T0 + 3.5 * MINUTE,
    {
      catchUp: true,
    },
  );
  expect(known).toMatchObject({ extended: { to: T0 + 2 * MINUTE, count: 2 }, gap: null });
  expect(known.rows).toMatchObject([{ kind: 'catchup', slot: T0 + 3 * MINUTE }]);
  const fresh = decide({ job: stored(), pauses: held }, T0 + 3.5 * MINUTE, { catchUp: true });
  expect(brief(fresh)).toEqual(['2 skipped:paused', '3 queued']);
  const full = decide({ job: stored(), pauses: held, live: [run('a')] }, T0 + 3.5 * MINUTE, {
    catchUp: true,
  });
  expect(brief(full)).toEqual(['3 skipped:paused']);
});

const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 5 })), { maxLength: 4 })
  .map((list) => {
    const sorted = list.toSorted((a, b) => a[0] - b[0]);
    let last = 0;
    return sorted.flatMap(([from, length]) => {
      if (from <= last) return [];
      last = from + length;
      return [{ from: T0 + from * MINUTE, to: T0 + last * MINUTE }];
    });
  });

it('a grid walks what is not taken: forth, back and counted, by due time too', () => {
  fc.assert(
    fc.property(
      ranges,
      fc.integer({ min: 0, max: 30_000 }),
      fc.integer({ min: 0, max: 4_000_000 }),
      (taken, jitter, ms) => {
        const schedule = buildSchedule({ kind: 'every', every: '1m', timezone: 'UTC', anchor: T0 });
        const grid = new Grid(schedule, 'uid', jitter, taken);
        const free = Array.from({ length: 80 }, (_, n) => T0 + (n + 1) * MINUTE).filter(
          (slot) => !taken.some((range) => slot >= range.from && slot <= range.to),
        );
        const at = T0 + ms;
        expect(grid.next(at)).toBe(free.find((slot) => slot > at));
        expect(grid.prev(at)).toBe(free.findLast((slot) => slot <= at) ?? null);
        expect(grid.count(T0, at)).toBe(free.filter((slot) => slot <= at).length);
        expect(grid.firstDueFrom(at)).toBe(free.find((slot) => grid.due(slot) >= at));
        expect(grid.lastDueBy(at)).toBe(free.findLast((slot) => grid.due(slot) <= at) ?? null);
      },
    ),
  );
});
