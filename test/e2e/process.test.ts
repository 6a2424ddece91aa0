// The service as a user has it: a process, its log lines, its signals and exit codes, the command line beside it.

import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { Project, type Row, type ServiceProcess } from '../support/service-process.ts';

const SYNC = 'vault_sync: { enabled: true, cron: "0 0 1 1 *", run_on_start: true }';
const NO_SYNC = 'vault_sync: { enabled: false }';
const QUIET = 'housekeeping: { enabled: false }';
const OFTEN = `${NO_SYNC}\n${QUIET}\noften: { enabled: true, every: 1s, description: "first" }`;
const OFTEN_JOB = aJob('return { items_processed: 1 };');

/** A job file with that body; `ctx` is there. */
function aJob(body: string): string {
  return `import { existsSync } from 'node:fs';
    import { defineJob } from 'aclarai-scheduler';
    export default defineJob({ async run(ctx) { ${body} } });`;
}

const note = (text: string) => `Alice: ${text} <!-- aclarai:id=blk_one ver=1 -->\n^blk_one\n`;

async function withJob(
  project: Project,
  name: string,
  code: string,
  settings: string,
  more?: string,
): Promise<void> {
  await project.write(`jobs/${name}.ts`, code);
  await project.settings(settings, more);
}

async function often(): Promise<{ project: Project; service: ServiceProcess }> {
  const project = await Project.create();
  await withJob(project, 'often', OFTEN_JOB, OFTEN);
  const service = project.start();
  await service.runOf('often');
  return { project, service };
}

describe('the sync', () => {
  test('runs at the first start, and its line has the statistics of the run', async () => {
    const project = await Project.create();
    await project.write('vault/conversations/talk.md', note('good morning'));
    await project.settings(`${SYNC}\n${QUIET}`);
    const service = project.start();
    const run = await service.runOf('vault_sync');
    expect(run).toMatchObject({
      level: 'INFO',
      service: 'aclarai-scheduler',
      'filename.function_name': 'execute.runJob',
      job_id: expect.stringMatching(/^vault_sync_\d{10}$/),
      run_id: expect.any(String),
      duration: expect.any(Number),
      success: true,
      graph: expect.stringContaining('embedded'),
      files_scanned: 1,
      blocks_processed: 1,
      blocks_new: 1,
      items_processed: 1,
      items_updated: 1,
      errors: 0,
    });
    expect(Date.parse(String(run.time))).not.toBeNaN();
    expect((await service.kill('SIGTERM')).code).toBe(0);
  });

  test('updates the block of an edited note, asked for beside the service', async () => {
    const project = await Project.create();
    await project.write('vault/conversations/talk.md', note('good morning'));
    await project.settings(`${SYNC}\n${QUIET}`);
    const service = project.start();
    await service.runOf('vault_sync');
    await project.write('vault/conversations/talk.md', note('good evening, and more'));
    const run = await project.json('run', 'vault_sync', '--wait');
    expect(run).toMatchObject({
      state: 'succeeded',
      kind: 'manual',
      statistics: { blocks_updated: 1, blocks_new: 0, items_updated: 1 },
    });
    const line = await service.line(({ run_id }) => run_id === run.run_id);
    expect(line).toMatchObject({ job_name: 'vault_sync', blocks_updated: 1 });
  });

  test('runs without a service as well, in the process of the command', async () => {
    const project = await Project.create();
    await project.write('vault/conversations/talk.md', note('good morning'));
    await project.settings(`${SYNC}\n${QUIET}`);
    expect(await project.json('run', 'vault_sync')).toMatchObject({ statistics: { blocks_new: 1 } });
    expect(await project.json('run', 'vault_sync')).toMatchObject({ statistics: { blocks_unchanged: 1 } });
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends the service with 0, and its boot in the ledger',
    async (signal) => {
      const { project, service } = await often();
      expect(await service.kill(signal)).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(service.lines.at(-1)).toMatchObject({ msg: 'stopped' });
      expect(boots(project)).toEqual([{ kind: 'service', ended: 1 }]);
      expect(await project.json('status')).toMatchObject({ state: 'stopped', queued: 0, running: 0 });
    },
  );

  test('a second signal ends it at once, although a run still drains; the next start makes it good', async () => {
    const project = await Project.create();
    const code = aJob(`
      ctx.log.info('at work', { attempt: ctx.attempt });
      if (ctx.attempt === 1) await new Promise(() => setInterval(() => {}, 1000));
      return {};`);
    const jobs = `slow: { enabled: true, cron: "0 0 1 1 *", run_on_start: true, retry_delay: 1s }`;
    await withJob(project, 'slow', code, `${NO_SYNC}\n${QUIET}\n${jobs}`, 'shutdown: { drain: 60 }');
    const service = project.start();
    await service.message(/at work/);
    service.signal('SIGTERM');
    await service.message(/^stopping$/);
    expect(await service.kill('SIGTERM')).toMatchObject({ code: 143, signal: null });
    const next = project.start();
    expect(await next.runOf('slow')).toMatchObject({ success: true });
    await next.kill('SIGTERM');
  });

  test('SIGHUP reads the settings again', async () => {
    const { project, service } = await often();
    const from = service.lines.length;
    await project.settings(OFTEN.replace('every: 1s', 'every: 2s'));
    service.signal('SIGHUP');
    expect(await service.message(/settings applied/, from)).toMatchObject({ jobs: ['often'] });
  });

  test('after kill -9 in the middle of a run the next start accounts for it and tries again', async () => {
    const project = await Project.create();
    const code = aJob(`
      ctx.log.info('at work', { attempt: ctx.attempt });
      if (ctx.attempt === 1) await ctx.sleep('1h');
      return { items_processed: ctx.attempt };`);
    const settings = `slow: { enabled: true, cron: "0 0 1 1 *", run_on_start: true, retry_delay: 1s }`;
    await withJob(project, 'slow', code, `${NO_SYNC}\n${QUIET}\n${settings}`);

    const first = project.start();
    const { run_id } = await first.message(/at work/);
    expect(await first.kill('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL' });

    const second = project.start();
    expect(await second.message(/the service ended during a run of slow/)).toMatchObject({
      run_id,
      level: 'WARN',
    });
    expect(await second.runOf('slow')).toMatchObject({ run_id, success: true, items_processed: 2 });
    expect((await second.kill('SIGTERM')).code).toBe(0);

    const history = await project.json<Row[]>('history', 'slow');
    const run = history.find((each) => each.run_id === run_id);
    expect(run).toMatchObject({
      state: 'succeeded',
      attempt: 2,
      attempts: [
        { n: 1, outcome: 'interrupted' },
        { n: 2, outcome: 'succeeded' },
      ],
    });
    expect(boots(project)).toEqual([
      { kind: 'service', ended: 0 },
      { kind: 'service', ended: 1 },
    ]);
  });

  test('a run that is cut by SIGTERM is given back, and ends after the next start', async () => {
    const project = await Project.create();
    const code = aJob(`
      ctx.log.info('at work');
      if (existsSync('wait')) await ctx.sleep('1h');
      ctx.signal.throwIfAborted();
      return { items_processed: 1 };`);
    await project.write('wait', '');
    const settings = `${NO_SYNC}\n${QUIET}\nslow: { enabled: true, cron: "0 0 1 1 *", run_on_start: true }`;
    await project.write('jobs/slow.ts', code);
    await project.settings(settings, 'shutdown: { drain: 100ms }');
    const first = project.start();
    const { run_id } = await first.message(/at work/);
    expect((await first.kill('SIGTERM')).code).toBe(0);
    await rm(path.join(project.dir, 'wait'));
    const second = project.start();
    expect(await second.runOf('slow')).toMatchObject({ run_id, success: true });
    await second.kill('SIGTERM');
    const history = await project.json<Row[]>('history', 'slow');
    expect(history.find((each) => each.run_id === run_id)).toMatchObject({ attempt: 1 });
  });
});

describe('refusals', () => {
  test('a second service on the same state says who holds it, and ends with 1', async () => {
    const { project } = await often();
    const second = await project.start().ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/another service holds .*data \(process \d+/);
    expect(second.stderr).toMatch(/--state/);
  });

  test('settings with faults are told with file and line, and nothing is started', async () => {
    const project = await Project.create();
    await project.settings('vault_sync: { enabled: true, cron: "61 * * * *" }\nhousekeeping: { timout: 5 }');
    const refused = await project.start().ended;
    expect(refused.code).toBe(78);
    expect(refused.stderr).toMatch(/aclarai\.config\.yaml:6:\d+: .*vault_sync/);
    expect(refused.stderr).toMatch(/aclarai\.config\.yaml:7:\d+: .*timeout/);
  });

  test('Neo4j without a password is a fault of the configuration', async () => {
    const project = await Project.create();
    await project.settings(SYNC);
    await project.write('settings/.env', 'NEO4J_HOST=127.0.0.1\n');
    const refused = await project.start().ended;
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('NEO4J_PASSWORD');
  });
});

describe('settings that change while the service runs', () => {
  test('a torn file keeps the last good settings, a whole one is applied', async () => {
    const { project, service } = await often();
    let from = service.lines.length;
    await project.write(
      'settings/aclarai.config.yaml',
      'scheduler:\n  jobs:\n    often: { enabled: true, every',
    );
    expect(await service.message(/settings refused, the last good ones stay/, from)).toMatchObject({
      level: 'ERROR',
    });
    from = service.lines.length;
    expect(await service.runOf('often', from)).toMatchObject({ success: true });
    from = service.lines.length;
    await project.settings(
      OFTEN.replace('every: 1s, description: "first"', 'every: 2s, description: "second"'),
    );
    await service.message(/settings applied/, from);
    const jobs = await project.json<Row[]>('list');
    expect(jobs.find((job) => job.id === 'often')).toMatchObject({ description: 'second' });
  });

  test('.env pauses and lifts the pause; the slots between are accounted for', async () => {
    const { project, service } = await often();
    const from = service.lines.length;
    await project.write('settings/.env', 'AUTOMATION_PAUSE=true\n');
    expect(await service.message(/^paused by .*AUTOMATION_PAUSE/, from)).toMatchObject({
      source: 'env_file',
    });
    await service.line((line) => line.reason === 'paused', from);
    expect(await project.json('status')).toMatchObject({ state: 'paused', paused: [{ source: 'env_file' }] });
    await project.write('settings/.env', '');
    await service.message(/^no longer paused/, from);
    expect(await service.runOf('often', service.lines.length)).toMatchObject({ success: true });
    const rows = await project.json('history', 'often', '--status', 'skipped');
    expect(rows).toEqual([expect.objectContaining({ state: 'skipped', reason: 'paused' })]);
  });

  test('changed code of a job is taken by its next run', async () => {
    const { project, service } = await often();
    const from = service.lines.length;
    await project.write('jobs/often.ts', OFTEN_JOB.replace('items_processed: 1', 'items_processed: 7'));
    expect(
      await service.line((line) => line.job_name === 'often' && line.items_processed === 7, from),
    ).toMatchObject({ success: true });
  });
});

/** Oldest first. */
function boots(project: Project): unknown[] {
  const ledger = new DatabaseSync(path.join(project.state, 'scheduler.db'), { readOnly: true });
  try {
    const rows = ledger
      .prepare('SELECT kind, ended_at IS NOT NULL AS ended FROM boots ORDER BY started_at')
      .all();
    return rows.map((row) => ({ ...row }));
  } finally {
    ledger.close();
  }
}

describe('careless code of jobs', () => {
  test('a rejection nobody awaits and a throw in a timer are told where code runs inline, and the service goes on', async () => {
    const project = await Project.create();
    const code = aJob(`
      Promise.reject(new Error('floating'));
      setTimeout(() => { throw new Error('late'); }, 1);
      return { items_processed: 1 };`);
    const stray = 'stray: { enabled: true, every: 1s, isolation: inline }';
    await withJob(project, 'stray', code, `${NO_SYNC}\n${QUIET}\n${stray}`);
    const service = project.start();
    expect(await service.message(/nobody handles.*floating/)).toMatchObject({ level: 'ERROR' });
    expect(await service.message(/nobody handles.*late/)).toMatchObject({ level: 'ERROR' });
    const from = service.lines.length;
    expect(await service.runOf('stray', from)).toMatchObject({ success: true });
    expect((await service.kill('SIGTERM')).code).toBe(0);
  });

  test('in a thread it fails its own run: an exit, a stray error, a loop without end', async () => {
    const project = await Project.create();
    const careless = {
      leaver: 'process.exit(3);',
      stray: `Promise.reject(new Error('floating')); return {};`,
      deaf: `console.log('{ this is no JSON'); ctx.log.info('at work'); for (;;) {}`,
    };
    const once = (name: string) =>
      `${name}: { enabled: true, cron: "0 0 1 1 *", run_on_start: true, retries: 0 }`;
    for (const [name, body] of Object.entries(careless)) await project.write(`jobs/${name}.ts`, aJob(body));
    const entries = Object.keys(careless).map(once).join('\n');
    await withJob(project, 'often', OFTEN_JOB, `${OFTEN}\n${entries}`);
    const service = project.start();
    expect(await service.runOf('leaver')).toMatchObject({ error: 'the job called process.exit(3)' });
    expect(await service.runOf('stray')).toMatchObject({ error: 'floating' });
    const { run_id } = await service.message(/at work/);
    expect(service.lines).toContainEqual(expect.objectContaining({ msg: '{ this is no JSON', run_id }));
    expect(await service.runOf('often', service.lines.length)).toMatchObject({ success: true });
    expect(await service.kill('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    const history = await project.json<Row[]>('history', 'deaf');
    expect(history).toMatchObject([{ state: 'queued', attempts: [{ outcome: 'given_back' }] }]);
  });
});
