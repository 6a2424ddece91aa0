// Rule 12, case by case: what every kind of expression does when the clocks change.

import { describe, expect, test } from 'vitest';
import { at, cron } from './support.ts';
import { backward, forward, show } from './walk.ts';

/** Zone, window (after, upTo], expression, and the slots the rule asks for. */
type Case = [why: string, expression: string, slots: string[]];

function table(name: string, timezone: string, after: string, upTo: string, cases: Case[]) {
  describe(name, () => {
    test.each(cases)('%s: %s', (_why, expression, expected) => {
      const schedule = cron(expression, timezone);
      const from = at(after, timezone);
      const to = at(upTo, timezone);
      const slots = forward(schedule, from, to);
      expect(slots.map((slot) => show(slot, timezone))).toEqual(expected);
      expect(backward(schedule, from, to)).toEqual(slots);
      expect(schedule.count(from, to)).toBe(slots.length);
    });
  });
}

table('New York, spring: 02:00 becomes 03:00', 'America/New_York', '2026-03-08T00:30', '2026-03-08T04:00', [
  ['fixed, in the gap', '30 2 * * *', ['2026-03-08T03:00-04:00']],
  ['fixed, the first minute of the gap', '0 2 * * *', ['2026-03-08T03:00-04:00']],
  ['fixed, the first minute behind the gap', '0 3 * * *', ['2026-03-08T03:00-04:00']],
  ['several of one gap are one', '10,20,30 2 * * *', ['2026-03-08T03:00-04:00']],
  ['gap and far edge are one', '0 2,3 * * *', ['2026-03-08T03:00-04:00']],
  ['gap and later are two', '30 2,3 * * *', ['2026-03-08T03:00-04:00', '2026-03-08T03:30-04:00']],
  [
    'a range of hours is fixed',
    '15 1-3 * * *',
    ['2026-03-08T01:15-05:00', '2026-03-08T03:00-04:00', '2026-03-08T03:15-04:00'],
  ],
  ['a stepped range is fixed', '0-59/30 2 * * *', ['2026-03-08T03:00-04:00']],
  ['a list with a star behind is fixed by its first sign', '5,*/30 2 * * *', ['2026-03-08T03:00-04:00']],
  ['a star of minutes skips the gap', '* 2 * * *', []],
  ['a step of minutes skips the gap', '*/5 2 * * *', []],
  ['every hour', '0 * * * *', ['2026-03-08T01:00-05:00', '2026-03-08T03:00-04:00', '2026-03-08T04:00-04:00']],
  ['every hour at the half', '30 * * * *', ['2026-03-08T01:30-05:00', '2026-03-08T03:30-04:00']],
  ['every second hour has none at two', '0 */2 * * *', ['2026-03-08T04:00-04:00']],
  ['seconds do not decide: fixed', '* 30 2 * * *', ['2026-03-08T03:00-04:00']],
  ['seconds do not decide: a second in the gap', '15 30 2 * * *', ['2026-03-08T03:00-04:00']],
  ['day fields of the skipped time count', '30 2 8 3 *', ['2026-03-08T03:00-04:00']],
  ['other days do not', '30 2 9 3 *', []],
]);

table(
  'New York, autumn: 02:00 becomes 01:00',
  'America/New_York',
  '2026-11-01T00:30',
  '2026-11-01T02:30-05:00',
  [
    ['fixed, in the repeated hour', '30 1 * * *', ['2026-11-01T01:30-04:00']],
    ['fixed, its first minute', '0 1 * * *', ['2026-11-01T01:00-04:00']],
    ['fixed, the minute behind it', '0 2 * * *', ['2026-11-01T02:00-05:00']],
    ['a list is fixed', '0,30 1 * * *', ['2026-11-01T01:00-04:00', '2026-11-01T01:30-04:00']],
    ['a range of hours is fixed', '0 1-2 * * *', ['2026-11-01T01:00-04:00', '2026-11-01T02:00-05:00']],
    [
      'a step of minutes runs in both',
      '*/30 1 * * *',
      [
        '2026-11-01T01:00-04:00',
        '2026-11-01T01:30-04:00',
        '2026-11-01T01:00-05:00',
        '2026-11-01T01:30-05:00',
      ],
    ],
    [
      'every hour runs in both',
      '0 * * * *',
      ['2026-11-01T01:00-04:00', '2026-11-01T01:00-05:00', '2026-11-01T02:00-05:00'],
    ],
    [
      'seconds do not decide: once',
      '*/30 30 1 * * *',
      ['2026-11-01T01:30-04:00', '2026-11-01T01:30:30-04:00'],
    ],
    [
      'seconds in both with a star of hours',
      '15 30 * * * *',
      ['2026-11-01T00:30:15-04:00', '2026-11-01T01:30:15-04:00', '2026-11-01T01:30:15-05:00'],
    ],
  ],
);

table('Lord Howe, spring: half an hour', 'Australia/Lord_Howe', '2026-10-04T01:00', '2026-10-04T03:00', [
  ['fixed, in the gap', '15 2 * * *', ['2026-10-04T02:30+11:00']],
  ['gap and far edge are one', '15,30 2 * * *', ['2026-10-04T02:30+11:00']],
  ['gap and later are two', '15,45 2 * * *', ['2026-10-04T02:30+11:00', '2026-10-04T02:45+11:00']],
  ['every hour has no two o’clock', '0 * * * *', ['2026-10-04T03:00+11:00']],
  [
    'every half hour',
    '*/30 * * * *',
    ['2026-10-04T01:30+10:30', '2026-10-04T02:30+11:00', '2026-10-04T03:00+11:00'],
  ],
]);

table('Lord Howe, autumn: half an hour', 'Australia/Lord_Howe', '2026-04-05T01:00', '2026-04-05T02:00', [
  ['fixed, before what repeats', '15 1 * * *', ['2026-04-05T01:15+11:00']],
  ['fixed, in what repeats', '45 1 * * *', ['2026-04-05T01:45+11:00']],
  ['minutes of every hour', '45 * * * *', ['2026-04-05T01:45+11:00', '2026-04-05T01:45+10:30']],
  ['every hour', '0 * * * *', ['2026-04-05T02:00+10:30']],
]);

table('Chatham, spring: 02:45 becomes 03:45', 'Pacific/Chatham', '2026-09-27T02:00', '2026-09-27T04:00', [
  ['fixed, in the gap', '0 3 * * *', ['2026-09-27T03:45+13:45']],
  ['fixed, before the gap', '44 2 * * *', ['2026-09-27T02:44+12:45']],
  ['fixed, its first minute', '45 2 * * *', ['2026-09-27T03:45+13:45']],
  [
    'a quarter of every hour',
    '*/15 * * * *',
    ['2026-09-27T02:15+12:45', '2026-09-27T02:30+12:45', '2026-09-27T03:45+13:45', '2026-09-27T04:00+13:45'],
  ],
]);

table('Havana, spring: midnight becomes 01:00', 'America/Havana', '2026-03-07T12:00', '2026-03-08T12:00', [
  ['daily at midnight', '@daily', ['2026-03-08T01:00-04:00']],
  ['the skipped midnight belongs to its own date', '0 0 8 * *', ['2026-03-08T01:00-04:00']],
  ['and not to the date before', '0 0 7 * *', []],
  ['midnight and one', '0 0,1 * * *', ['2026-03-08T01:00-04:00']],
  ['minutes of midnight', '*/20 0 * * *', []],
]);

table('Havana, autumn: 01:00 becomes midnight', 'America/Havana', '2026-10-31T23:30', '2026-11-01T02:00', [
  ['daily at midnight', '@daily', ['2026-11-01T00:00-04:00']],
  [
    'every hour',
    '@hourly',
    ['2026-11-01T00:00-04:00', '2026-11-01T00:00-05:00', '2026-11-01T01:00-05:00', '2026-11-01T02:00-05:00'],
  ],
]);

table(
  'Casablanca, Ramadan 2025: back in February, on in April',
  'Africa/Casablanca',
  '2025-02-22T12:00',
  '2025-02-23T12:00',
  [
    ['fixed, in the repeated hour', '30 2 * * *', ['2025-02-23T02:30+01:00']],
    [
      'minutes of it',
      '*/30 2 * * *',
      [
        '2025-02-23T02:00+01:00',
        '2025-02-23T02:30+01:00',
        '2025-02-23T02:00+00:00',
        '2025-02-23T02:30+00:00',
      ],
    ],
  ],
);

table('Apia: the whole 30 December 2011 is skipped', 'Pacific/Apia', '2011-12-29T12:00', '2011-12-31T12:00', [
  [
    'daily: the skipped day runs at the first instant after it',
    '0 3 * * *',
    ['2011-12-31T00:00+14:00', '2011-12-31T03:00+14:00'],
  ],
  ['yearly on the skipped date', '0 9 30 12 *', ['2011-12-31T00:00+14:00']],
  ['Friday was skipped', '0 9 * * FRI', ['2011-12-31T00:00+14:00']],
  ['every twelve hours', '0 */12 * * *', ['2011-12-31T00:00+14:00', '2011-12-31T12:00+14:00']],
  [
    'many of the gap are one',
    '0 1-20 * * *',
    [
      '2011-12-29T13:00-10:00',
      '2011-12-29T14:00-10:00',
      '2011-12-29T15:00-10:00',
      '2011-12-29T16:00-10:00',
      '2011-12-29T17:00-10:00',
      '2011-12-29T18:00-10:00',
      '2011-12-29T19:00-10:00',
      '2011-12-29T20:00-10:00',
      '2011-12-31T00:00+14:00',
      ...Array.from(
        { length: 12 },
        (_, index) => `2011-12-31T${String(index + 1).padStart(2, '0')}:00+14:00`,
      ),
    ],
  ],
]);

table('Kwajalein: 21 August 1993 is skipped', 'Pacific/Kwajalein', '1993-08-20T12:00', '1993-08-22T12:00', [
  ['daily', '0 6 * * *', ['1993-08-22T00:00+12:00', '1993-08-22T06:00+12:00']],
]);

test('from inside the repeated hour a fixed slot is over, a star is not', () => {
  const second = at('2026-11-01T01:10-05:00');
  expect(show(cron('30 1 * * *', 'America/New_York').next(second)!, 'America/New_York')).toBe(
    '2026-11-02T01:30-05:00',
  );
  expect(show(cron('30 1 * * *', 'America/New_York').prev(second)!, 'America/New_York')).toBe(
    '2026-11-01T01:30-04:00',
  );
  expect(show(cron('30 * * * *', 'America/New_York').next(second)!, 'America/New_York')).toBe(
    '2026-11-01T01:30-05:00',
  );
});

test('a yearly time in the repeated hour is found from both passes, both ways', () => {
  const yearly = cron('30 1 1 11 *', 'America/New_York');
  const stars = cron('* 1 1 11 *', 'America/New_York');
  expect(show(yearly.next(at('2026-11-01T01:30-04:00'))!, 'America/New_York')).toBe('2027-11-01T01:30-04:00');
  expect(show(yearly.prev(at('2026-11-01T01:10-05:00'))!, 'America/New_York')).toBe('2026-11-01T01:30-04:00');
  expect(show(stars.next(at('2026-11-01T01:59-04:00'))!, 'America/New_York')).toBe('2026-11-01T01:00-05:00');
  expect(show(stars.prev(at('2026-11-01T01:00-05:00') - 1)!, 'America/New_York')).toBe(
    '2026-11-01T01:59-04:00',
  );
});
