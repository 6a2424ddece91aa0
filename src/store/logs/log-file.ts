// The file of run logs: `<state>/logs.sqlite`, apart from the ledger, whose file nothing else may write to.

import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { SchedulerError } from '#core/errors';
import type { RunLine } from '#core/run-log';
import { Database, isDamaged } from '../sqlite/database.ts';
import { APPLICATION_ID } from '../sqlite/migrate.ts';
import { prepareStateDir } from '../sqlite/state-dir.ts';
import type { Changes, Kept } from './head-and-tail.ts';

const FILE = 'logs.sqlite';
const BESIDE = ['-wal', '-shm'];
/** A file of another version is put aside: lines are no ledger. */
const VERSION = 1;
const SCHEMA = `
  CREATE TABLE run_logs (
    run_id TEXT PRIMARY KEY, job_id TEXT NOT NULL, written_at INTEGER NOT NULL, lines INTEGER NOT NULL,
    head_bytes INTEGER NOT NULL, cut_lines INTEGER NOT NULL, cut_bytes INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX run_logs_oldest ON run_logs (written_at);
  CREATE TABLE pieces (
    run_id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, is_head INTEGER NOT NULL, text TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX pieces_of_run ON pieces (run_id, first);
  PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSION}`;
const WRITE_RUN = `INSERT INTO run_logs VALUES (:runId, :jobId, :at, :lines, :headBytes, :cutLines, :cutBytes)
  ON CONFLICT (run_id) DO UPDATE SET written_at = :at, lines = :lines, head_bytes = :headBytes,
    cut_lines = :cutLines, cut_bytes = :cutBytes`;
const WRITE_PIECE = `INSERT INTO pieces VALUES (:runId, :first, :last, :isHead, :text)
  ON CONFLICT (run_id, first) DO UPDATE SET last = :last, text = :text`;
const DROP_PIECE = 'DELETE FROM pieces WHERE run_id = :runId AND first = :first';
const READ_RUN = 'SELECT lines, head_bytes, cut_lines, cut_bytes FROM run_logs WHERE run_id = :runId';
const READ_TAIL = `SELECT first, last, octet_length(text) AS bytes FROM pieces
  WHERE run_id = :runId AND NOT is_head ORDER BY first`;
const READ_PIECES = `SELECT first, is_head, text FROM pieces
  WHERE run_id = :runId AND last > :after ORDER BY first LIMIT :limit`;
const LAST_OF_HEAD = 'SELECT max(last) AS last FROM pieces WHERE run_id = :runId AND is_head';
const OLDEST = 'SELECT run_id FROM run_logs ORDER BY written_at LIMIT :limit';
const RUNS = 'SELECT run_id FROM run_logs WHERE run_id > :after ORDER BY run_id LIMIT :limit';
const DROP_RUN = 'DELETE FROM run_logs WHERE run_id = :runId';
const DROP_PIECES = 'DELETE FROM pieces WHERE run_id = :runId';
/** Longer than any step of ours; nothing of the service waits for lines. */
const BUSY_TIMEOUT_MS = 100;
/** Pages that one call gives back to the disk: a millisecond or two. */
const PAGES = 256;

export interface RunChanges extends Changes {
  runId: string;
  jobId: string;
  lines: number;
  headBytes: number;
  cutLines: number;
  cutBytes: number;
}

export class LogFile {
  readonly #db: Database;

  private constructor(db: Database) {
    this.#db = db;
  }

  static placeIn(stateDir: string): string {
    return path.join(path.resolve(stateDir), FILE);
  }

  /** Null = there is none yet, or none that can be read. */
  static openToRead(stateDir: string): LogFile | null {
    const place = LogFile.placeIn(stateDir);
    const opened = existsSync(place) ? tryOpen(place) : null;
    return opened && new LogFile(opened);
  }

  /**
   * Makes it where it is missing. A damaged file, or one of another version, goes to `logs.sqlite.aside` and a new one is
   * begun. Throws FORBIDDEN, PRECONDITION_FAILED and DATABASE_ERROR like the ledger.
   */
  static open(stateDir: string): LogFile {
    prepareStateDir(stateDir, [FILE, ...BESIDE.map((end) => FILE + end)]);
    const place = LogFile.placeIn(stateDir);
    const opened = tryOpen(place);
    if (opened) return new LogFile(opened);
    putAside(place);
    const fresh = tryOpen(place);
    if (fresh) return new LogFile(fresh);
    throw new SchedulerError('DATABASE_ERROR', `${place} cannot be made`, `move ${place} away`);
  }

  write(runs: readonly RunChanges[], at: number): void {
    this.#db.write(() => {
      for (const { written, removed, ...run } of runs) {
        const { runId } = run;
        this.#db.run(WRITE_RUN, { ...run, at });
        for (const { first, last, isHead, text } of written)
          this.#db.run(WRITE_PIECE, { runId, first, last, isHead: isHead ? 1 : 0, text });
        for (const first of removed) this.#db.run(DROP_PIECE, { runId, first });
      }
    });
  }

  /** Null = nothing of this run. */
  kept(runId: string): Kept | null {
    const run = this.#db.get(READ_RUN, { runId });
    if (!run) return null;
    const tail = this.#db.all(READ_TAIL, { runId }).map(({ first, last, bytes }) => ({
      ...{ first: Number(first), last: Number(last), bytes: Number(bytes) },
    }));
    return {
      lines: Number(run.lines),
      headBytes: Number(run.head_bytes),
      tail,
      cutLines: Number(run.cut_lines),
      cutBytes: Number(run.cut_bytes),
    };
  }

  /** Lines behind `after`, at most `limit`, with a `cut` between head and tail where lines are gone. */
  read(runId: string, after: number, limit: number): RunLine[] {
    return this.#db.read(() => {
      // A piece has at least one line.
      const pieces = this.#db.all(READ_PIECES, { runId, after, limit });
      const lines: RunLine[] = [];
      let isCutTold = false;
      for (const { first, is_head, text } of pieces) {
        if (is_head === 0 && !isCutTold) {
          const cut = this.#cutBefore(runId, Number(first), text as string);
          if (cut && cut.n > after) lines.push(cut);
          isCutTold = true;
        }
        for (const line of linesOf(text as string)) if (line.n > after) lines.push(line);
        if (lines.length >= limit) break;
      }
      return lines.slice(0, limit);
    });
  }

  #cutBefore(runId: string, first: number, text: string): RunLine | null {
    const run = this.#db.get(READ_RUN, { runId });
    const last = Number(this.#db.get(LAST_OF_HEAD, { runId })?.last ?? 0);
    const next = linesOf(text)[0];
    // What is asked for begins within the tail.
    const isFirstOfTail = Number(this.#db.all(READ_TAIL, { runId })[0]?.first) === first;
    if (!run || !next || !isFirstOfTail || last === first - 1) return null;
    const megabytes = (Number(run.cut_bytes) / 1_048_576).toFixed(1);
    const message = `${run.cut_lines} lines (${megabytes} MB) are not kept: a run keeps 1 MB, its first and its last lines`;
    const { at, attempt } = next;
    return { n: first - 1, at, attempt, stream: 'cut', level: 'warn', message, fields: null };
  }

  drop(runIds: readonly string[]): void {
    this.#db.write(() => {
      for (const runId of runIds) {
        this.#db.run(DROP_PIECES, { runId });
        this.#db.run(DROP_RUN, { runId });
      }
    });
  }

  /** In the order of their ids. */
  runs(after: string, limit: number): string[] {
    return this.#db.all(RUNS, { after, limit }).map(({ run_id }) => String(run_id));
  }

  /** Whose last line is the oldest. */
  oldest(limit: number): string[] {
    return this.#db.all(OLDEST, { limit }).map(({ run_id }) => String(run_id));
  }

  /** What it takes on the disk once free pages are given back. */
  get bytes(): number {
    const pages = Number(this.#db.pragma('page_count')) - Number(this.#db.pragma('freelist_count'));
    return pages * Number(this.#db.pragma('page_size'));
  }

  /** Gives free pages back to the disk, a bounded number at a time; false = there are none left. */
  shrink(): boolean {
    if (Number(this.#db.pragma('freelist_count')) === 0) return false;
    this.#db.script(`PRAGMA incremental_vacuum(${PAGES})`);
    return true;
  }

  close(): void {
    this.#db.close();
  }
}

/** Null = not a file to go on with. */
function tryOpen(place: string): Database | null {
  const db = new Database(place, { busyTimeoutMs: BUSY_TIMEOUT_MS });
  try {
    if (db.pragma('page_count') === 0) db.script('PRAGMA auto_vacuum = INCREMENTAL');
    // Nothing waits for the disk: what is written survives the end of the process, not that of the machine.
    db.script('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA journal_size_limit = 16777216');
    const isEmpty = () => !db.get('SELECT 1 FROM sqlite_schema LIMIT 1');
    if (isEmpty())
      db.write(() => {
        // Another process may have been faster.
        if (isEmpty()) db.script(SCHEMA);
      });
    if (db.pragma('application_id') === APPLICATION_ID && db.pragma('user_version') === VERSION) return db;
    db.close();
    return null;
  } catch (error) {
    db.close();
    if (isDamaged(error)) return null;
    throw error;
  }
}

function putAside(place: string): void {
  for (const end of BESIDE) rmSync(place + end, { force: true });
  if (existsSync(place)) renameSync(place, `${place}.aside`);
}

/** Of files that are there. */
export function bytesOf(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function linesOf(text: string): RunLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunLine);
}
