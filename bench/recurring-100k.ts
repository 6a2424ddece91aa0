// A hundred thousand recurring jobs spread over a day: what fires, the longest time nothing else got in, memory of a job.

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '#core/clock';
import { type Figure, figure, median } from './figure.ts';
import { addJobs, aJob, inFolder, ledgerOf, startService } from './service.ts';

const JOBS = 100_000;
/** Each second this share of the jobs is due: 100,000 jobs of every eight minutes or so. */
const SPREAD_S = 480;
const MEASURED_MS = 12_000;
const BLOCK_MS = 10;
const BYTES_A_JOB = 1_024;

export async function figures(): Promise<Figure[]> {
  const bare = await inFolder((dir) => measure(dir, 0));
  const full = await inFolder((dir) => measure(dir, JOBS));
  const commitMs = await inFolder(async (dir) => longestCommit(dir));
  const perJob = Math.max(1, (full.rss - bare.rss) / JOBS);
  return [
    figure({
      figure: 'recurring-100k, fired',
      value: full.fired,
      unit: 'slots',
      yardstick: 'slots that were due',
      yardstick_value: full.due,
      better: 'higher',
      goal: 1,
    }),
    figure({
      figure: 'recurring-100k, longest block',
      value: full.blockMs,
      unit: 'ms',
      yardstick: `${BLOCK_MS} ms and one commit`,
      yardstick_value: BLOCK_MS + commitMs,
      better: 'lower',
      goal: 1,
    }),
    figure({
      figure: 'recurring-100k, memory of a job',
      value: perJob,
      unit: 'bytes',
      yardstick: 'limit',
      yardstick_value: BYTES_A_JOB,
      better: 'lower',
      goal: 1,
    }),
  ];
}

interface Measured {
  fired: number;
  due: number;
  blockMs: number;
  rss: number;
}

/** The service with so many jobs, after its start: what it did in the seconds that followed. */
async function measure(dir: string, jobs: number): Promise<Measured> {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const period = SPREAD_S * 1000;
  await fill(dir, jobs, now);
  const service = await startService(dir, systemClock);
  await service.installed.idle();
  globalThis.gc?.();
  const from = Date.now();
  const blockMs = await longestGap(MEASURED_MS);
  const to = Date.now() - 2_000;
  await service.installed.idle();
  globalThis.gc?.();
  const { rss } = process.memoryUsage();
  const db = new DatabaseSync(service.file, { readOnly: true });
  const { fired } = db
    .prepare(`SELECT count(*) AS fired FROM runs WHERE slot > ? AND slot <= ? AND state = 'succeeded'`)
    .get(from, to) as { fired: number };
  db.close();
  await service.stop();
  let due = 0;
  for (let second = Math.floor(from / 1000) + 1; second <= Math.floor(to / 1000); second++) {
    const phase = ((((second * 1000 - now) % period) + period) % period) / 1000;
    due += Math.ceil((jobs - phase) / SPREAD_S);
  }
  return { fired, due, blockMs, rss };
}

/** By SQL: so many made one by one would leave their garbage in the memory that is measured. */
async function fill(dir: string, jobs: number, now: number): Promise<void> {
  const anchor = now - SPREAD_S * 1000;
  const schedule = { kind: 'every', every: `${SPREAD_S}s`, timezone: 'UTC', anchor } as const;
  await addJobs(dir, jobs === 0 ? [] : [aJob('template', schedule, now)]);
  if (jobs === 0) return;
  const db = new DatabaseSync(ledgerOf(dir));
  const columns = db
    .prepare('PRAGMA table_info(jobs)')
    .all()
    .map((column) => String(column.name));
  const own: Record<string, string> = {
    uid: `printf('00000000-0000-7000-8002-%012d', i)`,
    id: `'job_' || i`,
    schedule: `json_set(schedule, '$.anchor', :anchor + (i % ${SPREAD_S}) * 1000)`,
    next_slot: `:now + iif(i % ${SPREAD_S} = 0, ${SPREAD_S}, i % ${SPREAD_S}) * 1000`,
    next_due: `:now + iif(i % ${SPREAD_S} = 0, ${SPREAD_S}, i % ${SPREAD_S}) * 1000`,
  };
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${jobs - 1})
    INSERT INTO jobs (${columns.join(', ')})
    SELECT ${columns.map((column) => own[column] ?? column).join(', ')} FROM n, jobs WHERE id = 'job_template'`,
  ).run({ anchor, now });
  db.exec(`DELETE FROM jobs WHERE id = 'job_template'`);
  db.close();
}

/** The longest time in which a timer of one millisecond did not get its turn. */
async function longestGap(ms: number): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const probe = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  await sleep(ms);
  clearInterval(probe);
  return longest;
}

/** A commit of as many bytes as a batch of the scheduler writes, at its slowest of a few. */
async function longestCommit(dir: string): Promise<number> {
  const db = new DatabaseSync(path.join(dir, 'commit.db'));
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (body BLOB)');
  const insert = db.prepare('INSERT INTO t VALUES (zeroblob(4000))');
  const samples: number[] = [];
  for (let round = 0; round < 21; round++) {
    db.exec('BEGIN');
    for (let page = 0; page < 200; page++) insert.run();
    const started = performance.now();
    db.exec('COMMIT');
    samples.push(performance.now() - started);
  }
  db.close();
  return median(samples);
}
