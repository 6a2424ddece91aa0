import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { iso } from '#service/shapes';

const ZONES = [
  'UTC',
  'Europe/Paris',
  'Europe/London',
  'Asia/Kolkata',
  'America/St_Johns',
  'Pacific/Apia',
  'Africa/Monrovia',
];

/** The same by the calendar of the language. */
function byTemporal(at: number, zone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  const text = zoned.toString({ timeZoneName: 'never', fractionalSecondDigits: at % 1000 === 0 ? 0 : 3 });
  return text.replace(/\+00:00$/, 'Z');
}

describe('an instant as text', () => {
  it.each([
    ['UTC', '2026-03-29T01:00:00Z'],
    ['Europe/London', '2026-03-29T02:00:00+01:00'],
    ['Europe/Paris', '2026-03-29T03:00:00+02:00'],
    ['America/St_Johns', '2026-03-28T22:30:00-02:30'],
  ])('in %s', (zone, text) => {
    expect(iso(Date.parse('2026-03-29T01:00:00Z'), zone)).toBe(text);
    expect(iso(Date.parse('2026-03-29T01:00:00.007Z'), zone)).toBe(text.replace(/(:00)(Z|[+-])/, '$1.007$2'));
  });

  it('is what the calendar of the language says, in any zone and year', () => {
    const years = { min: Date.UTC(1900), max: Date.UTC(2200) };
    fc.assert(
      fc.property(fc.integer(years), fc.constantFrom(...ZONES), fc.boolean(), (at, zone, whole) => {
        const instant = whole ? Math.floor(at / 1000) * 1000 : at;
        expect(iso(instant, zone)).toBe(byTemporal(instant, zone));
      }),
      { numRuns: 500 },
    );
  });
});
