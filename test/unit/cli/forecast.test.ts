import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '#faces/cli/cli';
import { createHost } from '../../../src/app.ts';
import { createLog } from '../../../src/log.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { screen } from './support.ts';

const YAML = `
scheduler:
  timezone: UTC
  jobs:
    vault_sync: { enabled: false }
    housekeeping: { enabled: true, cron: "0 3 * * *", misfire_policy: latest }
`;
const BROKEN = 'scheduler:\n  jobs:\n    a: { enabled: maybe }\n    b: { cron: "0 0 31 2 *" }\n';

async function project(files: Record<string, string>) {
  const dir = await mkdtemp(path.join(tmpdir(), 'forecast-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), text);
  }
  const clock = createManualClock(Date.parse('2026-03-28T11:00:00Z'));
  const log = createLog({ clock, level: 'error', sink: { write: () => {} }, pretty: false });
  const host = createHost({ clock, log, cwd: dir, env: {}, version: 'test', pid: 1, random: () => 0.5 });
  const run = async (...args: string[]) => {
    const [stdout, stderr] = [screen(), screen()];
    const { signal } = new AbortController();
    const io = {
      host,
      clock,
      log,
      user: 'anna',
      version: 'test',
      service: { url: null, token: null },
      stdout,
      stderr,
      signal,
      onHangup: () => {},
    };
    const exit = await runCli(args, io);
    const text = (each: typeof stdout) => each.text.replaceAll(dir, '/srv');
    return { exit, stdout: text(stdout), stderr: text(stderr) };
  };
  return { dir, run, at: (name: string) => path.join(dir, name) };
}

const SETTINGS = 'settings/aclarai.config.yaml';

describe('simulate', () => {
  it('answers in JSON what the table shows', async () => {
    const { run } = await project({ [SETTINGS]: YAML });
    const { exit, stdout } = await run(
      'simulate',
      '--to',
      '2026-03-29T04:00',
      '--down',
      '2026-03-29T02:50..2026-03-29T03:10',
      '--json',
    );
    expect(exit).toBe(0);
    const counts = { run: 1, coalesced: 0, skipped: 0, missed: 0, reasons: {} };
    expect(JSON.parse(stdout)).toEqual({
      from: '2026-03-28T11:00:00Z',
      to: '2026-03-29T04:00:00Z',
      runs: [
        {
          ...{ job: 'housekeeping', job_name: 'housekeeping', kind: 'catchup', slot: '2026-03-29T03:00:00Z' },
          ...{ outcome: 'run', decided_at: '2026-03-29T03:10:00Z', reason: null, covers: null, cuts: 0 },
          ...{ starts_at: '2026-03-29T03:10:00Z', ends_at: '2026-03-29T03:10:00Z' },
        },
      ],
      totals: { ...counts, jobs: { housekeeping: counts } },
      durations: { housekeeping: 0 },
    });
  });

  it('says where nothing would run', async () => {
    const { run } = await project({ [SETTINGS]: YAML });
    const { stdout } = await run('simulate', '--to', '12:00');
    expect(stdout).toBe('Nothing would run from 2026-03-28 11:00:00Z to 2026-03-28 12:00:00Z\n');
  });

  it('tries a file without an installation, and makes nothing', async () => {
    const { run, at } = await project({ 'other/new.yaml': YAML });
    const { exit, stdout } = await run(
      'simulate',
      '--jobs',
      at('other/new.yaml'),
      '--pause',
      '2026-03-29T02:00..2026-03-29T04:00',
    );
    expect(stdout).toBe(`TIME                  JOB           OUTCOME  REASON  DURATION  NOTE
2026-03-29 03:00:00Z  housekeeping  skipped  paused         -

from 2026-03-28 11:00:00Z to 2026-03-29 11:00:00Z
housekeeping: 0 runs, 1 skipped (paused 1)
`);
    expect(exit).toBe(0);
    expect(existsSync(at('data'))).toBe(false);
  });

  it.each<[string, string[], number, string]>([
    [
      'an unknown job',
      ['--duration', 'housekeping=3s'],
      3,
      'error: there is no job housekeping\nfix: did you mean housekeeping?\n',
    ],
    ['no time', ['--from', 'noon'], 2, 'error: "noon" is not a time\n'],
    [
      'no file',
      ['--jobs', 'nowhere.yaml'],
      2,
      'error: there is no file nowhere.yaml\nfix: name a settings file\n',
    ],
  ])('refuses %s', async (_what, args, exit, text) => {
    const { run } = await project({ [SETTINGS]: YAML });
    const answer = await run('simulate', ...args);
    expect(answer).toMatchObject({ exit, stdout: '' });
    expect(answer.stderr.startsWith(text)).toBe(true);
  });

  it('refuses a file with faults, and names them all', async () => {
    const { run, at } = await project({ [SETTINGS]: YAML, 'new.yaml': BROKEN });
    for (const args of [['simulate', '--jobs'], ['plan']]) {
      const { exit, stdout, stderr } = await run(...args, at('new.yaml'));
      expect({ exit, stdout }).toEqual({ exit: 78, stdout: '' });
      expect(stderr).toContain('scheduler.jobs.a.enabled');
      expect(stderr).toContain('asks for a day that never comes: no month it names has a day 31');
      expect(stderr).toContain('2 faults in the settings');
    }
  });
});

describe('plan', () => {
  it('says where nothing would change', async () => {
    const { run, at } = await project({ [SETTINGS]: YAML, 'new.yaml': YAML });
    expect(await run('plan', at('new.yaml'))).toEqual({
      exit: 0,
      stdout: 'Nothing would change\n',
      stderr: '',
    });
  });

  it('names what goes', async () => {
    const report = '    report: { enabled: true, handler: housekeeping, cron: "0 6 * * *" }\n';
    const { run, at } = await project({ [SETTINGS]: YAML + report, 'new.yaml': YAML });
    expect(
      (await run('plan', at('new.yaml'))).stdout,
    ).toBe(`Removed, with its history kept for a day in case it comes back:
  report: 0 6 * * * (At 06:00), UTC; 7 runs in the next 7 days, the first at 2026-03-29 06:00:00Z
`);
  });

  it('needs a file', async () => {
    const { run } = await project({ [SETTINGS]: YAML });
    expect(await run('plan')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('the settings file is missing'),
    });
  });
});

describe('validate', () => {
  it('says which jobs never run, and does not wait for them', async () => {
    const never =
      '    past: { enabled: true, handler: housekeeping, at: "2020-01-01T00:00Z" }\n    odd: { enabled: true, handler: housekeeping, cron: "0 0 L-30 2 *" }\n';
    const { run } = await project({ [SETTINGS]: YAML + never });
    const { exit, stdout } = await run('validate');
    expect(exit).toBe(0);
    expect(stdout).toContain(
      'warning: /srv/settings/aclarai.config.yaml: scheduler.jobs.past: 2020-01-01T00:00:00Z is past: it never runs',
    );
    expect(stdout).toContain('scheduler.jobs.odd: 0 0 L-30 2 * never fires');
    expect(stdout.match(/^Next runs: none, it never fires again$/gm)).toHaveLength(2);
    const { stdout: simulated } = await run('simulate', '--from', '2026-01-01', '--to', '2026-12-31');
    expect(simulated).not.toMatch(/ (past|odd) /);
  });
});
