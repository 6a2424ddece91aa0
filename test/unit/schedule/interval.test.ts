// Rule 21: the grid of an interval, in elapsed time and in calendar months.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildSchedule } from '#schedule/parse';
import { at, seed } from './support.ts';
import { backward, forward, show } from './walk.ts';

function every(text: string, anchor: string, timezone = 'UTC', includeAnchor = false) {
  return buildSchedule({
    kind: 'every',
    every: text,
    timezone,
    anchor: at(anchor, timezone),
    ...(includeAnchor ? { includeAnchor: true as const } : {}),
  });
}

describe('elapsed', () => {
  test.each([
    ['30s', '2026-01-01T00:00', ['2026-01-01T00:00:30+00:00', '2026-01-01T00:01+00:00']],
    ['5 minutes', '2026-01-01T00:00:07', ['2026-01-01T00:05:07+00:00', '2026-01-01T00:10:07+00:00']],
    ['1.5h', '2026-01-01T00:00', ['2026-01-01T01:30+00:00', '2026-01-01T03:00+00:00']],
    ['2m', '2026-01-01T00:00', ['2026-01-01T00:02+00:00', '2026-01-01T00:04+00:00']],
    ['1 week', '2026-01-01T00:00', ['2026-01-08T00:00+00:00', '2026-01-15T00:00+00:00']],
    ['90', '2026-01-01T00:00', ['2026-01-01T00:01:30+00:00', '2026-01-01T00:03+00:00']],
  ])('%s from %s', (text, anchor, expected) => {
    const schedule = every(text, anchor);
    const first = schedule.next(at('2020-01-01'))!;
    expect([first, schedule.next(first)!].map((slot) => show(slot))).toEqual(expected);
  });

  test('a day is 24 hours, whatever the clocks do', () => {
    const schedule = every('1d', '2026-03-07T12:00', 'America/New_York');
    expect(show(schedule.next(at('2026-03-07T12:00', 'America/New_York'))!, 'America/New_York')).toBe(
      '2026-03-08T13:00-04:00',
    );
  });

  test('the anchor is a slot only when it is said to be', () => {
    expect(every('1h', '2026-01-01T00:00').next(0)).toBe(at('2026-01-01T01:00'));
    expect(every('1h', '2026-01-01T00:00').prev(at('2026-01-01T00:59'))).toBeNull();
    expect(every('1h', '2026-01-01T00:00', 'UTC', true).next(0)).toBe(at('2026-01-01T00:00'));
    expect(every('1h', '2026-01-01T00:00', 'UTC', true).count(0, at('2026-01-01T02:00'))).toBe(3);
    expect(every('1h', '2026-01-01T00:00').count(0, at('2026-01-01T02:00'))).toBe(2);
  });

  test('an anchor between seconds counts from its whole second', () => {
    expect(every('1m', '2026-01-01T00:00:00.900').next(0)).toBe(at('2026-01-01T00:01'));
  });
});

describe('months', () => {
  test('are clamped from the anchor’s own day each time', () => {
    const slots = forward(every('1mo', '2026-01-31T10:00'), 0, at('2026-06-30T10:00'));
    expect(slots.map((slot) => show(slot).slice(0, 16))).toEqual([
      '2026-02-28T10:00',
      '2026-03-31T10:00',
      '2026-04-30T10:00',
      '2026-05-31T10:00',
      '2026-06-30T10:00',
    ]);
  });

  test('keep the time of day of the zone', () => {
    const slots = forward(
      every('1 month', '2026-02-01T09:00', 'America/New_York'),
      0,
      at('2026-04-02T00:00', 'America/New_York'),
    );
    expect(slots.map((slot) => show(slot, 'America/New_York'))).toEqual([
      '2026-03-01T09:00-05:00',
      '2026-04-01T09:00-04:00',
    ]);
  });

  test('a time of day in a gap comes as much later, in a repeated hour once', () => {
    const zone = 'America/New_York';
    expect(show(every('1mo', '2026-02-08T02:30', zone).next(at('2026-02-08T03:00', zone))!, zone)).toBe(
      '2026-03-08T03:30-04:00',
    );
    const autumn = forward(every('1mo', '2026-10-01T01:30', zone), 0, at('2026-11-30', zone));
    expect(autumn.map((slot) => show(slot, zone))).toEqual(['2026-11-01T01:30-04:00']);
  });

  test('several at once, and far away', () => {
    expect(show(every('3mo', '2026-01-31T00:00').next(at('2026-05-01'))!)).toBe('2026-07-31T00:00+00:00');
    expect(every('1mo', '2026-01-31T00:00').count(at('2026-01-31'), at('2126-01-31'))).toBe(1200);
    expect(every('99999999mo', '2026-01-31T00:00').next(at('2026-05-01'))).toBeNull();
  });
});

test('next, prev and count agree', () => {
  const amounts = fc.constantFrom('1s', '7m', '1h', '25h', '1d', '3w', '1mo', '5mo', '12mo');
  const zones = fc.constantFrom('UTC', 'America/New_York', 'Pacific/Apia', 'Australia/Lord_Howe');
  const instants = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2040, 0, 1) });
  fc.assert(
    fc.property(
      amounts,
      zones,
      instants,
      instants,
      fc.boolean(),
      (text, timezone, anchor, instant, include) => {
        const schedule = buildSchedule({
          kind: 'every',
          every: text,
          timezone,
          anchor,
          ...(include ? { includeAnchor: true as const } : {}),
        });
        const next = schedule.next(instant)!;
        expect(next).toBeGreaterThan(instant);
        expect(schedule.prev(next)).toBe(next);
        expect(schedule.prev(next - 1) ?? -1).toBeLessThanOrEqual(instant);
        const tenth = Array.from({ length: 9 }).reduce<number>((slot) => schedule.next(slot)!, next);
        expect(schedule.count(instant, tenth)).toBe(10);
        expect(backward(schedule, instant, tenth)).toEqual(forward(schedule, instant, tenth));
      },
    ),
    { seed, numRuns: 500 },
  );
});

test.each(['0s', '0mo', '-5m', '5 lightyears', '', '1.5s', '500ms', '1.5mo', 'm'])(
  '%j is refused',
  (text) => {
    expect(() => every(text, '2026-01-01')).toThrow(expect.objectContaining({ code: 'INVALID_SCHEDULE' }));
  },
);

test.each([Number.NaN, Number.POSITIVE_INFINITY, 9e15])('the anchor %s is refused', (anchor) => {
  expect(() => buildSchedule({ kind: 'every', every: '1h', timezone: 'UTC', anchor })).toThrow(
    expect.objectContaining({ code: 'INVALID_SCHEDULE' }),
  );
});
