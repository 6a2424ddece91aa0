// Recurring runs a second through the whole service on one SQLite file, beside bare inserts of the same rows by node:sqlite.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#core/clock';
import { openLedgerFile } from '#store/sqlite/open';
import { type Figure, figure, median } from './figure.ts';
import { addJobs, aJob, inFolder, startService } from './service.ts';

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
  for (let round = 0; round < ROUNDS; round++) {
    const { perSecond, rows } = await inFolder((dir) => serviceRuns(dir));
    own.push(perSecond);
    floor.push(await inFolder((dir) => bareInserts(dir, rows)));
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
  ];
}

/** Jobs of every second; the clock jumps to the next one as soon as all of them have run. */
async function serviceRuns(dir: string): Promise<{ perSecond: number; rows: unknown[][] }> {
  const every = { kind: 'every', every: '1s', timezone: 'UTC', anchor: START } as const;
  await addJobs(
    dir,
    Array.from({ length: JOBS }, (_, n) => aJob(String(n), every, START)),
  );
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
function check(file: string): unknown[][] {
  const db = new DatabaseSync(file, { readOnly: true });
  const rows = db.prepare(`SELECT * FROM runs WHERE state = 'succeeded' ORDER BY seq`).all();
  db.close();
  const expected = (WARM_UP_SLOTS + SLOTS) * JOBS;
  if (rows.length !== expected) throw new Error(`${rows.length} runs are on record, not ${expected}`);
  return rows.slice(WARM_UP_SLOTS * JOBS).map((row) => Object.values(row).slice(1));
}

/** The same table with the same indexes and rows, and nothing else. */
async function bareInserts(dir: string, rows: unknown[][]): Promise<number> {
  const file = path.join(dir, 'floor.db');
  if (existsSync(file)) throw new Error('the floor wants a file of its own');
  const ledger = openLedgerFile(file);
  const level = Number(ledger.pragma('synchronous'));
  ledger.close();
  if (level !== 2) throw new Error(`synchronous is ${level}, not FULL`);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF');
  const columns = db.prepare('PRAGMA table_info(runs)').all().slice(1);
  const insert = db.prepare(
    `INSERT INTO runs (${columns.map((column) => column.name).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const started = performance.now();
  for (let from = 0; from < rows.length; from += BATCH) {
    db.exec('BEGIN IMMEDIATE');
    for (const row of rows.slice(from, from + BATCH)) insert.run(...(row as never[]));
    db.exec('COMMIT');
  }
  const seconds = (performance.now() - started) / 1000;
  const { n } = db.prepare('SELECT count(*) AS n FROM runs').get() as { n: number };
  db.close();
  if (n !== rows.length) throw new Error(`${n} rows were inserted, not ${rows.length}`);
  return rows.length / seconds;
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
