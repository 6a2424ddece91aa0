// Schedules of one slot, of none, and the delay behind a slot (rules 17 and 20).

import { describe, expect, test } from 'vitest';
import { dueAt } from '#schedule/jitter';
import { buildSchedule } from '#schedule/parse';
import { at, cron } from './support.ts';

describe('once', () => {
  const once = buildSchedule({ kind: 'at', at: 1_500, timezone: 'UTC' });

  test('has its slot once, at its millisecond', () => {
    expect([once.next(1_499), once.next(1_500)]).toEqual([1_500, null]);
    expect([once.prev(1_499), once.prev(1_500)]).toEqual([null, 1_500]);
    expect([once.count(0, 1_499), once.count(0, 1_500), once.count(1_500, 9_000)]).toEqual([0, 1, 0]);
  });

  test.each([Number.NaN, 0.5, 9e15])('%s is refused', (instant) => {
    expect(() => buildSchedule({ kind: 'at', at: instant, timezone: 'UTC' })).toThrow(
      expect.objectContaining({ code: 'INVALID_SCHEDULE' }),
    );
  });
});

test('manual has none', () => {
  const manual = buildSchedule({ kind: 'manual', timezone: 'UTC' });
  expect([manual.next(0), manual.prev(9e15), manual.count(0, 9e15)]).toEqual([null, null, 0]);
});

describe('jitter', () => {
  const hourly = cron('@hourly');
  const slots = Array.from({ length: 500 }, (_, index) => at('2026-01-01') + index * 3_600_000);
  const delays = (jitterMs: number, job = 'a') =>
    slots.map((slot) => dueAt(hourly, slot, job, jitterMs) - slot);

  test('is the same every time, and another for another job', () => {
    expect(delays(60_000)).toEqual(delays(60_000));
    expect(delays(60_000)).not.toEqual(delays(60_000, 'b'));
    // Written down: a changed hash would move the due times of slots already planned.
    expect(delays(60_000).slice(0, 3)).toMatchInlineSnapshot(`
      [
        37889,
        9718,
        15992,
      ]
    `);
  });

  test('goes forward only, up to its bound, and uses all of it', () => {
    const found = delays(60_000);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...found)).toBeLessThanOrEqual(60_000);
    expect(Math.min(...found)).toBeLessThan(3_000);
    expect(Math.max(...found)).toBeGreaterThan(57_000);
  });

  test('never exceeds a tenth of the time to the following slot', () => {
    expect(Math.max(...delays(86_400_000))).toBeLessThanOrEqual(360_000);
    expect(Math.max(...delays(86_400_000))).toBeGreaterThan(340_000);
  });

  test('without a following slot the bound is the jitter itself', () => {
    const once = buildSchedule({ kind: 'at', at: 0, timezone: 'UTC' });
    const found = Array.from({ length: 200 }, (_, job) => dueAt(once, 0, `job-${job}`, 1_000));
    expect(Math.max(...found)).toBeGreaterThan(900);
    expect(Math.max(...found)).toBeLessThanOrEqual(1_000);
  });

  test('none is none', () => {
    expect(new Set(delays(0))).toEqual(new Set([0]));
  });
});
