import { describe, expect, it } from 'vitest';
import type { Pause } from '#core/pause';
import type { Run } from '#core/run';
import { Forecast, type ForecastParts } from '#service/forecast';
import { stillClock } from '../../support/ledger.ts';
import { at, cron, storedJob } from '../../support/simulation.ts';

const jobs = [
  storedJob('late', { schedule: cron('0 * * * *') }),
  storedJob('first', { schedule: cron('0 * * * *'), policy: { timeoutMs: 60_000 } }),
  storedJob('off', { job: { state: 'disabled', enabled: false } }),
];
const took = (ms: number | null, dryRun = false) => ({ durationMs: ms, snapshot: { dryRun } }) as Run;

function forecast(runs: Record<string, Run[]> = {}, pauses: Pause[] = []): Forecast {
  const asked = async ({ jobId }: { jobId?: string }) => runs[jobId ?? ''] ?? [];
  return new Forecast({
    store: { runs: asked },
    clock: stillClock(at('00:30')),
    settings: () => ({
      jobs: [jobs[1], jobs[0]],
      scheduler: { timezone: 'UTC', maxConcurrentExecutions: 1 },
    }),
    handlerKnown: () => true,
    jobs: async () => jobs,
    openPauses: async () => pauses,
  } as unknown as ForecastParts);
}

describe('a simulation of the jobs that are there', () => {
  it('takes the median of the runs that succeeded, no dry run, bounded by the time limit', async () => {
    const runs = {
      late: [took(1_000), took(90_000.4), took(2_000), took(null), took(5, true), took(6, true), took(3_000)],
      first: [took(90_000)],
    };
    const { durations } = await forecast(runs).simulate({ to: '02:00' });
    expect(durations).toEqual({ late: 3, first: 60 });
    const asked = await forecast(runs).simulate({ to: '02:00', duration: ['late=7s'] });
    expect(asked.durations).toEqual({ late: 7, first: 60 });
  });

  it('goes by the order of the settings and their cap, and says where no duration is known', async () => {
    const { runs, totals, durations } = await forecast().simulate({ to: '01:30', down: ['00:40..01:10'] });
    expect(durations).toEqual({ first: 0, late: 0 });
    expect(runs.map(({ job, outcome, reason }) => `${job} ${outcome} ${reason}`)).toEqual([
      'first missed downtime',
      'late missed downtime',
    ]);
    expect(totals).toEqual({
      ...{ run: 0, coalesced: 0, skipped: 0, missed: 2, reasons: { downtime: 2 } },
      jobs: {
        first: { run: 0, coalesced: 0, skipped: 0, missed: 1, reasons: { downtime: 1 } },
        late: { run: 0, coalesced: 0, skipped: 0, missed: 1, reasons: { downtime: 1 } },
      },
    });
  });

  it('is held by the pauses that hold now', async () => {
    const held: Pause = {
      ...{ id: 1, jobUid: 'uid-late', source: 'api', who: 'anna', why: null },
      ...{ since: at('00:00'), until: at('02:30'), endedAt: null },
    };
    const { runs } = await forecast({}, [held]).simulate({ from: '00:30', to: '04:00' });
    expect(
      runs
        .filter(({ job }) => job === 'late')
        .map(({ slot, outcome, covers }) => [slot, outcome, covers?.count]),
    ).toEqual([
      ['2026-03-02T01:00:00Z', 'skipped', undefined],
      ['2026-03-02T02:00:00Z', 'skipped', undefined],
      ['2026-03-02T03:00:00Z', 'run', undefined],
    ]);
  });
});
