// What has run once more, what was missed after all: rerun and backfill as real processes, without and beside a service.

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { Project, type Row } from '../support/service-process.ts';

const HOUR = 3_600_000;
/** Slots lie half an hour from now: none becomes due while a test runs. */
const HALF_PAST = new Date(Date.now() - 10.5 * HOUR).toISOString().replace(/\.\d+/, '');

async function project(): Promise<Project> {
  const at = await Project.create();
  const code = (body: string) =>
    `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ run(ctx) { ${body} } });\n`;
  await at.settings(
    `vault_sync: { enabled: false }\nhousekeeping: { enabled: false }\nreport: { enabled: true, every: 1h, anchor: "${HALF_PAST}", input: { month: "1" } }`,
    'timezone: UTC',
  );
  await at.write('jobs/report.ts', code('return { month: ctx.input.month };'));
  return at;
}

/** The job as it would be had the last service stopped `hours` ago: the next start finds the slots since then missed. */
function downFor(at: Project, hours: number): void {
  const db = new DatabaseSync(path.join(at.state, 'scheduler.db'));
  const since = Date.now() - hours * HOUR;
  const slot = Date.parse(HALF_PAST) + Math.ceil((since - Date.parse(HALF_PAST)) / HOUR) * HOUR;
  db.prepare(
    "UPDATE jobs SET cursor = ?, next_slot = ?, next_due = ?, created_at = ?, ledger_from = ?, audited_to = ? WHERE id = 'report'",
  ).run(since, slot, slot, since, since, since);
  db.prepare("UPDATE job_changes SET at = ? WHERE what = 'created'").run(since);
  db.close();
}

it('rerun repeats a run with its own input, and refuses what never ran', async () => {
  const at = await project();
  const first = await at.json('run', 'report', '--input', '{"month": "3"}');
  const again = await at.command('rerun', String(first.run_id));
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(again.stdout).toMatch(/^report succeeded in \S+\nmonth: 3\nRun: +\S+\n$/);
  const rows = await at.json<Row[]>('history', 'report');
  expect(rows).toMatchObject([{ kind: 'manual', input: { month: '3' } }, { run_id: first.run_id }]);
  expect(await at.command('rerun', 'nope')).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('there is no run nope'),
  });
  expect(await at.command('rerun')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('run is missing'),
  });
});

it('backfill lists and runs the slots that were missed, oldest first', async () => {
  const at = await project();
  const service = at.start();
  await service.message(/the scheduler is up/);
  await service.kill('SIGTERM');
  downFor(at, 5);
  const back = at.start();
  await back.message(/the scheduler is up/);
  const [missed] = await at.json<Row[]>('history', 'report', '--status', 'missed');
  expect(missed).toMatchObject({ state: 'missed', reason: 'downtime', covers: { count: 5 } });
  const { from, to } = missed!.covers as { from: string; to: string };

  const look = await at.command('backfill', 'report', '--from', from, '--to', to, '--dry-run');
  expect(look).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^report: 5 slots would run, oldest first\n/),
  });
  expect(look.stdout.split('\n')[1]).toBe(`  ${from.replace('T', ' ')}`);

  const done = await at.json('backfill', 'report', '--from', from, '--to', to, '--wait');
  const runs = done.runs as Row[];
  expect(runs.map((run) => [run.slot, run.kind, run.state])).toEqual(
    (done.slots as string[]).map((slot) => [slot, 'backfill', 'succeeded']),
  );
  expect(done).toMatchObject({ job: 'report', dry_run: false, slots: { length: 5 } });
  expect(await at.json('history', 'report', '--status', 'missed')).toEqual([]);
  const none = await at.command('backfill', 'report', '--from', from, '--to', to);
  expect(none).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no slot of job report was missed'),
  });
  await back.kill('SIGTERM');
});

it('without a service backfill runs them here, and needs to know from when', async () => {
  const at = await project();
  const service = at.start();
  await service.message(/the scheduler is up/);
  await service.kill('SIGTERM');
  downFor(at, 3);
  const back = at.start();
  await back.message(/the scheduler is up/);
  await back.kill('SIGTERM');
  expect(await at.command('backfill', 'report')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--from is missing'),
  });
  const from = new Date(Date.now() - 4 * HOUR).toISOString();
  const done = await at.command('backfill', 'report', '--from', from);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(
    /^report: 3 slots taken out of what was missed or skipped\n( {2}\S+ \S+Z {2}succeeded {2}\S+\n){3}$/,
  );
});
