// When each rule last ran for real: a small JSON file in the state directory, replaced whole.

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EpochMs } from '#core/clock';
import type { Log } from '#core/log';
import { isoAt, writeDurably } from './report.ts';

/** One file, one writer at a time; what is unreadable is started anew with a warning, never a fault. */
export class LastRuns {
  readonly #file: string;
  readonly #log: Log;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateDir: string, log: Log) {
    this.#file = join(stateDir, 'cleanup_last_runs.json');
    this.#log = log;
  }

  /** Rule id → start of its last real run. */
  async read(): Promise<Map<string, EpochMs>> {
    try {
      const entries = Object.entries(JSON.parse(await readFile(this.#file, 'utf8')) as object);
      return new Map(entries.map(([id, at]) => [id, Temporal.Instant.from(String(at)).epochMilliseconds]));
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'ENOENT')
        this.#log.warn(`${this.#file} cannot be read; the times of the last cleanups start anew`, {
          error: String(thrown),
        });
      return new Map();
    }
  }

  /** Moves the given rules to `at`. A file that cannot be written is a warning: the cleanup itself was done. */
  record(ids: readonly string[], at: EpochMs): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.#write(ids, at))
      .catch((thrown) => {
        this.#log.warn(`${this.#file} cannot be written; the last cleanup is not noted`, {
          error: String(thrown),
        });
      });
    return this.#writing;
  }

  async #write(ids: readonly string[], at: EpochMs): Promise<void> {
    if (ids.length === 0) return;
    const known = await this.read();
    for (const id of ids) known.set(id, at);
    const sorted = [...known].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const text = JSON.stringify(
      Object.fromEntries(sorted.map(([id, when]) => [id, isoAt(when, 'UTC')])),
      null,
      2,
    );
    await mkdir(dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${randomUUID()}.tmp`;
    try {
      await writeDurably(draft, `${text}\n`);
      await rename(draft, this.#file);
    } finally {
      await rm(draft, { force: true });
    }
  }
}
