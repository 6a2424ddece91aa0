// Properties that hold for any expression, zone and instant; oracles: croner away from changes of clocks, trying every minute at them.

import { Cron } from 'croner';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildSchedule } from '#schedule/parse';
import { expressions, slotsByTrying, transitions } from './reference.ts';
import { cron, seed } from './support.ts';
import { backward, forward } from './walk.ts';

const ZONES = [
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/Havana',
  'Africa/Casablanca',
  'America/New_York',
  'UTC',
];
const DAY = 86_400_000;
const FROM = Date.UTC(2000, 0, 1);
const UNTIL = Date.UTC(2045, 0, 1);

const zones = fc.constantFrom(...ZONES);
const instants = fc.integer({ min: FROM, max: UNTIL });
const check = <T>(property: fc.IProperty<T>, numRuns: number) => fc.assert(property, { seed, numRuns });

/** Any change of clocks of these zones and of those that skip days, change at odd times or by odd amounts. */
const changes = fc.constantFrom(
  ...[
    ...ZONES,
    'Pacific/Apia',
    'Antarctica/Troll',
    'Europe/Dublin',
    'Asia/Pyongyang',
    'America/Caracas',
  ].flatMap((zone) =>
    transitions(zone, '2000-01-01T00:00Z', '2040-01-01T00:00Z').map((change) => ({ zone, change })),
  ),
);

describe('any expression', () => {
  test('next is later, prev mirrors it, and slots are whole seconds', () => {
    check(
      fc.property(expressions, zones, instants, ({ text }, zone, instant) => {
        const schedule = cron(text, zone);
        const next = schedule.next(instant);
        if (next === null) return expect(schedule.prev(instant)).toBeNull();
        expect(next).toBeGreaterThan(instant);
        expect(next % 1000).toBe(0);
        expect(schedule.prev(next)).toBe(next);
        const before = schedule.prev(next - 1);
        expect(before).not.toBeNull();
        expect(before!).toBeLessThanOrEqual(instant);
        expect(schedule.next(before!)).toBe(next);
      }),
      2000,
    );
  });

  test('count is what a walk finds', () => {
    check(
      fc.property(
        expressions,
        zones,
        instants,
        fc.integer({ min: 0, max: 20 * DAY }),
        ({ text }, zone, from, span) => {
          const schedule = cron(text, zone);
          const walked = forward(schedule, from, from + span);
          expect(schedule.count(from, from + span)).toBe(walked.length);
          expect(backward(schedule, from, from + span)).toEqual(walked);
        },
      ),
      100,
    );
  });

  test('counts add up', () => {
    check(
      fc.property(expressions, zones, instants, instants, instants, ({ text }, zone, ...times) => {
        const schedule = cron(text, zone);
        const [a, b, c] = times.sort((one, other) => one - other) as [number, number, number];
        expect(schedule.count(a, b) + schedule.count(b, c)).toBe(schedule.count(a, c));
        expect(schedule.count(b, a)).toBe(0);
      }),
      300,
    );
  });

  test('a schedule that went through JSON answers the same', () => {
    check(
      fc.property(expressions, zones, instants, ({ text }, timezone, instant) => {
        const spec = { kind: 'cron' as const, expression: text, timezone, dayMatch: 'or' as const };
        const copy = JSON.parse(JSON.stringify(spec));
        expect(copy).toEqual(spec);
        expect(buildSchedule(copy).next(instant)).toBe(buildSchedule(spec).next(instant));
      }),
      100,
    );
  });
});

test('around every kind of change, the slots are those found by trying each wall minute', () => {
  check(
    fc.property(
      expressions,
      changes,
      fc.integer({ min: 0, max: 2 * DAY }),
      fc.integer({ min: 0, max: 2 * DAY }),
      (expression, { zone, change }, before, behind) => {
        const [after, upTo] = [change - before, change + behind];
        const schedule = cron(expression.text, zone);
        const expected = slotsByTrying(expression, zone, after, upTo);
        expect(forward(schedule, after, upTo)).toEqual(expected);
        expect(backward(schedule, after, upTo)).toEqual(expected);
        expect(schedule.count(after, upTo)).toBe(expected.length);
      },
    ),
    400,
  );
});

test('away from any change, croner finds the same slot', () => {
  const months = fc.constantFrom('*', '*', '1', '2,11', 'JAN-MAR', '*/5');
  check(
    fc.property(expressions, months, zones, instants, ({ text }, month, zone, instant) => {
      const fields = text.split(' ');
      fields[3] = month;
      const expression = fields.join(' ');
      const ours = cron(expression, zone).next(instant);
      fc.pre(ours !== null && !changesBetween(zone, instant - DAY, ours + DAY));
      const theirs = new Cron(expression, { timezone: zone }).nextRun(new Date(instant));
      expect(theirs?.getTime(), expression).toBe(ours);
    }),
    500,
  );
});

function changesBetween(zone: string, from: number, to: number): boolean {
  const iso = (instant: number) => new Date(instant).toISOString();
  return transitions(zone, iso(from), iso(to)).length > 0;
}
