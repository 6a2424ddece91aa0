import { describe, expect, it } from 'vitest';
import { readDurations, readSimulation, type SimulationTexts } from '#service/simulation-request';
import { storedJob } from '../../support/simulation.ts';

const NOW = Date.parse('2026-03-28T11:00:00Z');
const at = (iso: string) => Date.parse(iso);
const read = (texts: SimulationTexts) => readSimulation(texts, 'Europe/Paris', NOW);

function thrownBy(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

describe('the times of a simulation', () => {
  it('are a day from now on, where nothing is said', () => {
    expect(read({})).toEqual({ from: NOW, to: NOW + 86_400_000, down: [], pauses: [] });
  });

  it('are read in the zone; times of day are of today in --from, and of its day in the others', () => {
    const down = ['03:00..03:10', '2026-03-29T02:30Z..05:59:59'];
    const pause = ['01:00..2026-03-30T00:00'];
    expect(read({ from: '2026-03-29T00:00', to: '06:00', down, pause })).toEqual({
      from: at('2026-03-28T23:00:00Z'),
      to: at('2026-03-29T04:00:00Z'),
      down: [
        { from: at('2026-03-29T01:00:00Z'), to: at('2026-03-29T01:10:00Z') },
        { from: at('2026-03-29T02:30:00Z'), to: at('2026-03-29T03:59:59Z') },
      ],
      pauses: [{ from: at('2026-03-29T00:00:00Z'), to: at('2026-03-29T22:00:00Z') }],
    });
    expect(read({ from: '06:00' }).from).toBe(at('2026-03-28T05:00:00Z'));
  });

  it('may say now, which is now, wherever it stands', () => {
    const { from, down } = read({ from: '06:00', to: '18:00', down: ['07:00..now'] });
    expect(from).toBe(at('2026-03-28T05:00:00Z'));
    expect(down).toEqual([{ from: at('2026-03-28T06:00:00Z'), to: NOW }]);
  });

  it.each<[string, SimulationTexts, string]>([
    ['a word', { from: 'tomorow' }, '"tomorow" is not a time'],
    ['an end before the beginning', { from: '12:00', to: '11:00' }, 'is no time to come'],
    ['an empty stretch', { from: '12:00', to: '12:00' }, 'is no time to come'],
    ['one time', { down: ['13:00'] }, '--down "13:00" is not two times'],
    ['three times', { pause: ['13:00..14:00..15:00'] }, 'is not two times'],
    ['half a span', { down: ['13:00..'] }, 'is not two times'],
    ['a span that goes back', { pause: ['14:00..13:00'] }, 'ends before it begins'],
    ['a span outside', { to: '14:00', pause: ['14:00..15:00'] }, 'lies outside the simulation'],
    [
      'a downtime without a start after it',
      { to: '14:00', down: ['13:00..14:00'] },
      'the service starts again at',
    ],
  ])('refuses %s, and says what to write', (_what, texts, message) => {
    expect(thrownBy(() => read(texts))).toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining(message),
      fix: expect.any(String),
    });
  });
});

describe('durations', () => {
  const jobs = [
    storedJob('vault_sync', { policy: { timeoutMs: 600_000 }, job: { name: 'Sync' } }),
    storedJob('a=b', { job: { name: 'Other' } }),
  ];

  it('are read by job, by id or the only name, in seconds where there is no unit', () => {
    const durations = readDurations(['Sync=90', 'a=b=5m'], jobs);
    expect([...durations]).toEqual([
      ['vault_sync', 90_000],
      ['a=b', 300_000],
    ]);
    expect(readDurations(['vault_sync=10m'], jobs).get('vault_sync')).toBe(600_000);
  });

  it.each([
    ['30s', 'INVALID_PARAMETERS', 'e.g. --duration vault_sync=30s'],
    ['=30s', 'INVALID_PARAMETERS', 'e.g. --duration vault_sync=30s'],
    ['vault_sync=soon', 'INVALID_PARAMETERS', expect.stringContaining('30s')],
    ['vault_sync=11m', 'INVALID_PARAMETERS', expect.stringContaining('timeout')],
    ['vault_snyc=30s', 'JOB_NOT_FOUND', 'did you mean vault_sync?'],
    ['x=30s', 'JOB_NOT_FOUND', 'jobs: a=b, vault_sync'],
  ])('refuses %s', (text, code, fix) => {
    expect(thrownBy(() => readDurations([text], jobs))).toMatchObject({ code, fix });
  });
});
