// How the text of a person becomes a schedule, a time or a zone, and what is said when it does not.

import { describe, expect, test } from 'vitest';
import { buildSchedule, parseInstant, parseScheduleText } from '#schedule/parse';
import { canonicalZone } from '#schedule/zone';
import { show } from './walk.ts';

const now = Date.UTC(2026, 0, 15, 12, 0, 0, 250);
const context = { timezone: 'Europe/Berlin', now };
const timezone = 'Europe/Berlin';

describe('schedule text', () => {
  test.each([
    ['*/5 * * * *', { kind: 'cron', expression: '*/5 * * * *', timezone, dayMatch: 'or' }],
    [' 0  3 * *\tMON ', { kind: 'cron', expression: '0 3 * * MON', timezone, dayMatch: 'or' }],
    ['@daily', { kind: 'cron', expression: '@daily', timezone, dayMatch: 'or' }],
    ['30s', { kind: 'every', every: '30s', timezone, anchor: now - 250 }],
    ['5 minutes', { kind: 'every', every: '5 minutes', timezone, anchor: now - 250 }],
    ['1mo', { kind: 'every', every: '1mo', timezone, anchor: now - 250 }],
    ['now', { kind: 'at', at: now, timezone }],
    ['2026-03-01T09:00', { kind: 'at', at: Date.UTC(2026, 2, 1, 8), timezone }],
    ['2026-07-01', { kind: 'at', at: Date.UTC(2026, 5, 30, 22), timezone }],
    ['2026-03-01T09:00Z', { kind: 'at', at: Date.UTC(2026, 2, 1, 9), timezone }],
    ['2026-03-01T09:00-05:00', { kind: 'at', at: Date.UTC(2026, 2, 1, 14), timezone }],
    ['20260301T0900', { kind: 'at', at: Date.UTC(2026, 2, 1, 8), timezone }],
    ['Manual', { kind: 'manual', timezone }],
  ])('%j', (text, spec) => {
    expect(parseScheduleText(text, context)).toEqual(spec);
    expect(buildSchedule(parseScheduleText(text, context)).kind).toBe(spec.kind);
  });

  test('an anchor of its own, in whole seconds', () => {
    expect(parseScheduleText('1h', { ...context, anchor: 5999 })).toMatchObject({ anchor: 5000 });
  });

  test.each([
    ['', /write cron/],
    ['soon', /write cron/],
    ['300', /300s are seconds/],
    ['-5m', /minus/],
    ['0s', /whole number of seconds/],
    ['5 parsecs', /5m/],
    ['* * * *', /5 fields/],
    ['0 0 30 2 *', /last day/],
    ['2026-02-30T00:00', /ISO 8601/],
    ['2026-13-01', /ISO 8601/],
    ['2026', /unit/],
  ])('%j is refused', (text, fix) => {
    expect(() => parseScheduleText(text, context)).toThrow(
      expect.objectContaining({ code: 'INVALID_SCHEDULE', fix: expect.stringMatching(fix) }),
    );
  });
});

describe('instants', () => {
  test.each([
    ['naive', '2026-06-01T10:00', 'Europe/Berlin', '2026-06-01T08:00+00:00'],
    ['a space between', '2026-06-01 10:00:05', 'Europe/Berlin', '2026-06-01T08:00:05+00:00'],
    ['Z', '2026-06-01T10:00:00Z', 'Europe/Berlin', '2026-06-01T10:00+00:00'],
    ['offset', '2026-06-01T10:00+05:30', 'Europe/Berlin', '2026-06-01T04:30+00:00'],
    ['short offset', '2026-06-01T10:00-05', 'Europe/Berlin', '2026-06-01T15:00+00:00'],
    ['a zone of its own', '2026-06-01T10:00[Asia/Tokyo]', 'Europe/Berlin', '2026-06-01T01:00+00:00'],
    ['a date', '2026-06-01', 'Europe/Berlin', '2026-05-31T22:00+00:00'],
    ['in a gap: later by the gap', '2026-03-08T02:30', 'America/New_York', '2026-03-08T07:30+00:00'],
    ['in a repeated hour: the first', '2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30+00:00'],
  ])('%s', (_name, text, zone, expected) => {
    expect(show(parseInstant(text, zone))).toBe(expected);
  });

  test.each(['', 'tomorrow', '10:00', '2026-01', '2026-02-29', '2026-06-01T10:00[Mars/Base]'])(
    '%j is refused',
    (text) => {
      expect(() => parseInstant(text, 'UTC')).toThrow(
        expect.objectContaining({ code: 'INVALID_PARAMETERS' }),
      );
    },
  );
});

test.each([
  ['2026-02-31', 'February 2026 has 28 days'],
  ['2028-02-30T10:00', 'February 2028 has 29 days'],
  ['2026-04-31T10:00:00Z', 'April 2026 has 30 days'],
])('of %s it is said that there is no such day', (text, why) => {
  expect(() => parseInstant(text, 'UTC')).toThrow(`"${text}" is not a time: ${why}`);
});

describe('zones', () => {
  test('keep one spelling', () => {
    expect(canonicalZone('europe/berlin')).toBe('Europe/Berlin');
    expect(canonicalZone('utc')).toBe('UTC');
  });

  test.each([
    ['Europe/Berln', /"Europe\/Berlin"/],
    ['Berlin', /"Europe\/Berlin"/],
    ['new york', /"America\/New_York"/],
    ['Mars/Base', /UTC or Europe/],
    ['', /UTC or Europe/],
    ['+02:00', /Etc\/GMT-2/],
  ])('%j is refused', (name, fix) => {
    const refusal = expect.objectContaining({ code: 'INVALID_SCHEDULE', fix: expect.stringMatching(fix) });
    expect(() => canonicalZone(name)).toThrow(refusal);
    for (const spec of [
      { kind: 'cron', expression: '* * * * *', timezone: name, dayMatch: 'or' },
      { kind: 'every', every: '1h', timezone: name, anchor: 0 },
      { kind: 'at', at: 0, timezone: name },
      { kind: 'manual', timezone: name },
    ] as const)
      expect(() => buildSchedule(spec)).toThrow(refusal);
  });
});
