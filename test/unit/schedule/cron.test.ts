// The calendar of cron without changes of clocks: days, months, ends, and what it costs.

import { describe, expect, test } from 'vitest';
import { at, cron } from './support.ts';
import { backward, forward, show } from './walk.ts';

function slots(expression: string, after: string, count: number, dayMatch: 'or' | 'and' = 'or'): string[] {
  const schedule = cron(expression, 'UTC', dayMatch);
  const found: string[] = [];
  for (let slot = schedule.next(at(after)); slot !== null && found.length < count; slot = schedule.next(slot))
    found.push(show(slot).replace('T00:00+00:00', '').replace('+00:00', ''));
  return found;
}

describe('days', () => {
  test.each([
    ['last day', '0 0 L * *', ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30']],
    ['three before the last', '0 0 L-3 * *', ['2028-01-28', '2028-02-26', '2028-03-28']],
    ['last workday', '0 0 LW * *', ['2028-01-31', '2028-02-29', '2028-03-31', '2028-04-28']],
    ['workday nearest to the 15th', '0 0 15W * *', ['2028-01-14', '2028-02-15', '2028-03-15', '2028-04-14']],
    [
      'nearest to the 1st stays in the month',
      '0 0 1W * *',
      ['2028-01-03', '2028-02-01', '2028-03-01', '2028-04-03'],
    ],
    ['nearest to the 30th stays in the month', '0 0 30W 4 *', ['2028-04-28', '2029-04-30']],
    ['nearest to a day the month lacks', '0 0 31W 3,4 *', ['2028-03-31', '2029-03-30']],
    ['second Monday', '0 0 * * MON#2', ['2028-01-10', '2028-02-14', '2028-03-13']],
    ['fifth Thursday', '0 0 * * 4#5', ['2028-03-30', '2028-06-29', '2028-08-31']],
    ['last Friday', '0 0 * * 5L', ['2028-01-28', '2028-02-25', '2028-03-31']],
    ['the 31st', '0 0 31 * *', ['2028-01-31', '2028-03-31', '2028-05-31']],
    ['leap day', '0 0 29 2 *', ['2028-02-29', '2032-02-29']],
    ['Sunday by 7', '0 0 * * 7', ['2028-01-02', '2028-01-09']],
  ])('%s: %s', (_name, expression, expected) => {
    expect(slots(expression, '2028-01-01T00:00', expected.length)).toEqual(expected);
  });

  test.each([
    [
      'both restricted: either',
      '0 0 13 * FRI',
      'or',
      ['2026-02-06', '2026-02-13', '2026-02-20', '2026-02-27', '2026-03-06'],
    ],
    [
      'both restricted, day_match and: both',
      '0 0 13 * FRI',
      'and',
      ['2026-02-13', '2026-03-13', '2026-11-13'],
    ],
    ['a stepped star is no restriction', '0 0 */2 * MON', 'or', ['2026-02-09', '2026-02-23', '2026-03-09']],
    ['nor in the week', '0 0 1 * */2', 'or', ['2026-03-01', '2026-08-01', '2026-09-01']],
    ['a full range is one', '0 0 1-31 * MON', 'or', ['2026-02-02', '2026-02-03', '2026-02-04']],
  ] as const)('%s: %s', (_name, expression, dayMatch, expected) => {
    expect(slots(expression, '2026-02-01T00:00', expected.length, dayMatch)).toEqual(expected);
  });
});

describe('ends', () => {
  test('a century year is no leap year', () => {
    expect(slots('0 0 29 2 *', '2096-03-01', 1)).toEqual(['2104-02-29']);
  });

  test('29 February on one weekday comes after up to 40 years', () => {
    expect(slots('0 0 29 2 MON', '2088-03-01', 1, 'and')).toEqual(['2112-02-29']);
    expect(slots('0 0 29 2 SUN', '2088-03-01', 1, 'and')).toEqual(['2128-02-29']);
  });

  test.each(['0 0 L-30 2 *', '0 0 30W 2 *', '* * L-30 2 *'])('%s never fires and says so', (expression) => {
    const schedule = cron(expression, 'America/New_York');
    expect(schedule.next(at('2026-01-01T00:00'))).toBeNull();
    expect(schedule.prev(at('2026-01-01T00:00'))).toBeNull();
    expect(schedule.count(0, at('2026-01-01T00:00'))).toBe(0);
  });

  test('what never fires says so in milliseconds, not in years of walking', () => {
    const started = performance.now();
    for (const zone of ['UTC', 'America/New_York', 'Australia/Lord_Howe'])
      for (const expression of ['0 0 L-30 2 *', '* * L-30 2 *', '*/5 * 31W 4 *'])
        expect(cron(expression, zone).next(at('2026-01-01'))).toBeNull();
    expect(performance.now() - started).toBeLessThan(450);
  });

  test('at the ends of time it says null instead of throwing', () => {
    const last = 8_640_000_000_000_000;
    for (const expression of ['* * * * * *', '0 3 * * *']) {
      const schedule = cron(expression, 'America/New_York');
      expect(schedule.next(last)).toBeNull();
      expect(schedule.prev(-last - 1)).toBeNull();
      expect(schedule.prev(last)).toBeLessThanOrEqual(last);
      expect(schedule.next(-last)).toBeGreaterThan(-last);
    }
  });
});

describe('instants between seconds', () => {
  test.each([
    ['* * * * * *', '2026-01-01T00:00:00.999', '2026-01-01T00:00:01+00:00', '2026-01-01T00:00+00:00'],
    ['0 0 * * *', '2025-12-31T23:59:59.999', '2026-01-01T00:00+00:00', '2025-12-31T00:00+00:00'],
    ['0 0 * * *', '2026-01-01T00:00:00.000', '2026-01-02T00:00+00:00', '2026-01-01T00:00+00:00'],
    ['0 0 * * *', '1969-12-31T23:59:59.500', '1970-01-01T00:00+00:00', '1969-12-31T00:00+00:00'],
  ])('%s at %s', (expression, instant, next, prev) => {
    const schedule = cron(expression);
    expect(show(schedule.next(at(instant))!)).toBe(next);
    expect(show(schedule.prev(at(instant))!)).toBe(prev);
  });
});

describe('count', () => {
  test('is exact over years of minutes', () => {
    const minutes = (at('2036-01-01') - at('2026-01-01')) / 60_000;
    expect(cron('* * * * *').count(at('2026-01-01'), at('2036-01-01'))).toBe(minutes);
    expect(cron('* * * * *', 'America/New_York').count(at('2026-01-01'), at('2036-01-01'))).toBe(minutes);
    expect(cron('* * * * * *', 'Pacific/Apia').count(at('2005-01-01'), at('2036-01-01'))).toBe(
      (at('2036-01-01') - at('2005-01-01')) / 1000,
    );
    expect(cron('0 3 * * *', 'America/New_York').count(at('2026-01-01'), at('2036-01-01'))).toBe(3652);
  });

  test('takes the right end in and leaves the left one out', () => {
    const hourly = cron('@hourly');
    expect(hourly.count(at('2026-01-01T01:00'), at('2026-01-01T03:00'))).toBe(2);
    expect(hourly.count(at('2026-01-01T01:00'), at('2026-01-01T01:00'))).toBe(0);
    expect(hourly.count(at('2026-01-01T01:00') - 1, at('2026-01-01T01:00'))).toBe(1);
    expect(hourly.count(at('2026-01-01T03:00'), at('2026-01-01T01:00'))).toBe(0);
  });

  test('of all time ends', () => {
    const count = cron('0 0 1 1 *').count(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    expect(count).toBe(275_760 + 271_820 + 1);
  });
});

test('before the first change of a zone, in its odd local time, there and back agree', () => {
  const schedule = cron('0 12 * * *', 'America/New_York');
  const [from, to] = [at('1883-11-15T00:00Z'), at('1883-11-21T00:00Z')];
  const walked = forward(schedule, from, to);
  expect(walked.map((slot) => show(slot, 'UTC'))).toContain('1883-11-16T16:56:02+00:00');
  expect(backward(schedule, from, to)).toEqual(walked);
  expect(schedule.count(from, to)).toBe(walked.length);
});
