// Recurring runs a second through the whole service on one SQLite file, beside bare inserts of the same rows by node:sqlite.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import type { Clock } from '#core/clock';
import { openLedgerFile } from '#store/sqlite/open';
import { type Figure, figure, median } from './figure.ts';
import { addJobs, aJob, inFolder, ledgerOf, startService } from './service.ts';

const JOBS = 100;
const SECOND = 1_000;
const WARM_UP_SLOTS = 20;
const SLOTS = 100;
const ROUNDS = 3;
const START = Date.UTC(2026, 0, 1);
/** The rows of one transaction of the floor. */
const BATCH = 500;

export async function figures(): Promise<Figure[]> {
  const own: number[] = [];
  const floor: number[] = [];
  const law: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { perSecond, rows } = await inFolder((dir) => serviceRuns(dir));
    own.push(perSecond);
    floor.push(await inFolder((dir) => bare(dir, rows, insertOnly)));
    law.push(await inFolder((dir) => bare(dir, rows, asTheLawAsks)));
  }
  return [
    figure({
      figure: 'durable-runs',
      value: median(own),
      unit: 'runs/s',
      yardstick: 'node:sqlite, the same rows in 500s, FULL',
      yardstick_value: median(floor),
      better: 'higher',
      goal: 0.5,
    }),
    figure({
      figure: 'durable-runs, beside its writes',
      value: median(own),
      unit: 'runs/s',
      yardstick: 'node:sqlite, start, end and job of each, FULL',
      yardstick_value: median(law),
      better: 'higher',
      goal: 0.5,
    }),
  ];
}

function benchJobs() {
  const every = { kind: 'every', every: '1s', timezone: 'UTC', anchor: START } as const;
  return Array.from({ length: JOBS }, (_, n) => aJob(String(n), every, START));
}

/** Jobs of every second; the clock jumps to the next one as soon as all of them have run. */
async function serviceRuns(dir: string): Promise<{ perSecond: number; rows: Row[] }> {
  await addJobs(dir, benchJobs());
  const clock = createJumpingClock(START);
  const service = await startService(dir, clock);
  const pass = async (slots: number) => {
    for (let slot = 0; slot < slots; slot++) {
      clock.jump(SECOND);
      await rest(service.installed);
    }
  };
  await pass(WARM_UP_SLOTS);
  const started = performance.now();
  await pass(SLOTS);
  const seconds = (performance.now() - started) / 1000;
  const rows = check(service.file);
  await service.stop();
  return { perSecond: (SLOTS * JOBS) / seconds, rows };
}

/** Resolves when every run is recorded. */
async function rest(installed: { idle(): Promise<void>; running: readonly string[] }): Promise<void> {
  do {
    await installed.idle();
    if (installed.running.length > 0) await new Promise((resolve) => setImmediate(resolve));
  } while (installed.running.length > 0);
}

/** The rows of the measured runs; throws where one is missing or was not durable. */
function check(file: string): Row[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare(`SELECT * FROM runs WHERE state = 'succeeded' ORDER BY seq`).all();
  db.close();
  const expected = (WARM_UP_SLOTS + SLOTS) * JOBS;
  if (rows.length !== expected) throw new Error(`${rows.length} runs are on record, not ${expected}`);
  return rows.slice(WARM_UP_SLOTS * JOBS).map(({ seq: _seq, ...row }) => row as Row);
}

type Row = Record<string, SQLInputValue>;
type Write = (db: DatabaseSync, rows: readonly Row[]) => void;

/** A ledger with the same tables, indexes and jobs, written by `node:sqlite` alone: rows a second. */
async function bare(dir: string, rows: readonly Row[], write: Write): Promise<number> {
  await addJobs(dir, benchJobs());
  const ledger = openLedgerFile(ledgerOf(dir));
  const level = Number(ledger.pragma('synchronous'));
  ledger.close();
  if (level !== 2) throw new Error(`synchronous is ${level}, not FULL`);
  const db = new DatabaseSync(ledgerOf(dir));
  db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF');
  const started = performance.now();
  write(db, rows);
  const seconds = (performance.now() - started) / 1000;
  const { n } = db.prepare(`SELECT count(*) AS n FROM runs WHERE state = 'succeeded'`).get() as { n: number };
  db.close();
  if (n !== rows.length) throw new Error(`${n} rows are on record, not ${rows.length}`);
  return rows.length / seconds;
}

/** Each run as it has ended, and nothing else. */
function insertOnly(db: DatabaseSync, rows: readonly Row[]): void {
  const insert = insertInto(db, rows[0]!);
  for (const batch of chunksOf(rows, BATCH)) transaction(db, () => batch.forEach(insert));
}

/**
 * What no scheduler that keeps rules 10 and 11 can leave out: a start and the cursor that it moves are on the disk
 * before the handler is called, the end and the counters after it, and no more than 100 runs go on at a time.
 */
function asTheLawAsks(db: DatabaseSync, rows: readonly Row[]): void {
  const started = { state: 'running', lease_token: 'lease', ended_at: null, success: null, statistics: null };
  const insert = insertInto(db, rows[0]!);
  const end = db.prepare(
    `UPDATE runs SET state = ?, lease_token = NULL, ended_at = ?, attempts = ?, duration_ms = ?, statistics = ?, success = 1
    WHERE run_id = ? AND lease_token = 'lease'`,
  );
  const move = db.prepare(
    'UPDATE jobs SET cursor = ?, next_slot = ?, next_due = ?, run_count = run_count + 1 WHERE uid = ?',
  );
  const count = db.prepare(
    'UPDATE jobs SET success_count = success_count + 1, last_success_run = ? WHERE uid = ?',
  );
  for (const batch of chunksOf(rows, JOBS)) {
    transaction(db, () => {
      for (const row of batch) {
        insert({ ...row, ...started, attempts: '[]', duration_ms: null });
        move.run(row.slot!, Number(row.slot) + SECOND, Number(row.slot) + SECOND, row.job_uid!);
      }
    });
    transaction(db, () => {
      for (const row of batch) {
        end.run(row.state!, row.ended_at!, row.attempts!, row.duration_ms!, row.statistics!, row.run_id!);
        count.run(row.run_id!, row.job_uid!);
      }
    });
  }
}

function insertInto(db: DatabaseSync, row: Row): (row: Row) => void {
  const columns = Object.keys(row);
  const insert = db.prepare(
    `INSERT INTO runs (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  return (each) => void insert.run(...columns.map((column) => each[column]!));
}

function transaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE');
  work();
  db.exec('COMMIT');
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

/** Stands still until it jumps; what falls due on the way is called at once, in order. */
function createJumpingClock(start: number): Clock & { jump(ms: number): void } {
  let elapsed = 0;
  let ids = 0;
  const timers = new Map<number, { at: number; wake: () => void }>();
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    timer(delayMs, wake) {
      const id = ++ids;
      timers.set(id, { at: elapsed + Math.max(0, Math.ceil(delayMs)), wake });
      return () => void timers.delete(id);
    },
    jump(ms) {
      elapsed += ms;
      const due = [...timers].filter(([, timer]) => timer.at <= elapsed).sort(([, a], [, b]) => a.at - b.at);
      for (const [id, timer] of due) {
        timers.delete(id);
        timer.wake();
      }
    },
  };
}
