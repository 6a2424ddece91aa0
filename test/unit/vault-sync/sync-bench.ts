// A vault and a state directory on disk, and runs of the real job over them.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { z } from 'aclarai-scheduler';
import job from '../../../jobs/vault-sync/index.ts';
import { appConfig, type FakeJobContext, jobContext } from '../../support/job-context.ts';

export type Input = z.output<NonNullable<typeof job.input>>;

export interface RunOptions {
  input?: Partial<Input>;
  dryRun?: boolean;
  config?: NonNullable<Parameters<typeof appConfig>[1]>;
  signal?: AbortSignal;
  /** Called instead of keeping what the job tells of its progress. */
  onProgress?: (done: number, total: number | undefined, note: string | undefined) => void;
}

/** A paragraph that is a block, with its anchor. */
export const line = (id: string, text: string, ver = 1): string =>
  `${text} <!-- aclarai:id=${id} ver=${ver} -->\n^${id}\n\n`;

export class SyncBench {
  readonly root: string;
  readonly stateDir: string;
  /** May be set to another vault. */
  vault: string;

  private constructor(root: string) {
    this.root = root;
    this.vault = path.join(root, 'vault');
    this.stateDir = path.join(root, 'state');
  }

  static async make(): Promise<SyncBench> {
    const root = await mkdtemp(path.join(tmpdir(), 'vault-job-'));
    for (const folder of ['vault/conversations', 'vault/summaries', 'vault/concepts', 'state'])
      await mkdir(path.join(root, folder), { recursive: true });
    return new SyncBench(root);
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }

  put(file: string, text: string | Uint8Array): Promise<void> {
    return writeFile(path.join(this.vault, file), text);
  }

  async run(
    options: RunOptions = {},
  ): Promise<{ ctx: FakeJobContext<Input>; result: Record<string, unknown> }> {
    const { input = {}, config = {}, onProgress, ...rest } = options;
    const settings = {
      input: job.input!.parse(input),
      config: appConfig(this.vault, config),
      stateDir: this.stateDir,
    };
    const ctx = jobContext<Input>({ ...settings, ...rest });
    if (onProgress) Object.assign(ctx, { progress: onProgress });
    return { ctx, result: (await job.run(ctx)) as Record<string, unknown> };
  }

  /** Looks into the graph, or changes it, past the job. */
  graph<T = Record<string, unknown>>(sql: string): T[] {
    return this.#ask('graph.db', sql) as T[];
  }

  /** Looks at what is known, or changes it, past the job. */
  known<T = Record<string, unknown>>(sql: string): T[] {
    return this.#ask('sync.db', sql) as T[];
  }

  #ask(file: string, sql: string): unknown[] {
    const database = new DatabaseSync(path.join(this.stateDir, file));
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  }

  versions(): string[] {
    const rows = this.graph<{ id: string; version: number }>('SELECT id, version FROM block ORDER BY id');
    return rows.map(({ id, version }) => `${id} v${version}`);
  }
}
