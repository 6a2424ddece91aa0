// What TypeScript code hands over, as the service reads it.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDurationMs } from '#core/duration';
import { durationMs, durationText, instantOf, instantText, plainDefinition } from '#faces/library/input';

const NOW = Date.UTC(2026, 2, 1, 12);

describe('instants', () => {
  test.each([
    ['2026-03-01T03:00:00Z', Date.UTC(2026, 2, 1, 3)],
    ['2026-03-01T03:00', Date.UTC(2026, 2, 1, 2)],
    ['03:00', Date.UTC(2026, 2, 1, 2)],
    ['now', NOW],
    [new Date(NOW + 5), NOW + 5],
    [Temporal.Instant.fromEpochMilliseconds(NOW + 7), NOW + 7],
  ])('%s', (given, at) => {
    expect(instantOf(given, 'Europe/Berlin', NOW)).toBe(at);
  });

  test.each([[new Date(Number.NaN)], ['soon'], [{}], [7], [null]])('%j is none', (given) => {
    expect(() => instantOf(given as string, 'UTC', NOW)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETERS', fix: expect.any(String) }),
    );
  });

  test('as text', () => {
    expect(instantText(new Date(NOW))).toBe('2026-03-01T12:00:00.000Z');
    expect(instantText('2026-03-01T12:00')).toBe('2026-03-01T12:00');
  });
});

describe('durations', () => {
  test.each([
    ['5m', '5m'],
    [{ minutes: 5 }, '5m'],
    [{ hours: 1, minutes: 30 }, '90m'],
    [{ seconds: 1, milliseconds: 500 }, '1.5s'],
    [{ months: 2 }, '2mo'],
    [{}, '0ms'],
    [Temporal.Duration.from({ days: 1, hours: 12 }), '36h'],
  ])('%j is %s', (given, text) => {
    expect(durationText(given)).toBe(text);
  });

  test.each([
    ['fast'],
    [{ minuts: 5 }],
    [{ minutes: -1 }],
    [{ minutes: '5' }],
    [{ months: 1, days: 1 }],
    [Temporal.Duration.from({ years: 1 })],
    [Temporal.Duration.from({ minutes: -1 })],
  ])('%j is none', (given) => {
    expect(() => durationText(given as string)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETERS' }),
    );
  });

  test('months have no milliseconds', () => {
    expect(() => durationMs({ months: 1 })).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' }));
  });

  test('are the same as text and as milliseconds', () => {
    const whole = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(whole, whole, whole, (hours, seconds, milliseconds) => {
        const ms = hours * 3_600_000 + seconds * 1000 + milliseconds;
        expect(parseDurationMs(durationText({ hours, seconds, milliseconds }))).toBe(ms);
      }),
    );
  });
});

test('a definition in plain values: its input stays the handler’s', () => {
  const input = { since: { days: 1 } };
  const definition = {
    every: { minutes: 5 },
    at: new Date(NOW),
    timeout: '1m',
    retries: 2,
    group: undefined,
    input,
  };
  expect(plainDefinition(definition)).toEqual({
    every: '5m',
    at: '2026-03-01T12:00:00.000Z',
    timeout: '1m',
    retries: 2,
    input,
  });
});
