// One suite of the command line on the store, on the store beside a service, and over HTTP: a user sees no difference.

import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { Project, type Row } from '../support/service-process.ts';

const JOBS = `
vault_sync: { enabled: false }
housekeeping: { enabled: false }
report: { enabled: true, cron: "0 3 * * *", timezone: Europe/Paris }
broken: { enabled: true, every: 1h }
off: { handler: report, enabled: false, cron: "0 2 1 * MON" }
`;
const REPORT = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ async run(ctx) { ctx.log.info('begins'); return { month: ctx.input.month ?? null }; } });
`;
const BROKEN = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ async run() { throw new Error('the disk is full'); } });
`;

const named = (name: string) => `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ name: '${name}', async run(ctx) { return { type: ctx.input.type ?? null }; } });
`;

async function project(): Promise<Project> {
  const made = await Project.create();
  await made.settings(JOBS, 'timezone: UTC');
  await made.write('jobs/report.ts', REPORT);
  await made.write('jobs/broken.ts', BROKEN);
  for (const name of ['backup_database', 'system_health', 'migrate_run'])
    await made.write(`jobs/${name}.ts`, named(name));
  return made;
}

async function servedAt(made: Project): Promise<string> {
  const service = made.start();
  const { msg } = await service.message(/^listening on http:/);
  return String(msg).replace('listening on ', '');
}

const MISFITS: readonly [code: number, argv: string[], said: string][] = [
  [2, ['create', '--name', 'x', '--command', 'report'], '--help'],
  [2, ['create', '--name', 'x', '--command', 'report', '--schedule', '99 * * * *'], 'correct the fields'],
  [3, ['create', '--name', 'x', '--command', 'raport', '--schedule', '5m'], 'did you mean report?'],
  [1, ['create', '--id', 'report', '--name', 'x', '--command', 'report', '--schedule', '5m'], 'another id'],
  [1, ['update', 'report', '--retries', '1'], 'aclarai.config.yaml'],
  [1, ['delete', 'report', '--confirm'], 'take it out there'],
  [2, ['update', 'report'], '--schedule 5m'],
  [2, ['create', '--name', 'x', '--command', 'report', '--schedule', '5m', '--data', '[1]'], '--data'],
  [3, ['delete', 'raport'], 'did you mean report?'],
];

const REFUSED: readonly [code: number, argv: string[], fix: string][] = [
  [3, ['run', 'raport', '--wait'], 'did you mean report?'],
  [3, ['history', 'raport'], 'did you mean report?'],
  [3, ['cancel-run', 'nope'], 'history'],
  [2, ['pause', 'report', '--for', 'soon'], '--for 2h'],
  [2, ['why', 'report', '--at', 'soon'], '03:00'],
  [2, ['backfill', 'report', '--from', '2026-03-02', '--to', '2026-03-01'], 'the earlier one first'],
  [3, ['run', '--handler', 'raport'], 'did you mean report?'],
];

interface Way {
  made: Project;
  cli: CommandLine;
}

const WAYS: Record<string, () => Promise<Way>> = {
  'on the store': async () => {
    const made = await project();
    return { made, cli: commandLine(made) };
  },
  'on the store beside a service': async () => {
    const made = await project();
    await servedAt(made);
    return { made, cli: commandLine(made) };
  },
  'over HTTP': async () => {
    const made = await project();
    const url = await servedAt(made);
    // Nothing to fall back to: what is answered came over HTTP.
    const elsewhere = await Project.create();
    return { made, cli: commandLine(elsewhere, { url }) };
  },
};

describe.each(Object.entries(WAYS))('%s', (_way, open) => {
  let cli: CommandLine;
  let made: Project;
  beforeEach(async () => {
    ({ cli, made } = await open());
  });

  /** The answer of a command that must end with `code`. */
  async function json<T = Row>(code: number, ...args: string[]): Promise<T> {
    const answer = await cli(...args, '--json');
    expect(answer).toMatchObject({ code });
    return JSON.parse(code === 0 || answer.stdout ? answer.stdout : answer.stderr);
  }

  test('list, next, history, status and why answer in the same shapes', async () => {
    const jobs = await json<Row[]>(0, 'list');
    expect(jobs.map((job) => job.id)).toEqual(['broken', 'housekeeping', 'off', 'report', 'vault_sync']);
    expect(await json<Row[]>(0, 'scheduler:list', '--status', 'active')).toHaveLength(2);
    const next = await json<Row[]>(0, 'next', '--task', 'report', '--count', '2');
    expect(next).toMatchObject([{ job: 'report', timezone: 'Europe/Paris' }, { job: 'report' }]);
    expect(await json(0, 'history')).toEqual([]);
    expect(await json(0, 'status')).toMatchObject({ paused: [], timezone: 'UTC' });
    expect(await json(0, 'why', 'report', '--at', '2020-01-01T03:00')).toMatchObject({
      answer: 'not_scheduled',
    });
    const table = await cli('list');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(/^report +active +cron +0 3 \* \* \*/m);
  });

  test('a run is waited for, told, listed and repeated', async () => {
    const run = await json(0, 'run', 'report', '--wait', '--input', '{"month":"3"}');
    expect(run).toMatchObject({ state: 'succeeded', kind: 'manual', statistics: { month: '3' } });
    expect(await json(0, 'history', 'report')).toMatchObject([{ run_id: run.run_id }]);
    const again = await json(0, 'rerun', String(run.run_id), '--wait');
    expect(again).toMatchObject({ state: 'succeeded', statistics: { month: '3' } });
    expect(await json<Row[]>(0, 'logs', String(run.run_id))).toMatchObject([{ n: 1 }]);
    const once = await json(0, 'run', '--handler', 'report', '--wait');
    expect(once).toMatchObject({ kind: 'adhoc', state: 'succeeded' });
    const failed = await cli('scheduler:run', '--id', 'broken', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^broken failed in .*\nError: the disk is full\n/);
  });

  test('jobs are created as the task scheduler had it, changed, run and deleted', async () => {
    const created = await cli(
      ...['scheduler:create', '--name', 'daily-backup', '--command', 'backup_database'],
      ...['--schedule', '0 2 * * *', '--data', '{"type": "incremental"}'],
    );
    expect(created).toMatchObject({ code: 0, stderr: '' });
    expect(created.stdout).toMatch(
      /^daily-backup is created\nID: [\w-]{36}\nName: daily-backup\nType: cron\n/,
    );
    expect(created.stdout).toMatch(/^Next run: \d{4}-\d\d-\d\d 02:00:00Z$/m);
    const check = ['create', '--name', 'health-check', '--command', 'system_health', '--schedule', '5m'];
    expect(await json(0, ...check)).toMatchObject({ schedule: { kind: 'every', expression: '5m' } });
    const more = ['--retries', '1', '--retry-delay', '2m', '--timeout', '30', '--timezone', 'Europe/Paris'];
    const changed = await json(
      0,
      'scheduler:update',
      '--id',
      'daily-backup',
      '--schedule',
      '@hourly',
      ...more,
    );
    expect(changed).toMatchObject({
      name: 'daily-backup',
      input: { type: 'incremental' },
      schedule: { kind: 'cron', timezone: 'Europe/Paris' },
      policy: { retries: 1, retry_delay: 120, timeout: 30, misfire_policy: 'latest' },
    });
    const run = await json(0, 'scheduler:run', '--id', 'daily-backup', '--wait');
    expect(run).toMatchObject({ state: 'succeeded', statistics: { type: 'incremental' } });
    const listed = await cli('scheduler:list', '--status', 'active', '--format', 'json');
    expect((JSON.parse(listed.stdout) as Row[]).map((job) => job.name)).toContain('health-check');

    const shown = await cli('scheduler:delete', '--id', 'daily-backup');
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing has changed') });
    expect(await json(0, 'delete', 'daily-backup', '--confirm')).toEqual({ deleted: changed.id });
    expect(await cli('delete', 'daily-backup', '--confirm')).toMatchObject({ code: 3 });
    const trail = await json<Row[]>(0, 'audit');
    expect(trail[0]).toMatchObject({ what: 'deleted', job: changed.id, after: null });
    expect(await json(0, 'stats')).toMatchObject({
      total: 6,
      active: 3,
      executions_today: 1,
      success_rate: 1,
    });
  });

  test('a task for once runs once; a disabled or manual one waits for somebody', async () => {
    const once = ['create', '--id', 'migrate', '--name', 'migrate-data', '--command', 'migrate_run'];
    expect(await json(0, ...once, '--schedule', 'now', '--once')).toMatchObject({
      schedule: { kind: 'at' },
      max_executions: 1,
    });
    const off = await cli(
      'create',
      '--name',
      'off',
      '--id',
      'later',
      '--command',
      'report',
      '--schedule',
      '1h',
      '--disabled',
    );
    expect(off.stdout).toMatch(/^Type: interval\n(.*\n)*Status: disabled\nNext run: -\n$/m);
    expect(await json(0, 'update', 'later', '--enabled')).toMatchObject({ state: 'active' });
    const byHand = ['create', '--name', 'hand', '--command', 'report', '--schedule', 'manual'];
    expect(await json(0, ...byHand)).toMatchObject({ schedule: { kind: 'manual' }, next_run: null });
  });

  test('a definition that does not fit is refused with what to do, and changes nothing', async () => {
    for (const [code, argv, said] of MISFITS) {
      const answer = await cli(...argv);
      expect([argv, answer]).toMatchObject([argv, { code, stdout: '' }]);
      expect(answer.stderr).toContain(said);
    }
    expect(await json<Row[]>(0, 'list')).toHaveLength(5);
  });

  test('pauses are made, named with their holder and lifted', async () => {
    const paused = await json(0, 'pause', '--reason', 'moving', '--for', '2h');
    expect(paused).toMatchObject({ paused: true, job: null, paused_by: [{ why: 'moving' }] });
    const again = await json(1, 'pause');
    expect(again).toMatchObject({ success: false, error: { code: 'ALREADY_PAUSED' } });
    expect(await json(0, 'status')).toMatchObject({ paused: [{ why: 'moving' }] });
    const alone = await cli('scheduler:pause', '--id', 'report', '--wait');
    expect(alone.stdout).toMatch(/^report is paused; lift it with: .*\n(.*\n)*nothing runs any more\n$/);
    const resumed = await cli('resume');
    expect(resumed.stdout).toBe('all jobs resumed\npaused by themselves, and still so: report\n');
    expect(await json(0, 'resume', 'report')).toMatchObject({ resumed: 1, job: 'report' });
    expect(await json(1, 'resume')).toMatchObject({ error: { code: 'NOT_PAUSED' } });
  });

  test('cleanups are registered, changed, run dry and removed', async () => {
    const dir = path.join(made.state, 'modules', 'app');
    const { registration_id: id } = await json(0, 'cleanup', 'register', dir, '--max-files', '1');
    expect(await json(0, 'cleanup', 'list')).toMatchObject([{ id, max_files: 1, source: 'api' }]);
    expect(await json(0, 'cleanup', 'update', String(id), '--max-files', '2')).toMatchObject({
      max_files: 2,
    });
    expect(await json(0, 'cleanup', 'remove', String(id))).toEqual({ removed: id });
    expect(await json(3, 'cleanup', 'remove', String(id))).toMatchObject({
      error: { code: 'CONFIG_NOT_FOUND' },
    });
  });

  test('what comes is told: simulate, backfill --dry-run, validate, config show', async () => {
    const simulated = await json<{ runs: Row[] }>(
      0,
      'simulate',
      '--to',
      '2099-01-01T00:00',
      '--from',
      '2098-12-31T00:00',
    );
    expect(simulated.runs.filter((run) => run.job === 'report')).toHaveLength(1);
    const filled = await json(1, 'backfill', 'report', '--from', '2020-01-01', '--dry-run');
    expect(filled).toMatchObject({ error: { message: expect.stringContaining('report') } });
    expect(await json(0, 'validate', '*/5 * * * *')).toMatchObject({ ok: true, jobs: [{ type: 'cron' }] });
    expect(await json(2, 'validate', '99 * * * *')).toMatchObject({ ok: false });
    const config = await json<Row[]>(0, 'config', 'show', '--origin');
    expect(config.find((each) => each.path === 'scheduler.timezone')).toMatchObject({ value: 'UTC' });
  });

  test('what is not there or not understood ends with its code, and says what to do', async () => {
    for (const [code, argv, fix] of REFUSED) {
      const answer = await cli(...argv);
      expect([argv, answer]).toMatchObject([argv, { code, stdout: '' }]);
      expect(answer.stderr).toMatch(/^error: .+\nfix: .+\n$/);
      expect(answer.stderr).toContain(fix);
    }
  });
});

describe('which way is taken', () => {
  test('SCHEDULER_URL that nobody answers at leaves the store; --url never does', async () => {
    const made = await project();
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    closed.close();
    await once(closed, 'close');
    expect(await commandLine(made, { url })('list', '--json')).toMatchObject({ code: 0, stderr: '' });
    const refused = await commandLine(made)('list', '--url', url);
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toMatch(/^error: no scheduler answers at .*ECONNREFUSED.*\nfix: /);
  });

  test('something else at the address is no scheduler', async () => {
    const made = await project();
    const other = createServer((_request, answer) => answer.end('<html>hello</html>')).listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await once(other, 'listening');
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await commandLine(made, { url })('list', '--json')).toMatchObject({ code: 0 });
    expect(await commandLine(made)('--url', url, 'list')).toMatchObject({ code: 4 });
  });

  test('an address that is none is a usage error', async () => {
    const answer = await commandLine(await project())('list', '--url', 'localhost');
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('http://127.0.0.1:8787') });
  });

  test.each([
    ['start'],
    ['backup', 'x.db'],
    ['restore', 'x.db'],
    ['validate'],
    ['plan', 'settings/aclarai.config.yaml'],
    ['simulate', '--jobs', 'settings/aclarai.config.yaml'],
  ])('%s %s is not asked for over HTTP', async (...argv) => {
    const answer = await commandLine(await project())('--url', 'http://127.0.0.1:9', ...argv.filter(Boolean));
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringContaining('not over HTTP') });
  });
});

describe('a service that wants a token', () => {
  async function guarded(): Promise<{ made: Project; url: string; secret: string }> {
    const made = await project();
    const secret = 's'.repeat(40);
    made.env.SCHEDULER_TOKENS = `anna:admin:${secret},bob:read:${'r'.repeat(40)}`;
    return { made, url: await servedAt(made), secret };
  }

  test('gets --token or SCHEDULER_TOKEN, and refuses what a scope does not allow', async () => {
    const { url, secret } = await guarded();
    const elsewhere = await Project.create();
    expect(await commandLine(elsewhere)('list', '--url', url, '--token', secret)).toMatchObject({ code: 0 });
    expect(await commandLine(elsewhere, { url, token: secret })('list')).toMatchObject({ code: 0 });
    const stranger = await commandLine(elsewhere, { url })('list');
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining('a token is missing') });
    const reader = await commandLine(elsewhere, { url, token: 'r'.repeat(40) })('pause');
    expect(reader).toMatchObject({ code: 1, stderr: expect.stringContaining('needs the scope write') });
  });

  test('that it made itself is read beside its state, for this machine only', async () => {
    const made = await project();
    made.env.SCHEDULER_HOST = '0.0.0.0';
    const service = made.start();
    const { msg } = await service.message(/^listening on http:/);
    const port = new URL(String(msg).replace('listening on ', '')).port;
    const url = `http://127.0.0.1:${port}`;
    expect((await readFile(path.join(made.state, 'token'), 'utf8')).trim()).not.toBe('');
    expect(await commandLine(made)('list', '--url', url)).toMatchObject({ code: 0, stderr: '' });
    expect(await commandLine(await Project.create())('list', '--url', url)).toMatchObject({ code: 1 });
    await writeFile(path.join(made.state, 'token'), 'another\n');
    expect(await commandLine(made)('list', '--url', url)).toMatchObject({ code: 1 });
  });
});
