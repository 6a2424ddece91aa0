// One connection to one SQLite file: prepared statements, transactions, and faults with a way to mend them.

import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { SchedulerError } from '#core/errors';
import { DEFAULT_LIMITS, type QueueLimits } from '#core/queue';
import { LedgerPlace } from './ledger-place.ts';

export type Row = Record<string, SQLOutputValue>;
/** A row as the values of its select list, in its order. */
export type Values = readonly SQLOutputValue[];
export type Params = Record<string, SQLInputValue>;

/** How long a statement waits for another process that is writing; the whole process waits with it. */
const BUSY_TIMEOUT_MS = 5000;

const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;

const MOST_REMEMBERED = 1_000;

export class Database {
  readonly file: string;
  /** What the settings allow a queue: every statement that puts or delivers keeps to it. */
  queueLimits: QueueLimits = DEFAULT_LIMITS;
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #listings = new Map<string, StatementSync>();
  readonly #remembered = new Map<string, unknown>();
  #place: LedgerPlace | null = null;

  constructor(file: string, options: { busyTimeoutMs?: number; readOnly?: boolean } = {}) {
    const { busyTimeoutMs = BUSY_TIMEOUT_MS, readOnly = false } = options;
    this.file = file;
    this.#connection = this.#withFaults(() => new DatabaseSync(file, { timeout: busyTimeoutMs, readOnly }));
  }

  all(sql: string, params: Params = {}): Row[] {
    return this.#withFaults(() => this.#statement(sql).all(params));
  }

  /** As `all`, each row as the values of its select list: what is read by the thousand. */
  rows(sql: string, params: Params = {}): Values[] {
    return this.#withFaults(() => this.#listing(sql).all(params)) as unknown as Values[];
  }

  /** The first of `rows`. */
  row(sql: string, params: Params = {}): Values | undefined {
    return this.#withFaults(() => this.#listing(sql).get(params)) as unknown as Values | undefined;
  }

  get(sql: string, params: Params = {}): Row | undefined {
    return this.#withFaults(() => this.#statement(sql).get(params));
  }

  /** As `rows`, one by one, read no further than it is asked for. Nothing may be written meanwhile. */
  *each(sql: string, params: Params = {}): Generator<Values, void> {
    const rows = this.#withFaults(() => this.#listing(sql).iterate(params));
    try {
      for (;;) {
        const next = this.#withFaults(() => rows.next());
        if (next.done) return;
        yield next.value as unknown as Values;
      }
    } finally {
      // A statement left in the middle would keep its view of the file open.
      rows.return?.();
    }
  }

  /** As `run`, with values in the order of the `?`: what is written often. */
  runList(sql: string, values: readonly SQLInputValue[]): number {
    return this.#withFaults(() => Number(this.#statement(sql).run(...values).changes));
  }

  /** Writes one row and answers the number that `RETURNING` asks for. */
  insert(sql: string, values: readonly SQLInputValue[]): number {
    return Number(this.#withFaults(() => this.#listing(sql).get(...values) as unknown as Values)[0]);
  }

  /** Answers how many rows changed. */
  run(sql: string, params: Params = {}): number {
    return this.#withFaults(() => Number(this.#statement(sql).run(params).changes));
  }

  /** Several statements without parameters. */
  script(sql: string): void {
    this.#withFaults(() => this.#connection.exec(sql));
  }

  pragma(name: string): SQLOutputValue {
    return Object.values(this.get(`PRAGMA ${name}`) ?? {})[0] ?? null;
  }

  /** From here on nothing is written once the file is not the one at its path any more. */
  keepPlace(): void {
    this.#place = new LedgerPlace(this.file);
  }

  /** The fault that keeps `write` from writing; null = none is known. */
  placeFault(): SchedulerError | null {
    return this.#place?.fault() ?? null;
  }

  /** All of `work` or nothing. Takes the right to write at once, so that what it reads stays true. */
  write<T>(work: () => T): T {
    const fault = this.placeFault();
    if (fault) throw fault;
    return this.#transaction('BEGIN IMMEDIATE', work);
  }

  /** Several reads of one state of the file. */
  read<T>(work: () => T): T {
    return this.#transaction('BEGIN', work);
  }

  /** Inside `write`: what `work` wrote before it threw is taken back, the transaction goes on. */
  savepoint<T>(work: () => T): { kind: 'kept'; value: T } | { kind: 'undone'; error: unknown } {
    this.run('SAVEPOINT part');
    try {
      const value = work();
      this.run('RELEASE part');
      return { kind: 'kept', value };
    } catch (error) {
      this.#remembered.clear();
      if (isFaultOfFile(error) || !this.#connection.isTransaction) throw error;
      this.run('ROLLBACK TO part');
      this.run('RELEASE part');
      return { kind: 'undone', error };
    }
  }

  /** What `find` answered for the key before, as long as nothing was taken back since: rows that never change or go. */
  remember<T extends object | number>(key: string, find: () => T): T {
    const known = this.#remembered.get(key);
    if (known !== undefined) return known as T;
    const found = find();
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, found);
    return found;
  }

  /** The SQL of every statement prepared so far. */
  statements(): string[] {
    return [...this.#statements.keys(), ...this.#listings.keys()];
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close();
  }

  #transaction<T>(begin: string, work: () => T): T {
    this.run(begin);
    try {
      const answer = work();
      this.run('COMMIT');
      return answer;
    } catch (error) {
      this.#remembered.clear();
      // A full disk or an input/output fault has ended the transaction already.
      if (this.#connection.isTransaction) this.run('ROLLBACK');
      throw error;
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#connection.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #listing(sql: string): StatementSync {
    const known = this.#listings.get(sql);
    if (known) return known;
    const statement = this.#connection.prepare(sql);
    statement.setReturnArrays(true);
    this.#listings.set(sql, statement);
    return statement;
  }

  #withFaults<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toFault(error, this.file);
    }
  }
}

/** True when a row was refused (unique key, check, type), as against a fault of file or disk. */
export function isRefusedRow(error: unknown): boolean {
  return error instanceof SchedulerError && sqliteCode(error.cause) === SQLITE_CONSTRAINT;
}

/** True when another process held the file for longer than the busy timeout. */
export function isBusy(error: unknown): boolean {
  const code = error instanceof SchedulerError ? sqliteCode(error.cause) : null;
  return code === SQLITE_BUSY || code === SQLITE_LOCKED;
}

/** True when the file is no database, or no whole one. */
export function isDamaged(error: unknown): boolean {
  const code = error instanceof SchedulerError ? sqliteCode(error.cause) : null;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

function isFaultOfFile(error: unknown): boolean {
  return error instanceof SchedulerError && sqliteCode(error.cause) !== null && !isRefusedRow(error);
}

/** The primary result code of an error of SQLite, else null. */
function sqliteCode(error: unknown): number | null {
  const errcode = (error as { errcode?: unknown } | null | undefined)?.errcode;
  return typeof errcode === 'number' ? errcode & 0xff : null;
}

/** An error of SQLite as DATABASE_ERROR naming the file and what to do; any other as it is. */
export function toFault(error: unknown, file: string): unknown {
  const code = sqliteCode(error);
  if (code === null) return error;
  const because = error instanceof Error ? error.message : String(error);
  return new SchedulerError('DATABASE_ERROR', `${file}: ${because}`, FIXES[code]?.(file) ?? null, {
    cause: error,
  });
}

const locked = (file: string) =>
  `Another process holds ${file} for too long (an open sqlite3 shell, a backup tool): end it and try again.`;
const damaged = (file: string) =>
  `Stop every scheduler of this state directory, move ${file} with its -wal and -shm files aside, and put a backup in its place (a copy ${file}.before-<version> may lie beside it); without one, save what is readable with: sqlite3 "${file}" .recover`;
const readOnly = (file: string) => `Make ${file}, its -wal and -shm files and its directory writable.`;

const FIXES: Record<number, (file: string) => string> = {
  [SQLITE_BUSY]: locked,
  [SQLITE_LOCKED]: locked,
  [SQLITE_CORRUPT]: damaged,
  [SQLITE_NOTADB]: damaged,
  [SQLITE_READONLY]: readOnly,
  [SQLITE_CANTOPEN]: readOnly,
  [SQLITE_FULL]: (file) => `The disk of ${file} is full: free some space; nothing of this step was written.`,
  [SQLITE_IOERR]: (file) => `The disk of ${file} failed to read or write: look into the system's log.`,
};
