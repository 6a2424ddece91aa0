import { describe, expect, it } from 'vitest';
import { configText } from '#faces/cli/render/config';
import { historyText } from '#faces/cli/render/history';
import { listText, nextText } from '#faces/cli/render/jobs';
import { hasFailed, outcomeText } from '#faces/cli/render/outcome';
import { pausedText, resumedText } from '#faces/cli/render/pause';
import { statusText } from '#faces/cli/render/status';
import { whyText } from '#faces/cli/render/why';
import { jobOf, RUN_ID, runOf } from './support.ts';

const WIDE = Number.POSITIVE_INFINITY;
const PAUSE = {
  source: 'api',
  who: 'cli:anna',
  why: 'moving',
  since: '2026-03-29T03:00:00+02:00',
  until: null,
} as const;

describe('list', () => {
  it('says so when there is nothing', () => {
    expect(listText([], new Map(), WIDE)).toBe('No scheduled tasks found\n');
  });

  it('shows a row a job, marks warnings and spells them out', () => {
    const job = jobOf({ warnings: ['disabled, because `enabled` is not written'], state: 'disabled' });
    const text = listText([job], new Map([['report', runOf({ state: 'failed' })]]), WIDE);
    expect(text.split('\n')).toEqual([
      'ID      STATE       TYPE  SCHEDULE   NEXT RUN                   LAST RUN                          ZONE          DESCRIPTION',
      'report  disabled !  cron  0 3 * * *  2026-03-30 03:00:00+02:00  2026-03-29 03:00:00+02:00 failed  Europe/Paris',
      '  ! disabled, because `enabled` is not written',
      '',
    ]);
  });

  it('tells of an open circuit', () => {
    const job = jobOf({ circuit: { state: 'open', since: '2026-03-29T03:00:00+02:00' } });
    expect(listText([job], new Map(), WIDE).split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/^report {2}active !/),
      '  ! its circuit is open since 2026-03-29 03:00:00+02:00: only a probe runs now and then',
    ]);
  });

  it('names each holder once, with whom it holds', () => {
    const own = { ...PAUSE, who: 'cli:ben', why: null };
    const jobs = [jobOf({ id: 'a', paused_by: [PAUSE, own] }), jobOf({ id: 'b', paused_by: [PAUSE] })];
    expect(listText(jobs, new Map(), WIDE)).toContain(
      'paused by cli:anna (moving) since 2026-03-29 03:00:00+02:00: all of these\npaused by cli:ben since 2026-03-29 03:00:00+02:00: a\n',
    );
  });

  it('gives up zone and description on a narrow terminal, never the next run', () => {
    const text = listText([jobOf({ description: 'Writes it' })], new Map(), 80);
    expect(text).not.toContain('DESCRIPTION');
    expect(text).toContain('2026-03-30 03:00:00+02:00');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('next', () => {
  const slot = {
    job: 'report',
    job_name: 'report',
    slot: '2026-03-30T03:00:00+02:00',
    timezone: 'Europe/Paris',
  };

  it('shows slots in the zone of the job and in UTC', () => {
    expect(nextText([slot], [], WIDE)).toContain(
      '2026-03-30 03:00:00+02:00  Europe/Paris  2026-03-30 01:00:00Z  report',
    );
  });

  it('shows UTC once where that is the zone', () => {
    const utc = { ...slot, slot: '2026-03-30T03:00:00Z', timezone: 'UTC' };
    expect(nextText([utc], [], WIDE).split('\n')[0]).toBe('NEXT RUN              ZONE  JOB     NAME');
  });

  it('says that a pause keeps them from starting', () => {
    expect(nextText([slot], ['AUTOMATION_PAUSE'], WIDE)).toContain('paused by AUTOMATION_PAUSE');
    expect(nextText([], [], WIDE)).toBe('No upcoming runs found\n');
  });
});

describe('history', () => {
  it('says so when there is nothing', () => expect(historyText([], WIDE)).toBe('No executions found\n'));

  it('shows statistics of a success and the error of a failure in full', () => {
    const error = {
      code: 'EXECUTION_ERROR',
      message: `the disk is ${'very '.repeat(40)}full`,
      fix: 'free some',
    };
    const text = historyText(
      [
        runOf({ statistics: { success: true, items_processed: 12 } }),
        runOf({ state: 'failed', attempt: 3, error, success: false }),
      ],
      120,
    );
    expect(text).toContain('succeeded  -');
    expect(text).toContain('items_processed 12');
    expect(text).toContain('3 attempts');
    expect(text).toContain(`  Error: ${error.message} (free some)\n`);
  });

  it('gives the id of what can still be cancelled, however narrow the terminal', () => {
    const text = historyText([runOf({ state: 'running', duration: null, ended_at: null })], 140);
    expect(text).toContain(`run ${RUN_ID}`);
  });

  it('tells which slots a row stands for, and what was in the way of a skipped one', () => {
    const covers = { from: '2026-03-29T03:00:00+02:00', to: '2026-03-29T03:55:00+02:00', count: 12 };
    const missed = runOf({ state: 'missed', reason: 'downtime', covers, started_at: null, duration: null });
    const skipped = runOf({
      state: 'skipped',
      reason: 'overlap',
      by: RUN_ID,
      started_at: null,
      duration: null,
    });
    const text = historyText([missed, skipped], WIDE);
    expect(text).toContain('12 slots from 2026-03-29 03:00:00+02:00 to 2026-03-29 03:55:00+02:00');
    expect(text).toContain(`  in the way: run ${RUN_ID}\n`);
  });
});

describe('the outcome of a run', () => {
  it('the plan of a dry run goes before it, a line each', () => {
    const text = outcomeText(runOf({ statistics: { plan: ['create a', 'move b'], items_processed: 2 } }));
    expect(text).toMatch(/^create a\nmove b\n\n/);
    expect(text).not.toContain('plan');
  });

  it('tells success with its statistics', () => {
    expect(outcomeText(runOf({ statistics: { items_processed: 12 } }))).toBe(
      `report succeeded in 2.1s\nitems_processed: 12\nRun:             ${RUN_ID}\n`,
    );
  });

  it('has an Error line where it failed', () => {
    const error = { code: 'EXECUTION_ERROR', message: 'the disk is full', fix: null };
    const text = outcomeText(runOf({ state: 'failed', attempt: 2, error }));
    expect(text).toMatch(/^report failed in 2\.1s after 2 attempts\nError: the disk is full\n/);
  });

  it.each([
    ['succeeded', false],
    ['skipped', false],
    ['running', false],
    ['failed', true],
    ['timed_out', true],
    ['cancelled', true],
    ['interrupted', true],
    ['missed', true],
  ] as const)('%s counts as failed: %s', (state, failed) => expect(hasFailed(runOf({ state }))).toBe(failed));
});

describe('pauses', () => {
  it('says how to lift it and who holds beside it', () => {
    expect(pausedText('report', [{ ...PAUSE, who: 'AUTOMATION_PAUSE', why: null }])).toBe(
      'report is paused; lift it with: aclarai-scheduler resume report\nalso held by AUTOMATION_PAUSE since 2026-03-29 03:00:00+02:00\n',
    );
  });

  it('never says resumed while somebody holds', () => {
    const still = [{ source: 'vault_file', who: '/vault/.aclarai_pause', since: PAUSE.since }];
    const held = resumedText({ resumed: 1, job: null, caught_up: [], still_paused_by: still }, ['a']);
    expect(held).toBe(
      'the pause of all jobs is lifted, others still hold\nstill held by /vault/.aclarai_pause since 2026-03-29 03:00:00+02:00\npaused by themselves, and still so: a\n',
    );
    expect(resumedText({ resumed: 1, job: 'a', caught_up: [], still_paused_by: [] }, [])).toBe('a resumed\n');
  });
});

describe('status', () => {
  const status = {
    state: 'paused',
    boot: 'b',
    since: '2026-03-29T00:00:00+01:00',
    last_tick: '2026-03-29T12:00:00+02:00',
    paused: [PAUSE],
    jobs: { active: 2, paused: 1 },
    queued: 1,
    running: 2,
    graph: 'embedded',
    config_error: null,
    restart_required: [],
    holes: [],
    warnings: ['one', 'two'],
    clock_behind: null,
    timezone: 'Europe/Paris',
    tzdata: '2026a',
    version: '1.2.3',
    now: '2026-03-29T12:00:01+02:00',
  };

  it('names every holder, and whom it holds', () => {
    const alone = { ...PAUSE, why: null, since: '2026-03-29T03:00:01+02:00' };
    const inZoneOfJob = { ...PAUSE, since: '2026-03-29T01:00:00Z' };
    const text = statusText(status, [jobOf({ id: 'a', paused_by: [inZoneOfJob, alone] })]);
    expect(text.split('\n').slice(0, 5)).toEqual([
      'State:     paused since 2026-03-29 00:00:00+01:00',
      'Paused by: cli:anna (moving) since 2026-03-29 03:00:00+02:00',
      '           cli:anna since 2026-03-29 03:00:01+02:00: only a',
      'Jobs:      2 active, 1 paused',
      'Runs:      2 running, 1 queued',
    ]);
    expect(text).toContain('Warnings:  one\n           two\n');
  });
});

describe('why', () => {
  it('prints its sentence, then what was before and after', () => {
    const text = whyText({
      job: 'report',
      job_name: 'report',
      at: '2026-03-30T03:00:00+02:00',
      answer: 'not_scheduled',
      reason: null,
      slot: null,
      run: null,
      because: null,
      before: runOf(),
      after: runOf({
        state: 'missed',
        reason: 'downtime',
        slot: '2026-03-31T03:00:00+02:00',
        duration: null,
      }),
      text: 'report at …: not scheduled',
    });
    expect(text).toBe(
      'report at …: not scheduled\nBefore: 2026-03-29 03:00:00+02:00 succeeded in 2.1s\nAfter:  2026-03-31 03:00:00+02:00 missed (downtime)\n',
    );
  });
});

describe('config show', () => {
  const values = [
    { path: 'scheduler.timezone', value: 'UTC', origin: 'default' },
    { path: 'scheduler.jobs.a.cron', value: '', origin: 'settings.yaml:3' },
    { path: 'scheduler.max_concurrent_executions', value: 10, origin: 'default' },
  ];

  it('shows origins only when asked', () => {
    expect(configText(values, false, WIDE)).not.toContain('settings.yaml:3');
    expect(configText(values, true, WIDE)).toMatch(/cron +"" +settings\.yaml:3\n/);
  });
});
