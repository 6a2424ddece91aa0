import { describe, expect, it } from 'vitest';
import type { Settings } from '#config/settings';
import { buildSchedule } from '#schedule/parse';
import { planSettings, type SettingsPlanShape } from '#service/settings-plan';
import { freshJobs } from '#service/simulation';
import { folder, handler, loadIn } from '../config/harness.ts';

const NOW = Date.parse('2026-03-02T12:00:00Z');
const BOTH = 'vault_sync: { enabled: false }\n    housekeeping: { enabled: false }';

async function planned(
  before: string,
  after: string,
  env: Record<string, string> = {},
): Promise<SettingsPlanShape> {
  const root = folder();
  const read = async (yaml: string): Promise<Settings> => {
    const result = await loadIn(root, { yaml, env, handlers: [handler('report')] });
    if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults));
    return result.settings;
  };
  const [old, next] = [await read(before), await read(after)];
  const jobs = freshJobs(old.jobs, NOW - 60_000).map((job) => ({ ...job, cursor: NOW }));
  return planSettings({ jobs, before: old, after: next, now: NOW, scheduleOf: buildSchedule });
}

/** A file with one job beside the built-in ones, which are off. */
const file = (report: string, rest = '') =>
  `scheduler:\n${rest}  jobs:\n    ${BOTH}\n${report === '' ? '' : `    report: ${report}\n`}`;
const DAILY = '{ enabled: true, cron: "0 3 * * *" }';

describe('changed settings', () => {
  it('that change nothing', async () => {
    const none = { added: [], removed: [], changed: [], moved: [], restart_required: [] };
    expect(await planned(file(DAILY), file(DAILY))).toEqual(none);
    expect(await planned(file('{ enabled: true, every: 1h }'), file('{ enabled: true, every: 1h }'))).toEqual(
      none,
    );
  });

  it('add a job', async () => {
    const { added, changed, moved } = await planned(file(''), file(DAILY));
    expect(added).toEqual([
      {
        ...{
          job: 'report',
          enabled: true,
          expression: '0 3 * * *',
          timezone: 'UTC',
          sentence: 'At 03:00',
          slots: 7,
        },
        next: [3, 4, 5, 6, 7].map((day) => `2026-03-0${day}T03:00:00Z`),
      },
    ]);
    expect([changed, moved]).toEqual([[], []]);
  });

  it('remove a job', async () => {
    const { removed, changed, moved } = await planned(file(DAILY), file(''));
    expect(removed).toMatchObject([{ job: 'report', slots: 7 }]);
    expect([changed, moved]).toEqual([[], []]);
  });

  it('move its slots', async () => {
    const { changed, moved } = await planned(file(DAILY), file('{ enabled: true, cron: "0 3 * * MON-FRI" }'));
    expect(changed).toEqual([{ job: 'report', key: 'cron', from: '0 3 * * *', to: '0 3 * * MON-FRI' }]);
    expect(moved).toEqual([
      {
        job: 'report',
        before: ['2026-03-07T03:00:00Z', '2026-03-08T03:00:00Z', '2026-03-09T03:00:00Z'],
        after: ['2026-03-09T03:00:00Z'],
        before_slots: 7,
        after_slots: 5,
      },
    ]);
  });

  it('move nothing where another text means the same', async () => {
    const { changed, moved } = await planned(
      file(DAILY),
      file('{ enabled: true, cron: "@daily" }'.replace('@daily', '0 3 */1 * *')),
    );
    expect(changed).toHaveLength(1);
    expect(moved).toEqual([]);
  });

  it('switch a job off, and to another zone', async () => {
    const off = await planned(file(DAILY), file('{ enabled: false, cron: "0 3 * * *" }'));
    expect(off.changed).toEqual([{ job: 'report', key: 'enabled', from: true, to: false }]);
    expect(off.moved).toMatchObject([{ after: [], before_slots: 7, after_slots: 0 }]);
    const zone = await planned(
      file(DAILY),
      file('{ enabled: true, cron: "0 3 * * *", timezone: Europe/Paris }'),
    );
    expect(zone.changed).toEqual([{ job: 'report', key: 'timezone', from: 'UTC', to: 'Europe/Paris' }]);
    expect(zone.moved[0]).toMatchObject({
      before: { 0: '2026-03-03T03:00:00Z' },
      after: { 0: '2026-03-03T03:00:00+01:00' },
    });
  });

  it('turn cron into an interval, which counts from now', async () => {
    const { changed, moved } = await planned(file(DAILY), file('{ enabled: true, every: 12h }'));
    expect(changed).toEqual([
      { job: 'report', key: 'day_match', from: 'or', to: null },
      { job: 'report', key: 'cron', from: '0 3 * * *', to: null },
      { job: 'report', key: 'anchor', from: null, to: '2026-03-02T12:00:00Z' },
      { job: 'report', key: 'every', from: null, to: '12h' },
    ]);
    expect(moved).toMatchObject([{ before_slots: 7, after_slots: 14 }]);
  });

  it('change policy and input, durations in seconds, secrets masked', async () => {
    const old = file('{ enabled: true, cron: "0 3 * * *", input: { api_key: abc, month: 3, gone: 1 } }');
    const next = file('{ enabled: true, cron: "0 3 * * *", timeout: 2h, input: { api_key: def, month: 4 } }');
    const { changed, moved } = await planned(old, next);
    expect(changed).toEqual([
      { job: 'report', key: 'timeout', from: 3600, to: 7200 },
      { job: 'report', key: 'input.api_key', from: '********', to: '********' },
      { job: 'report', key: 'input.month', from: 3, to: 4 },
      { job: 'report', key: 'input.gone', from: 1, to: null },
    ]);
    expect(moved).toEqual([]);
  });

  it('change what belongs to no job, and what only a restart applies', async () => {
    const next = `paths: { vault: elsewhere }\n${file(DAILY, '  max_concurrent_executions: 3\n')}`;
    const { changed, restart_required } = await planned(file(DAILY), next);
    expect(changed).toContainEqual({
      job: null,
      key: 'scheduler.max_concurrent_executions',
      from: 10,
      to: 3,
    });
    expect(changed.map(({ key }) => key)).toContain('paths.vault');
    expect(restart_required).toEqual(['paths.vault']);
  });

  it('are compared as the environment leaves them', async () => {
    const { changed } = await planned(file(DAILY), file('{ enabled: true, cron: "0 4 * * *" }'), {
      REPORT_CRON: '0 5 * * *',
    });
    expect(changed).toEqual([]);
  });
});
