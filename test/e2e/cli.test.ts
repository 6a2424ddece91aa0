// The command line as a person or a script meets it: real processes on a real state directory, with and without a service.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Project, type Row } from '../support/service-process.ts';

const MAIN = path.join(import.meta.dirname, '../../src/main.ts');

const JOBS = `
vault_sync: { enabled: false }
housekeeping: { enabled: true, cron: "0 3 * * *" }
report: { enabled: true, cron: "0 3 * * *", timezone: Europe/Paris, description: "Writes the report", month: "1" }
broken: { enabled: true, every: 1h }
waiting: { enabled: true, manual_only: true }
off: { handler: report, cron: "0 2 1 * MON" }
`;

const REPORT = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ async run(ctx) {
  ctx.progress(1, 2, 'half');
  return { items_processed: 12, month: ctx.input.month, full: ctx.input.full ?? null, dry: ctx.dryRun };
} });
`;
const BROKEN = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ async run() { throw new Error('the disk is full'); } });
`;
/** Says on stdout's other side that it is there, and ends only when it is told to. */
const WAITING = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ async run(ctx) {
  ctx.log.info('waiting began');
  await ctx.sleep('5m').catch(() => {});
  return { told: ctx.signal.aborted };
} });
`;

async function project(): Promise<Project> {
  const made = await Project.create();
  await made.settings(JOBS, 'timezone: UTC');
  await made.write('jobs/report.ts', REPORT);
  await made.write('jobs/broken.ts', BROKEN);
  await made.write('jobs/waiting.ts', WAITING);
  return made;
}

const SHAPE_OF_JOB = [
  'id name description handler input source owner module_id state enabled paused_by circuit warnings schedule',
  'policy next_run last_run last_error run_count success_count failure_count max_executions created_at updated_at',
];
const SHAPE_OF_RUN = [
  'run_id name job job_name kind state reason slot due_at not_before covers attempt attempts queued_at started_at',
  'ended_at duration late_by input config_hash code_hash success statistics error by boot',
];
const keysOf = (lines: readonly string[]) => lines.join(' ').split(' ');

describe('without a service', () => {
  it('looks at what the settings say and writes no run', async () => {
    const at = await project();
    const list = await at.command('list');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/^ID +STATE +TYPE +SCHEDULE +NEXT RUN/);
    expect(list.stdout).toMatch(
      /^report +active +cron +0 3 \* \* \* +\d{4}-\d\d-\d\d 03:00:00\+0[12]:00 +- +Europe\/Paris/m,
    );
    expect(list.stdout).toMatch(/^broken +active +interval +1h /m);
    expect(list.stdout).toMatch(
      /^off +disabled ! +cron .*\n {2}! disabled, because `enabled` is not written$/m,
    );

    const jobs = await at.json<Row[]>('list');
    expect(jobs.map((job) => job.id)).toEqual([
      'broken',
      'housekeeping',
      'off',
      'report',
      'vault_sync',
      'waiting',
    ]);
    for (const job of jobs) expect(Object.keys(job)).toEqual(expect.arrayContaining(keysOf(SHAPE_OF_JOB)));
    const disabled = await at.json<Row[]>('scheduler:list', '--status', 'disabled');
    expect(disabled.map((job) => job.id)).toEqual(['off', 'vault_sync']);

    const next = await at.json<Row[]>('next', 'report', '--count', '3');
    expect(next).toHaveLength(3);
    expect(next[0]).toEqual({
      job: 'report',
      job_name: 'report',
      slot: expect.stringMatching(/T03:00:00\+0[12]:00$/),
      timezone: 'Europe/Paris',
    });
    expect(await at.json('status')).toMatchObject({
      state: 'stopped',
      since: null,
      paused: [],
      jobs: { active: 4, disabled: 2 },
      queued: 0,
      running: 0,
      graph: 'embedded',
      config_error: null,
      timezone: 'UTC',
    });
    expect(await at.command('history')).toMatchObject({ code: 0, stdout: 'No executions found\n' });
  });

  it('runs a job here, waits for it and tells its outcome', async () => {
    const at = await project();
    const good = await at.command('run', 'report', '--full', '--dry-run', '--input', '{"month": "3"}');
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/^report succeeded in \d/);
    expect(good.stdout).toMatch(/^month: +3$/m);
    const [row] = await at.json<Row[]>('history', 'report');
    expect(Object.keys(row!)).toEqual(expect.arrayContaining(keysOf(SHAPE_OF_RUN)));
    expect(row).toMatchObject({
      kind: 'manual',
      state: 'succeeded',
      slot: null,
      input: { month: '3', full: true },
      statistics: { items_processed: 12, month: '3', full: true, dry: true },
    });

    const bad = await at.command('run', 'broken', '--json');
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ state: 'failed', error: { message: 'the disk is full' } });
    const failures = await at.command('history', '--status', 'error');
    expect(failures.stdout).toMatch(/ broken +manual +failed .*\n {2}Error: the disk is full\n$/);
    const why = await at.command('why', 'report', '--at', '2020-01-01T03:00');
    expect(why).toMatchObject({ code: 0, stderr: '' });
    expect(why.stdout).toMatch(/^report did not exist at 2020-01-01 03:00:00\+01:00: it was made at /);
  });

  it('sees the retries of a run here through', async () => {
    const at = await project();
    await at.settings(
      'broken: { enabled: true, every: 1h, retries: 1, retry_delay: 1 }\nreport: { enabled: true }',
    );
    const run = await at.command('run', 'broken', '--retry');
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^broken failed in .* after 2 attempts\nError: the disk is full\n/);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('cancels the run here at %s and records it', async (signal) => {
    const at = await project();
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'info' };
    const child = spawn(process.execPath, [MAIN, 'run', 'waiting'], { cwd: at.dir, env, stdio: 'pipe' });
    const [out, log] = [collect(child.stdout), collect(child.stderr)];
    await log.until(/waiting began/);
    child.kill(signal);
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(out.text()).toMatch(/^waiting cancelled in /);
    expect(await at.json('history')).toMatchObject([{ state: 'cancelled', statistics: { told: true } }]);
  });

  it('cancels a run of another command', async () => {
    const at = await project();
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'info' };
    const child = spawn(process.execPath, [MAIN, 'run', 'waiting'], { cwd: at.dir, env, stdio: 'pipe' });
    const log = collect(child.stderr);
    await log.until(/waiting began/);
    const [run] = await at.json<Row[]>('history', '--status', 'running');
    expect((await at.command('cancel-run', String(run!.run_id))).code).toBe(0);
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(await at.json('history')).toMatchObject([{ state: 'cancelled' }]);
    const again = await at.command('cancel-run', String(run!.run_id));
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('has already ended') });
  });

  it('pauses and resumes, all and one, and says who still holds', async () => {
    const at = await project();
    expect(await at.command('pause', '--reason', 'moving the vault')).toMatchObject({ code: 0 });
    expect(await at.command('pause')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('already paused'),
    });
    expect(await at.command('pause', 'report')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^report is paused.*\nalso held by cli:cli \(moving the vault\) since /),
    });
    const jobs = await at.json<Row[]>('list', '--status', 'paused');
    expect(jobs.map((job) => job.id)).toEqual(['report']);
    expect(jobs[0]!.paused_by).toHaveLength(2);
    const status = await at.command('status');
    expect(status.stdout).toMatch(
      /^Paused by: cli:cli \(moving the vault\) since .*\n +cli:cli since .*: only report$/m,
    );

    await at.write('vault/.aclarai_pause', '');
    const resumed = await at.command('resume');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(resumed.stdout).toMatch(
      /^the pause of all jobs is lifted, others still hold\nstill held by .*\.aclarai_pause since .*\npaused by themselves, and still so: report\n$/,
    );
    await rm(path.join(at.dir, 'vault/.aclarai_pause'));
    expect(await at.json('resume', '--id', 'report')).toMatchObject({
      resumed: 1,
      job: 'report',
      still_paused_by: [],
    });
    expect(await at.command('resume')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no stored pause'),
    });
  });

  it('names what is nearest, and keeps stdout empty', async () => {
    const at = await project();
    const job = await at.command('run', 'reprot');
    expect(job).toEqual({
      code: 3,
      stdout: '',
      stderr: 'error: there is no job reprot\nfix: did you mean report?\n',
    });
    const run = await at.command('cancel-run', 'nope', '--json');
    expect(run).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(run.stderr)).toMatchObject({ success: false, error: { code: 'RUN_NOT_FOUND' } });
    const command = await at.command('lits');
    expect(command).toEqual({
      code: 2,
      stdout: '',
      stderr: "error: unknown command 'lits'\nfix: did you mean list?\n",
    });
    const time = await at.command('why', 'report', '--at', '3pm');
    expect(time).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('2026-03-29T03:00') });
    const off = await at.command('run', 'off');
    expect(off).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect((await at.command('run', 'off', '--force')).code).toBe(0);
  });
});

describe('beside a service', () => {
  it('hands runs to it, and waits for them only when asked', async () => {
    const at = await project();
    const service = at.start();
    await service.message(/the scheduler is up/);
    expect(await at.json('status')).toMatchObject({ state: 'running', since: expect.any(String) });

    const queued = await at.command('run', 'report');
    expect(queued.code).toBe(0);
    const id = /^report is queued, the service runs it: run (\S+)$/m.exec(queued.stdout)![1];
    expect(await service.runOf('report')).toMatchObject({ run_id: id, success: true });
    expect(await at.json('run', 'report', '--wait')).toMatchObject({ state: 'succeeded', by: 'cli:cli' });
    expect((await at.command('run', 'broken', '--wait')).code).toBe(1);

    await at.command('run', 'waiting');
    await service.message(/waiting began/);
    const running = await at.json<Row[]>('list', '--status', 'running');
    expect(running.map((job) => job.id)).toEqual(['waiting']);
    const busy = await at.command('run', 'waiting');
    expect(busy).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    const [live] = await at.json<Row[]>('history', 'waiting', '--status', 'running');
    expect((await at.command('cancel-run', String(live!.run_id))).code).toBe(0);
    expect(await service.runOf('waiting')).toMatchObject({ outcome: 'cancelled' });
  });

  it('refuses a second service, and pauses the first', async () => {
    const at = await project();
    const service = at.start('--paused');
    await service.message(/the scheduler is up/);
    expect(await at.json('status')).toMatchObject({
      state: 'paused',
      paused: [{ source: 'api', why: 'start --paused' }],
    });
    const second = await at.command('start');
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: another service holds .*\nfix: /),
    });
    expect(await at.command('resume')).toMatchObject({ code: 0, stdout: 'all jobs resumed\n' });
    expect(await at.json('status')).toMatchObject({ state: 'running' });
  });

  it('answers from the ledger while the file has faults', async () => {
    const at = await project();
    const service = at.start();
    await service.message(/the scheduler is up/);
    await at.settings('report: { enabled: true, corn: "0 3 * * *" }', 'timezone: UTC');
    await service.message(/settings refused/);
    const list = await at.command('list');
    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(/^report +active/m);
    expect(list.stderr).toMatch(/settings\/aclarai\.config\.yaml:\d+:\d+: .*corn.*\n1 fault in the settings/);
    expect((await at.command('pause')).code).toBe(0);
    expect((await at.command('run', 'report')).code).toBe(78);
  });

  it('answers from the ledger while the file is gone, and makes none where there was none', async () => {
    const at = await project();
    await at.command('run', 'report', '--force');
    await rm(path.join(at.dir, 'settings/aclarai.config.yaml'));
    const missing = /there is no such settings file .*\n1 fault in the settings/;
    for (const argv of [['status'], ['list'], ['history'], ['why', 'report', '--at', '03:00']]) {
      const answer = await at.command(...argv);
      expect(answer).toMatchObject({ code: 78, stderr: expect.stringMatching(missing) });
      expect(answer.stdout).not.toBe('');
    }
    expect(await at.command('list', '--state', 'elsewhere')).toMatchObject({ code: 78, stdout: '' });
    expect(await readdir(at.dir)).not.toContain('elsewhere');
  });
});

describe('settings and schedules', () => {
  it('lists every fault at its place and ends with 78, whatever is asked', async () => {
    const at = await project();
    await at.settings('a: { enabled: true, cron: "61 * * * *" }\nb: { enabled: yep }', 'timezone: UTC');
    const lines = [
      expect.stringMatching(/^settings\/aclarai\.config\.yaml:6:\d+: scheduler\.jobs\.a\.cron: /),
      expect.stringMatching(/^settings\/aclarai\.config\.yaml:7:\d+: scheduler\.jobs\.b\.enabled: /),
      '2 faults in the settings; check again with: aclarai-scheduler validate',
      '',
    ];
    for (const argv of [
      ['start'],
      ['validate'],
      ['validate', 'settings/aclarai.config.yaml'],
      ['config', 'show'],
    ]) {
      const answer = await at.command(...argv);
      expect(answer).toMatchObject({ code: 78, stdout: '' });
      expect(answer.stderr.split('\n')).toEqual(lines);
    }
    const asJson = await at.command('validate', '--json');
    expect(asJson.code).toBe(78);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      ok: false,
      errors: [{ line: 6 }, { line: 7 }],
      jobs: [],
    });
  });

  it('says of a wrong expression how to write it, of a path that there is no such file', async () => {
    const at = await project();
    const fixOf = async (text: string) => (await at.command('validate', text)).stderr.split('fix: ')[1];
    expect(await fixOf('*/0 * * * *')).toMatch(/^a minute is /);
    expect(await fixOf('settings/gone.yaml')).toBe('there is no file settings/gone.yaml\n');
    expect((await at.command('validate', '0 0 31 2 *')).stderr).toContain('a day that never comes');
  });

  it('validates the settings and shows every effective value, and makes nothing', async () => {
    const at = await project();
    const valid = await at.json<{ ok: boolean; jobs: Row[]; warnings: Row[] }>('validate');
    expect(valid.ok).toBe(true);
    expect(valid.warnings).toMatchObject([{ path: 'scheduler.jobs.off' }]);
    expect(valid.jobs.find((job) => job.id === 'report')).toMatchObject({
      sentence: 'At 03:00',
      next: { length: 5 },
      restart_costs: {
        slots: 1,
        missed: 1,
        sentence: '1 slot missed: downtime (grace 5m, misfire_policy skip)',
      },
    });
    const config = await at.command('config', 'show', '--origin');
    expect(config.stdout).toMatch(/^scheduler\.timezone +UTC +settings\/aclarai\.config\.yaml:3$/m);
    expect(config.stdout).toMatch(/^scheduler\.jobs\.report\.timezone +Europe\/Paris +settings\//m);
    expect(existsSync(at.state)).toBe(false);
  });

  it('says of code that runs inline that nothing can end it', async () => {
    const at = await project();
    await at.settings(JOBS.replace('every: 1h', 'every: 1h, isolation: inline'));
    const { warnings } = await at.json<{ warnings: Row[] }>('validate');
    expect(warnings).toMatchObject([
      { path: 'scheduler.jobs.off' },
      { code: 'INLINE', path: 'scheduler.jobs', message: expect.stringMatching(/^broken: run inside/) },
    ]);
  });

  it('says what a schedule means and when it fires', async () => {
    const at = await project();
    const cron = await at.command('validate', '*/30 * * * *');
    expect(cron).toMatchObject({ code: 0, stderr: '' });
    expect(cron.stdout).toMatch(/^Type: +cron\nExpression: \*\/30 \* \* \* \*\nMeaning: +Every 30 minutes\n/);
    expect(cron.stdout.match(/^\d{4}-\d\d-\d\d \d\d:[03]0:00Z$/gm)).toHaveLength(5);
    const bad = await at.command('validate', '61 * * * *');
    expect(bad).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: cron .*minute "61"\nfix: /),
    });
  });

  it('masks secrets, and refuses a sync into Neo4j without a password', async () => {
    const at = await Project.create();
    const settings = (password: string) => `databases: { neo4j: { host: 127.0.0.1, bolt_port: 1${password} } }
paths: { vault: vault }
scheduler: { jobs: { vault_sync: { enabled: true }, housekeeping: { enabled: true } } }
`;
    await at.write('settings/aclarai.config.yaml', settings(''));
    for (const argv of [['start'], ['run', 'vault_sync']]) {
      const answer = await at.command(...argv);
      expect(answer).toMatchObject({
        code: 78,
        stdout: '',
        stderr: expect.stringContaining('NEO4J_PASSWORD'),
      });
    }
    await at.write('settings/aclarai.config.yaml', settings(', password: hunter2hunter2'));
    const shown = await at.command('config', 'show', '--json');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain('databases.neo4j.password');
    expect(shown.stdout).not.toContain('hunter2');
  });
});

/** The text of a stream so far, and a promise for the moment it holds something. */
function collect(stream: NodeJS.ReadableStream): { text(): string; until(pattern: RegExp): Promise<void> } {
  let text = '';
  stream.on('data', (chunk) => {
    text += chunk;
  });
  return {
    text: () => text,
    async until(pattern) {
      while (!pattern.test(text)) await once(stream, 'data');
    },
  };
}
