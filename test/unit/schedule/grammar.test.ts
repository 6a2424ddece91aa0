// What cron text is taken, what it means, and in which words the rest is refused.

import { describe, expect, test } from 'vitest';
import { parseCron } from '#schedule/grammar';

const all = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('taken', () => {
  test.each([
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 1 *'],
    ['@monthly', '0 0 1 * *'],
    ['@weekly', '0 0 * * 0'],
    ['@daily', '0 0 * * *'],
    ['@midnight', '0 0 * * *'],
    ['@hourly', '0 * * * *'],
    ['@Daily', '0 0 * * *'],
    ['0 0 * * 7', '0 0 * * 0'],
    ['0 0 * * SUN', '0 0 * * 0'],
    ['0 0 * * sunday', '0 0 * * 0'],
    ['0 0 * * 7#1', '0 0 * * 0#1'],
    ['0 0 * jan-MAR mon-Fri', '0 0 * 1-3 1-5'],
    ['0 0 ? * ?', '0 0 * * *'],
    ['  0\t0  *\n* * ', '0 0 * * *'],
    ['00 09 * * *', '0 9 * * *'],
    ['0 0 l * *', '0 0 L * *'],
  ])('%j is %j', (text, plain) => {
    expect({ ...parseCron(text), text: '' }).toEqual({ ...parseCron(plain), text: '' });
  });

  test.each([
    ['minute', '*/20 0 1 1 0', { minutes: [0, 20, 40] }],
    ['range with step', '10-30/10 0 1 1 0', { minutes: [10, 20, 30] }],
    ['range over the end', '0 22-2 1 1 0', { hours: [22, 23, 0, 1, 2] }],
    ['days to Sunday', '0 0 1 1 FRI-SUN', { daysOfWeek: [5, 6, 0] }],
    ['special days', '0 0 L,L-3,15W,LW,7 1 0', { daysOfMonth: ['L', 'L-3', '15W', 'LW', 7] }],
    ['special weekdays', '0 0 1 1 MON#2,5L', { daysOfWeek: ['1#2', '5L'] }],
    ['no seconds', '5 0 1 1 0', { seconds: [0], minutes: [5] }],
    ['seconds first', '*/30 5 0 1 1 0', { seconds: [0, 30], minutes: [5] }],
    [
      'everything',
      '* * * * *',
      { minutes: all(0, 59), hours: all(0, 23), daysOfMonth: all(1, 31), months: all(1, 12) },
    ],
  ])('%s: %s', (_name, text, fields) => {
    expect(parseCron(text)).toMatchObject(fields);
  });

  test.each([
    ['30 2 * * *', true],
    ['* 30 2 * * *', true],
    ['0-59 0-23 * * *', true],
    ['5,*/10 2 * * *', true],
    ['*/10,5 2 * * *', false],
    ['*/5 2 * * *', false],
    ['0 * * * *', false],
    ['@hourly', false],
    ['@daily', true],
  ])('%s: fixed time is %s', (text, fixedTime) => {
    expect(parseCron(text).fixedTime).toBe(fixedTime);
  });

  test.each([
    ['0 0 1 * *', true, false],
    ['0 0 * * 1', false, true],
    ['0 0 1 * 1', true, true],
    ['0 0 */2 * 1', false, true],
    ['0 0 1 * */2', true, false],
    ['0 0 1-31 * ?', true, false],
    ['0 0 *,5 * 1', false, true],
  ])('%s: restricts the day of month %s, of week %s', (text, restrictsDayOfMonth, restrictsDayOfWeek) => {
    expect(parseCron(text)).toMatchObject({ restrictsDayOfMonth, restrictsDayOfWeek });
  });
});

describe('refused', () => {
  test.each([
    ['', /5 fields/],
    ['* * * *', /5 fields/],
    ['0 0 12 * * ? 2026', /year/],
    ['60 * * * *', /0–59/],
    ['0 24 * * *', /0–23/],
    ['0 0 0 * *', /1–31/],
    ['0 0 32 * *', /1–31/],
    ['0 0 1 13 *', /JAN–DEC/],
    ['0 0 1 FOO *', /JAN–DEC/],
    ['0 0 * * 8', /Sunday/],
    ['0 0 * * L', /6L/],
    ['0 0 * * 1#6', /1#2/],
    ['0 0 1-5W * *', /15W/],
    ['5/15 * * * *', /5-<last>\/15/],
    ['*/0 * * * *', /0–59/],
    ['1,,2 * * * *', /0–59/],
    ['H 3 * * *', /jitter/],
    ['@reboot', /run_on_start/],
    ['@every 5m', /interval/],
    ['@fortnightly', /@weekly/],
    ['0 0 30 2 *', /L for the last day/],
    ['0 0 31 4,6 *', /L for the last day/],
    ['0 0 * * ☃', /5 fields/],
    ['0 0 1 janfeb *', /JAN–DEC/],
    ['5* * * * *', /0–59/],
    ['0 0 * * MONTUE', /SUN–SAT/],
    ['? 0 * * *', /0–59/],
  ])('%j', (text, fix) => {
    expect(() => parseCron(text)).toThrow(
      expect.objectContaining({ code: 'INVALID_SCHEDULE', fix: expect.stringMatching(fix) }),
    );
  });

  test('names every field at fault', () => {
    expect(() => parseCron('61 25 * * FOO')).toThrow(/minute "61", hour "25", day of week "FOO"/);
  });
});
