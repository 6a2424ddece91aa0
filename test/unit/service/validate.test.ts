import { describe, expect, it } from 'vitest';
import { sentenceOf } from '#service/sentence';
import { validateExpression } from '#service/validate';

const NOW = Date.parse('2026-03-28T12:00:00.250Z');

describe('a schedule told before it is used', () => {
  it('shows cron as a sentence with the next five slots, across the change of the clocks', () => {
    const { ok, jobs } = validateExpression('30 2 * * *', 'Europe/Paris', NOW);
    expect(ok).toBe(true);
    expect(jobs).toEqual([
      {
        id: null,
        enabled: true,
        type: 'cron',
        expression: '30 2 * * *',
        timezone: 'Europe/Paris',
        sentence: 'At 02:30',
        next: [
          '2026-03-29T03:00:00+02:00',
          '2026-03-30T02:30:00+02:00',
          '2026-03-31T02:30:00+02:00',
          '2026-04-01T02:30:00+02:00',
          '2026-04-02T02:30:00+02:00',
        ],
        restart_costs: null,
      },
    ]);
  });

  it.each([
    ['*/10 * * * * *', 'cron', '2026-03-28T12:00:10Z', 5],
    ['@daily', 'cron', '2026-03-29T00:00:00Z', 5],
    ['30s', 'interval', '2026-03-28T12:00:30Z', 5],
    ['2026-03-29T03:00', 'once', '2026-03-29T03:00:00Z', 1],
    ['now', 'once', '2026-03-28T12:00:00.250Z', 1],
    ['2020-01-01T00:00', 'once', undefined, 0],
    ['manual', 'manual', undefined, 0],
  ])('%s is %s', (text, type, first, count) => {
    const [job] = validateExpression(text, 'UTC', NOW).jobs;
    expect(job).toMatchObject({ type });
    expect(job!.next[0]).toBe(first);
    expect(job!.next).toHaveLength(count);
  });

  it.each(['61 * * * *', '0s', 'every tuesday', ''])('refuses "%s" with a fix', (text) => {
    const { ok, errors, jobs } = validateExpression(text, 'UTC', NOW);
    expect(ok).toBe(false);
    expect(jobs).toEqual([]);
    expect(errors).toMatchObject([{ code: 'INVALID_SCHEDULE', fix: expect.any(String) }]);
  });
});

describe('sentences', () => {
  const cron = (expression: string, dayMatch: 'or' | 'and' = 'or') =>
    sentenceOf({ kind: 'cron', expression, timezone: 'UTC', dayMatch });

  it('says "or" where either day is enough, and not where both must match', () => {
    expect(cron('0 0 1 * 1')).toBe('At 00:00, on day 1 of the month, or on Monday');
    expect(cron('0 0 1 * 1', 'and')).toBe('At 00:00, on day 1 of the month, only on Monday');
    expect(cron('0 0 */2 * MON')).toContain('only on Monday');
  });

  it.each([
    ['1h', 'Every hour'],
    ['30s', 'Every 30 seconds'],
    ['2mo', 'Every 2 months'],
    ['90 minutes', 'Every 90 minutes'],
  ])('%s is "%s"', (every, text) => {
    expect(sentenceOf({ kind: 'every', every, timezone: 'UTC', anchor: null })).toBe(text);
  });

  it('names the anchor of an interval, the time of a single run, and hands', () => {
    const at = Date.parse('2026-03-28T12:00:00Z');
    expect(sentenceOf({ kind: 'every', every: '1d', timezone: 'UTC', anchor: at })).toBe(
      'Every day, counted from 2026-03-28T12:00:00Z',
    );
    expect(sentenceOf({ kind: 'at', at, timezone: 'Europe/Paris' })).toBe(
      'Once, at 2026-03-28T13:00:00+01:00',
    );
    expect(sentenceOf({ kind: 'manual', timezone: 'UTC' })).toBe('Only when it is started by hand');
  });
});
