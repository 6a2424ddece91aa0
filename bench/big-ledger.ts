// A ledger of a million rows: how long a start takes, and what a person waits for who looks into it.

import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#core/clock';
import { type Figure, figure } from './figure.ts';
import { addJobs, aJob, inFolder, ledgerOf, startService } from './service.ts';

const JOBS = 100;
const ROWS = 1_000_000;
const START_LIMIT_MS = 1_000;
const LOOK_LIMIT_MS = 20;
const LOOKS = 200;
const MINUTE = 60_000;

export async function figures(): Promise<Figure[]> {
  return await inFolder(async (dir) => {
    const now = Math.floor(Date.now() / MINUTE) * MINUTE;
    await fill(dir, now);
    const started = performance.now();
    const service = await startService(dir, systemClock);
    await service.installed.idle();
    const startMs = performance.now() - started;
    const api = service.installed.service;
    const span = (ROWS / JOBS) * MINUTE;
    const looks: [string, (n: number) => Promise<unknown>][] = [
      ['list', () => api.list()],
      ['history', (n) => api.history({ job: `job_${n % JOBS}`, limit: 50 })],
      ['history of failures', () => api.history({ states: ['failed'], limit: 50 })],
      [
        'why',
        (n) => api.why(`job_${n % JOBS}`, now - Math.floor((span * (n + 1)) / (LOOKS + 1) / MINUTE) * MINUTE),
      ],
    ];
    const figures = [limited('big-ledger, start', startMs, START_LIMIT_MS)];
    for (const [name, look] of looks)
      figures.push(limited(`big-ledger, ${name} p99`, await p99(look), LOOK_LIMIT_MS));
    await service.stop();
    return figures;
  });
}

function limited(name: string, value: number, limit: number): Figure {
  return figure({
    figure: name,
    value,
    unit: 'ms',
    yardstick: 'limit',
    yardstick_value: limit,
    better: 'lower',
    goal: 1,
  });
}

async function p99(look: (n: number) => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let n = 0; n < LOOKS; n++) {
    const started = performance.now();
    await look(n);
    samples.push(performance.now() - started);
  }
  return samples.toSorted((a, b) => a - b)[Math.floor(LOOKS * 0.99)]!;
}

/** One run a minute of each job up to now, every thousandth failed; throws where a row is missing. */
async function fill(dir: string, now: number): Promise<void> {
  const from = now - (ROWS / JOBS) * MINUTE;
  const every = { kind: 'every', every: '1m', timezone: 'UTC', anchor: from - MINUTE } as const;
  const jobs = Array.from({ length: JOBS }, (_, n) => ({
    ...aJob(String(n), every, now),
    createdAt: from,
    ledgerFrom: from,
  }));
  await addJobs(dir, jobs);
  const db = new DatabaseSync(ledgerOf(dir));
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -200000');
  const snapshot = JSON.stringify({ handler: 'noop', policy: jobs[0]!.policy, dryRun: false });
  db.prepare('INSERT INTO snapshots (id, body) VALUES (1, ?)').run(snapshot);
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS - 1})
    INSERT INTO runs (run_id, name, job_uid, job_id, job_name, kind, state, slot, due_at, attempt, attempts, queued_at,
      started_at, ended_at, duration_ms, late_by_ms, input, config_hash, snapshot_id, success, boot_id, holds_place,
      priority)
    SELECT printf('00000000-0000-7000-8001-%012d', i), jobs.id || '_' || i, jobs.uid, jobs.id, jobs.name, 'scheduled',
      iif(i % 1000 = 7, 'failed', 'succeeded'), :from + (i / ${JOBS}) * ${MINUTE}, :from + (i / ${JOBS}) * ${MINUTE}, 1,
      '[]', :from + (i / ${JOBS}) * ${MINUTE} + 5, :from + (i / ${JOBS}) * ${MINUTE} + 6,
      :from + (i / ${JOBS}) * ${MINUTE} + 9, 3.0, 5, '{}', 'bench', 1, i % 1000 <> 7, 'bench', 0, 100
    FROM n JOIN jobs ON jobs.id = 'job_' || (i % ${JOBS})`,
  ).run({ from });
  const { rows } = db.prepare('SELECT count(*) AS rows FROM runs').get() as { rows: number };
  db.close();
  if (rows !== ROWS) throw new Error(`${rows} rows were written, not ${ROWS}`);
}
