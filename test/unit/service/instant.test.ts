import { describe, expect, it } from 'vitest';
import { readInstant } from '#service/instant';

const NOW = Date.parse('2026-03-29T10:00:00Z');
const PARIS = 'Europe/Paris';

describe('times as people type them', () => {
  it.each([
    ['now', '2026-03-29T10:00:00Z'],
    ['04:30', '2026-03-29T02:30:00Z'],
    ['4:30', '2026-03-29T02:30:00Z'],
    ['04:30:15', '2026-03-29T02:30:15Z'],
    ['2026-03-28T03:00', '2026-03-28T02:00:00Z'],
    ['2026-03-30 03:00', '2026-03-30T01:00:00Z'],
    ['2026-03-30', '2026-03-29T22:00:00Z'],
    ['2026-03-30T03:00:00+05:00', '2026-03-29T22:00:00Z'],
    ['2026-03-30T03:00:00Z', '2026-03-30T03:00:00Z'],
    [' 2026-03-30T03:00:00Z ', '2026-03-30T03:00:00Z'],
  ])('%s in Paris is %s', (text, instant) => {
    expect(readInstant(text, PARIS, NOW)).toBe(Date.parse(instant));
  });

  it('reads a time of day in the gap of the clocks as much later as the gap is long', () => {
    expect(readInstant('02:30', PARIS, NOW)).toBe(Date.parse('2026-03-29T01:30:00Z'));
  });

  it('today is the date in the zone of the job', () => {
    const lateEvening = Date.parse('2026-03-29T23:30:00Z');
    expect(readInstant('03:00', PARIS, lateEvening)).toBe(Date.parse('2026-03-30T01:00:00Z'));
    expect(readInstant('03:00', 'UTC', lateEvening)).toBe(Date.parse('2026-03-29T03:00:00Z'));
  });

  it.each(['', '3pm', '25:00', '03:60', 'yesterday', '2026-13-01', '1774746000'])('refuses "%s"', (text) => {
    expect(() => readInstant(text, PARIS, NOW)).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETERS', fix: expect.stringContaining('03:00 (today)') }),
    );
  });
});
