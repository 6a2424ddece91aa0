import { describe, expect, it } from 'vitest';
import { at, cron, type Plan, rowsOf, type Simulated, told } from '../../support/simulation.ts';

const ten = (over: Simulated = {}): Simulated => over;

const table: [what: string, plan: Plan, rows: string[]][] = [
  [
    'slots from the beginning, inclusive, to the end, exclusive',
    { jobs: { a: ten() }, to: '00:20' },
    ['a 00:00 run 00:00-00:00', 'a 00:10 run 00:10-00:10'],
  ],
  [
    'a run that is over before the next slot',
    { jobs: { a: ten({ takes: 9 }) }, to: '00:20' },
    ['a 00:00 run 00:00-00:09', 'a 00:10 run 00:10-00:19'],
  ],
  [
    'the end of a run makes room for the slot of that instant',
    { jobs: { a: ten({ takes: 10 }) }, to: '00:20' },
    ['a 00:00 run 00:00-00:10', 'a 00:10 run 00:10-00:20'],
  ],
  [
    'overlap: skip',
    { jobs: { a: ten({ takes: 15 }) }, to: '00:30' },
    ['a 00:00 run 00:00-00:15', 'a 00:10 skipped:overlap', 'a 00:20 run 00:20-00:35'],
  ],
  [
    'overlap: queue_one',
    { jobs: { a: ten({ takes: 25, policy: { overlap: 'queue_one' } }) }, to: '00:40' },
    ['a 00:00 run 00:00-00:25', 'a 00:20 skipped:overlap', 'a 00:10 run 00:25-00:50', 'a 00:30 run -'],
  ],
  [
    'overlap: queue_all',
    { jobs: { a: ten({ takes: 15, policy: { overlap: 'queue_all' } }) }, to: '00:40' },
    ['a 00:00 run 00:00-00:15', 'a 00:10 run 00:15-00:30', 'a 00:20 run 00:30-00:45', 'a 00:30 run -'],
  ],
  [
    'overlap: cancel_previous',
    { jobs: { a: ten({ takes: 15, policy: { overlap: 'cancel_previous' } }) }, to: '00:20' },
    ['a 00:00 run 00:00-00:10', 'a 00:10 run 00:10-00:25'],
  ],
  [
    'overlap: allow',
    { jobs: { a: ten({ takes: 15, policy: { overlap: 'allow' } }) }, to: '00:20' },
    ['a 00:00 run 00:00-00:15', 'a 00:10 run 00:10-00:25'],
  ],
  [
    'two instances',
    { jobs: { a: ten({ takes: 25, policy: { maxInstances: 2 } }) }, to: '00:30' },
    ['a 00:00 run 00:00-00:25', 'a 00:10 run 00:10-00:35', 'a 00:20 skipped:overlap'],
  ],
  [
    'who waits for a place no longer than queue_timeout',
    {
      jobs: { a: ten({ takes: 90, schedule: cron('0,10 0 * * *'), policy: { overlap: 'queue_one' } }) },
      to: '03:00',
    },
    ['a 00:00 run 00:00-01:30', 'a 00:10 run 01:30-03:00'],
  ],
  [
    'queue_timeout of its own',
    {
      jobs: {
        a: ten({
          takes: 90,
          schedule: cron('0,10 0 * * *'),
          policy: { overlap: 'queue_one', queueTimeoutMs: 600_000 },
        }),
      },
      to: '03:00',
    },
    ['a 00:00 run 00:00-01:30', 'a 00:10 missed:queue_timeout'],
  ],
  [
    'a group, by the overlap of who starts',
    {
      jobs: {
        a: ten({ takes: 5, schedule: cron('0 0 * * *'), policy: { group: 'g' } }),
        b: ten({ takes: 5, schedule: cron('0,1 0 * * *'), policy: { group: 'g', overlap: 'queue_one' } }),
        c: ten({ takes: 5, schedule: cron('0 0 * * *'), policy: { group: 'g' } }),
      },
      to: '00:30',
    },
    [
      'a 00:00 run 00:00-00:05',
      'c 00:00 skipped:overlap',
      'b 00:01 skipped:overlap',
      'b 00:00 run 00:05-00:10',
    ],
  ],
  [
    'the global cap, by priority and slot',
    {
      cap: 1,
      jobs: {
        a: ten({ takes: 2, schedule: cron('0 0 * * *') }),
        b: ten({ takes: 2, schedule: cron('0 0 * * *') }),
        c: ten({ takes: 2, schedule: cron('1 0 * * *'), policy: { priority: 1 } }),
      },
      to: '00:30',
    },
    ['a 00:00 run 00:00-00:02', 'c 00:01 run 00:02-00:04', 'b 00:00 run 00:04-00:06'],
  ],
  [
    'a pause: one row for its slots, and what waits, waits on',
    {
      jobs: { a: ten({ takes: 15, policy: { overlap: 'queue_one' } }) },
      pause: [['00:15', '00:45']],
      to: '01:00',
    },
    ['a 00:00 run 00:00-00:15', 'a 00:40 skipped:paused x3', 'a 00:10 run 00:45-01:00', 'a 00:50 run -'],
  ],
  [
    'a pause begins with its first instant and is over at its end',
    { jobs: { a: ten() }, pause: [['00:10', '00:20']], to: '00:30' },
    ['a 00:00 run 00:00-00:00', 'a 00:10 skipped:paused', 'a 00:20 run 00:20-00:20'],
  ],
  [
    'a long pause opens a row each hour',
    { jobs: { a: ten() }, pause: [['00:00', '02:00']], to: '02:10' },
    ['a 00:50 skipped:paused x6', 'a 01:50 skipped:paused x6', 'a 02:00 run 02:00-02:00'],
  ],
  [
    'a one-time job runs at the end of the pause it passed in',
    {
      jobs: { a: { schedule: { kind: 'at', at: at('00:10'), timezone: 'UTC' } } },
      pause: [['00:00', '02:00']],
      to: '03:00',
    },
    ['a 00:10 run 02:00-02:00'],
  ],
  [
    'downtime within and beyond the grace',
    { jobs: { a: ten() }, down: [['00:05', '00:34']], to: '00:50' },
    [
      'a 00:00 run 00:00-00:00',
      'a 00:20 missed:downtime x2',
      'a 00:30 run 00:34-00:34',
      'a 00:40 run 00:40-00:40',
    ],
  ],
  [
    'downtime, misfire_policy skip',
    { jobs: { a: ten() }, down: [['00:05', '00:38']], to: '00:40' },
    ['a 00:00 run 00:00-00:00', 'a 00:30 missed:downtime x3'],
  ],
  [
    'downtime, misfire_policy latest',
    { jobs: { a: ten({ policy: { misfirePolicy: 'latest' } }) }, down: [['00:05', '00:38']], to: '00:40' },
    ['a 00:00 run 00:00-00:00', 'a 00:20 missed:downtime x2', 'a 00:30 run 00:38-00:38'],
  ],
  [
    'downtime, misfire_policy all, coalesced',
    { jobs: { a: ten({ policy: { misfirePolicy: 'all' } }) }, down: [['00:05', '00:38']], to: '00:40' },
    ['a 00:00 run 00:00-00:00', 'a 00:30 run 00:38-00:38 x3'],
  ],
  [
    'downtime, misfire_policy all, one after another',
    {
      jobs: { a: ten({ takes: 3, policy: { misfirePolicy: 'all', coalesce: false } }) },
      down: [['00:05', '00:38']],
      to: '00:51',
    },
    [
      'a 00:00 run 00:00-00:03',
      'a 00:10 run 00:38-00:41',
      'a 00:40 skipped:overlap',
      'a 00:20 run 00:41-00:44',
      'a 00:30 run 00:44-00:47',
      'a 00:50 run 00:50-00:53',
    ],
  ],
  [
    'a run that a downtime cuts begins again, and run_on_start gives way to it',
    {
      jobs: { a: ten({ takes: 8, schedule: cron('0 0 * * *'), job: { runOnStart: true } }) },
      down: [['00:05', '00:20']],
      to: '00:50',
    },
    ['a 00:00 run 00:20-00:28 cut 1', 'a startup skipped:overlap'],
  ],
  [
    'run_on_start after the first pass, and not at the beginning',
    {
      jobs: { a: ten({ schedule: cron('0 0 * * *'), job: { runOnStart: true } }) },
      down: [
        ['00:05', '00:20'],
        ['00:15', '00:25'],
      ],
      to: '00:50',
    },
    ['a 00:00 run 00:00-00:00', 'a startup run 00:25-00:25'],
  ],
  [
    'a downtime from the beginning on',
    { jobs: { a: ten() }, down: [['00:00', '00:12']], to: '00:20' },
    ['a 00:00 missed:downtime', 'a 00:10 run 00:12-00:12'],
  ],
  [
    'max_executions',
    { jobs: { a: ten({ policy: { maxExecutions: 2 } }) }, to: '01:00' },
    ['a 00:00 run 00:00-00:00', 'a 00:10 run 00:10-00:10'],
  ],
  [
    'max_executions that the ledger has counted already',
    { jobs: { a: ten({ policy: { maxExecutions: 2 }, job: { admittedCount: 1 } }) }, to: '01:00' },
    ['a 00:00 run 00:00-00:00'],
  ],
  [
    'a job that is off',
    { jobs: { a: ten({ job: { state: 'disabled', enabled: false } }) }, to: '01:00' },
    [],
  ],
  ['a job only for hands', { jobs: { a: ten({ job: { manualOnly: true } }) }, to: '01:00' }, []],
  ['no code', { jobs: { a: ten() }, handlers: false, to: '00:20' }, ['a 00:10 skipped:handler_missing x2']],
];

describe('a simulation', () => {
  it.each(table)('%s', (_what, plan, rows) => {
    expect(rowsOf(plan).map(told)).toEqual(rows);
  });

  it('delays by jitter, the same each time, and keeps the slot', () => {
    const plan: Plan = { jobs: { a: ten({ policy: { jitterMs: 30_000 } }) }, to: '06:00' };
    const rows = rowsOf(plan);
    const late = rows.map((row) => row.startsAt! - row.slot!);
    expect(rows).toHaveLength(36);
    expect(Math.max(...late)).toBeLessThanOrEqual(30_000);
    expect(new Set(late).size).toBeGreaterThan(10);
    expect(rowsOf(plan).map((row) => row.startsAt)).toEqual(rows.map((row) => row.startsAt));
  });

  it('leaves the jobs it was given as they were', () => {
    const plan: Plan = { jobs: { a: ten({ policy: { maxExecutions: 1 } }) }, to: '01:00' };
    expect(rowsOf(plan).map(told)).toEqual(rowsOf(plan).map(told));
  });

  it('refuses an answer of too many rows, and says how to ask for less', () => {
    const plan: Plan = { jobs: { a: ten() }, to: '01:00' };
    expect(rowsOf({ ...plan, maxRows: 6 })).toHaveLength(6);
    const error = thrownBy(() => rowsOf({ ...plan, maxRows: 5 }));
    expect(error).toMatchObject({
      code: 'TOO_LARGE',
      message: 'more than 5 runs and skips, reached at 2026-03-02T00:50:00.000Z',
      fix: 'ask for a shorter stretch of time, or for fewer jobs',
    });
  });

  it('does not look at what waits through a pause again and again', () => {
    const policy = { overlap: 'queue_one', queueTimeoutMs: 60_000 } as const;
    const job = ten({ takes: 90, schedule: cron('0,10 0 * * *'), policy });
    const plan: Plan = { jobs: { a: job }, pause: [['00:10:59.999', '20:00']], to: '21:00', maxRows: 1_000 };
    expect(rowsOf(plan).map(told)).toEqual(['a 00:00 run 00:00-01:30', 'a 00:10 run 20:00-21:30']);
  });

  it('refuses as many slots that all end in one row', () => {
    const plan: Plan = { jobs: { a: ten() }, pause: [['00:00', '10:00']], to: '10:00' };
    expect(rowsOf({ ...plan, maxRows: 12 })).toHaveLength(10);
    expect(thrownBy(() => rowsOf({ ...plan, maxRows: 10 }))).toMatchObject({ code: 'TOO_LARGE' });
  });
});

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('a night in which the clocks change', () => {
  it.each([
    ['2026-03-29', '30 2 * * *', ['01:00']],
    ['2026-03-29', '*/30 * * * *', ['00:00', '00:30', '01:00', '01:30']],
    ['2026-10-25', '30 2 * * *', ['00:30']],
    ['2026-10-25', '30 * * * *', ['00:30', '01:30']],
  ])('%s %s', (date, expression, slots) => {
    const rows = rowsOf({ date, jobs: { a: { schedule: cron(expression, 'Europe/Paris') } }, to: '02:00' });
    expect(rows.map((row) => new Date(row.slot!).toISOString().slice(11, 16))).toEqual(slots);
  });
});
