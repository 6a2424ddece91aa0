// The invariant check: rows that add up, rows that do not, and that a lost row is always found.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ScheduleSpec } from '#core/schedule';
import { type AccountedSlots, findHoles } from '#engine/audit';
import type { Era } from '#engine/eras';
import { buildSchedule } from '#schedule/parse';
import { MINUTE, T0 } from '../../support/ledger.ts';

const minutely: ScheduleSpec = { kind: 'every', every: '1m', timezone: 'UTC', anchor: T0 };
const other: ScheduleSpec = { ...minutely, every: '2m' };
const minute = (n: number) => T0 + n * MINUTE;
const era = (after: number, upTo: number, over: Partial<Era> = {}): Era => ({
  after: after === -Infinity ? after : minute(after),
  upTo: upTo === Infinity ? upTo : minute(upTo),
  schedule: minutely,
  off: null,
  dormant: null,
  begun: null,
  wasLast: false,
  ...over,
});
const rows = (...slots: (number | [from: number, to: number, count?: number])[]): AccountedSlots[] =>
  slots.map((slot) =>
    typeof slot === 'number'
      ? { from: minute(slot), to: minute(slot), count: 1 }
      : { from: minute(slot[0]), to: minute(slot[1]), count: slot[2] ?? slot[1] - slot[0] + 1 },
  );
const OFF = { schedule: null, off: 'disabled' } as const;

const table: [
  string,
  { eras?: Era[]; accounts: AccountedSlots[]; upTo: number },
  [number, number, number][],
][] = [
  ['every slot has a row', { accounts: rows(1, 2, 3), upTo: 3 }, []],
  ['a range counts for its slots', { accounts: rows(1, [2, 9], 10), upTo: 10 }, []],
  ['nothing was due', { accounts: [], upTo: 0 }, []],
  ['a row is lost', { accounts: rows(1, 3), upTo: 3 }, [[2, 2, 1]]],
  [
    'several are',
    { accounts: rows(1, 5, 7), upTo: 9 },
    [
      [2, 4, 3],
      [6, 6, 1],
      [8, 9, 2],
    ],
  ],
  ['all are', { accounts: [], upTo: 4 }, [[1, 4, 4]]],
  ['a range counts less than it spans', { accounts: rows([1, 5, 3]), upTo: 5 }, [[1, 5, 2]]],
  ['a range goes around narrower rows', { accounts: rows([1, 9, 6], [3, 5]), upTo: 9 }, []],
  ['of which one is lost', { accounts: rows([1, 9, 6], 3, 5), upTo: 9 }, [[1, 9, 1]]],
  ['a range reaches into what was looked at before', { accounts: rows([-3, 2]), upTo: 2 }, []],
  ['a range reaches beyond', { accounts: rows([1, 8]), upTo: 4 }, []],
  [
    'a row of a slot that the schedule does not have makes up for none',
    { accounts: [...rows(1), { from: minute(2.5), to: minute(2.5), count: 1 }], upTo: 2 },
    [[2, 2, 1]],
  ],
  [
    'no slots while it was off',
    { eras: [era(-Infinity, 3), era(3, 6, OFF), era(6, Infinity)], accounts: rows(1, 2, 3, 7), upTo: 7 },
    [],
  ],
  [
    'rows of the time it was off make up for none',
    { eras: [era(-Infinity, 3), era(3, 6, OFF), era(6, Infinity)], accounts: rows(1, 2, [4, 6]), upTo: 7 },
    [
      [3, 3, 1],
      [7, 7, 1],
    ],
  ],
  [
    'each schedule has its own slots',
    {
      eras: [era(-Infinity, 3), era(3, Infinity, { schedule: other })],
      accounts: rows(1, 2, 3, 4, 6),
      upTo: 7,
    },
    [],
  ],
  [
    'complete after its last row',
    { eras: [era(-Infinity, 6, { wasLast: true }), era(6, Infinity, OFF)], accounts: rows(1, 2), upTo: 9 },
    [],
  ],
  [
    'complete, and a row before the last is lost',
    { eras: [era(-Infinity, 6, { wasLast: true })], accounts: rows(1, 3), upTo: 6 },
    [[2, 2, 1]],
  ],
];

it.each(table)('%s', (_name, { eras = [era(-Infinity, Infinity)], accounts, upTo }, expected) => {
  const holes = findHoles({ eras, accounts, after: T0, upTo: minute(upTo), scheduleOf: buildSchedule });
  expect(holes).toEqual(expected.map(([from, to, count]) => ({ from: minute(from), to: minute(to), count })));
});

/** Schedules that have a slot within a day. */
const schedules = fc.constantFrom<ScheduleSpec[]>(
  minutely,
  { ...minutely, every: '7m' },
  { kind: 'every', every: '90m', timezone: 'Europe/Paris', anchor: T0 + 1000 },
  { kind: 'cron', expression: '*/5 * * * *', timezone: 'UTC', dayMatch: 'or' },
  { kind: 'cron', expression: '13 3,9-17 * * 1-5', timezone: 'Europe/Berlin', dayMatch: 'or' },
  { kind: 'cron', expression: '0 0 1,15 * 1', timezone: 'UTC', dayMatch: 'or' },
);

/** Eras of random lengths, most of them with slots, each of which is taken by rows of random widths. */
const histories = fc
  .array(
    fc.record({
      schedule: fc.option(schedules, { freq: 4 }),
      hours: fc.integer({ min: 1, max: 40 }),
      widths: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => {
    const eras: Era[] = [];
    const accounts: AccountedSlots[] = [];
    let after = T0;
    for (const { schedule, hours, widths } of parts) {
      const upTo = after + hours * 60 * MINUTE;
      eras.push({ ...era(0, 0), after, upTo, schedule, off: schedule ? null : 'disabled' });
      if (schedule) accounts.push(...decided(schedule, after, upTo, widths));
      after = upTo;
    }
    return { eras, accounts, after: T0, upTo: after, scheduleOf: buildSchedule };
  });

function decided(spec: ScheduleSpec, after: number, upTo: number, widths: number[]): AccountedSlots[] {
  const schedule = buildSchedule(spec);
  const found: AccountedSlots[] = [];
  let from = schedule.next(after);
  for (let n = 0; from !== null && from <= upTo; n++) {
    let [to, count] = [from, 1];
    for (let slot = schedule.next(to); count < widths[n % widths.length]!; slot = schedule.next(to)) {
      if (slot === null || slot > upTo) break;
      to = slot;
      count++;
    }
    found.push({ from, to, count });
    from = schedule.next(to);
  }
  return found;
}

it('what was decided has no hole, and a lost row leaves exactly its own', () => {
  const property = fc.property(histories, fc.nat(), (history, pick) => {
    expect(findHoles(history)).toEqual([]);
    const { accounts } = history;
    if (accounts.length === 0) return;
    const lost = accounts[pick % accounts.length]!;
    expect(findHoles({ ...history, accounts: accounts.filter((row) => row !== lost) })).toEqual([lost]);
  });
  fc.assert(property, { numRuns: 150 });
});

it('it may be looked at piece by piece', () => {
  const property = fc.property(histories, fc.double({ min: 0, max: 1, noNaN: true }), (history, share) => {
    const middle = Math.round(history.after + share * (history.upTo - history.after));
    expect(findHoles({ ...history, upTo: middle })).toEqual([]);
    expect(findHoles({ ...history, after: middle })).toEqual([]);
  });
  fc.assert(property, { numRuns: 100 });
});
