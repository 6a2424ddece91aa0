import { describe, expect, it } from 'vitest';
import type { JobPolicy, JobSpec } from '#core/job';
import { restartCosts } from '#service/restart-costs';
import { aJob } from '../../support/ledger.ts';
import { cron } from '../../support/simulation.ts';

const NOW = Date.parse('2026-03-02T00:00:30Z');
const of = (schedule: JobSpec['schedule'], policy: Partial<JobPolicy> = {}, over: Partial<JobSpec> = {}) =>
  restartCosts({ ...aJob('a', {}, policy), schedule, ...over }, NOW, () => true);

describe('a restart of 10 minutes', () => {
  it.each<[string, JobSpec['schedule'], Partial<JobPolicy>, object]>([
    [
      'a slot beyond its grace',
      cron('0 3 * * *'),
      {},
      {
        slots: 1,
        runs: 0,
        missed: 1,
        late_by: 0,
        sentence: '1 slot missed: downtime (grace 5m, misfire_policy skip)',
      },
    ],
    [
      'a slot within its grace',
      cron('0 3 * * *'),
      { misfireGraceMs: 3_600_000 },
      {
        slots: 1,
        runs: 1,
        missed: 0,
        late_by: 600,
        sentence: 'nothing: 1 slot runs up to 10m late, within its grace',
      },
    ],
    [
      'a slot that is caught up',
      cron('0 3 * * *'),
      { misfirePolicy: 'latest' },
      { sentence: 'nothing: 1 slot runs up to 10m late, caught up by misfire_policy latest' },
    ],
    [
      'a job of every minute',
      cron('* * * * *'),
      {},
      {
        ...{ slots: 10, runs: 1, missed: 5, late_by: 300 },
        sentence:
          '5 slots missed: downtime (grace 5m, misfire_policy skip); 5 slots coalesced into one run, up to 5m late, within its grace',
      },
    ],
    [
      'slots that run one by one',
      cron('*/2 * * * *'),
      { coalesce: false, misfireGraceMs: null },
      {
        ...{ slots: 5, runs: 5, missed: 0, late_by: 600 },
        sentence: 'nothing: 5 slots run up to 10m late, within its grace',
      },
    ],
    [
      'a limit on what is caught up',
      cron('*/2 * * * *'),
      { misfirePolicy: 'all', catchupMax: 3 },
      {
        ...{ slots: 5, runs: 1, missed: 3 },
        sentence:
          '3 slots missed: downtime (grace 5m, misfire_policy all, catchup_max 3); 2 slots coalesced into one run, up to 4m late, within its grace',
      },
    ],
    [
      'the worst of the next slots',
      cron('0,59 3,4 * * *'),
      {},
      { slots: 2, missed: 2, sentence: '2 slots missed: downtime (grace 5m, misfire_policy skip)' },
    ],
  ])('costs %s', (_what, schedule, policy, costs) => {
    expect(of(schedule, policy)).toMatchObject(costs);
  });

  it('adds the run of the start, unless one runs already', () => {
    expect(of(cron('0 3 * * *'), {}, { runOnStart: true })?.sentence).toBe(
      '1 slot missed: downtime (grace 5m, misfire_policy skip); 1 run at the start (run_on_start)',
    );
    expect(of(cron('0 3 * * *'), { misfirePolicy: 'latest' }, { runOnStart: true })?.sentence).toBe(
      'nothing: 1 slot runs up to 10m late, caught up by misfire_policy latest',
    );
  });

  it('costs a job without code its slots, and a job without slots nothing to tell', () => {
    const spec = { ...aJob('a'), schedule: cron('0 3 * * *') };
    expect(restartCosts(spec, NOW, () => false)).toMatchObject({
      missed: 1,
      sentence: '1 slot missed: downtime (grace 5m, misfire_policy skip)',
    });
    expect(of({ kind: 'manual', timezone: 'UTC' })).toBeNull();
    expect(of({ kind: 'at', at: NOW - 1, timezone: 'UTC' })).toBeNull();
    expect(of(cron('0 3 * * *'), {}, { enabled: false })).toBeNull();
    expect(of(cron('0 3 * * *'), {}, { manualOnly: true })).toBeNull();
  });
});
