// A vault of 10,000 notes with 20 blocks each, the sync as a job calls it, and the bare work that it is compared with.

import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AppConfig, JobContext, Neo4jConfig } from '#core/handler';
import job from '../../jobs/vault-sync/index.ts';
import type { SyncInput } from '../../jobs/vault-sync/sync.ts';

export const FILES = 10_000;
export const BLOCKS = 20;
/** Work that waits for the disk, or a server, at the same time. */
const IN_FLIGHT = 64;
const FOLDERS = 100;

export interface BenchVault {
  readonly root: string;
  readonly tier: string;
  readonly stateDir: string;
  /** Runs the job; throws unless it succeeded. */
  sync(input?: Partial<SyncInput>): Promise<Record<string, unknown>>;
  /** Writes every hundredth note anew, the first so many of its texts edited; answers the ids of these. */
  edit(blocks?: number): Promise<string[]>;
}

/** A vault, gone when `work` is over. `folder` keeps its nodes apart from others of a shared server. */
export async function withVault<T>(
  work: (vault: BenchVault) => Promise<T>,
  { neo4j = null, prefix = 'blk_' }: { neo4j?: Neo4jConfig | null; prefix?: string } = {},
): Promise<T> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bench-vault-'));
  try {
    const root = path.join(dir, 'vault');
    const stateDir = path.join(dir, 'state');
    await mkdir(stateDir);
    // The tier's name is in the nodes' source_file: a full pass leaves those of other vaults alone.
    const tier = path.join(root, `${prefix}conversations`);
    await fill(tier, prefix);
    let edits = 0;
    return await work({
      ...{ root, tier, stateDir },
      sync: (input = {}) => sync({ root, tier, stateDir, neo4j, input }),
      edit: (blocks = BLOCKS) => edit(tier, prefix, `edit ${++edits} of`, blocks),
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function noteOf(prefix: string, file: number, wordOf: (block: number) => string): string {
  let text = '';
  for (let block = 0; block < BLOCKS; block++) {
    const id = `${prefix}${file * BLOCKS + block}`;
    text += `Ann: This is ${wordOf(block)} ${id} about the tide mill and its gate, which leaks. <!-- aclarai:id=${id} ver=1 -->\n^${id}\n\n`;
  }
  return text;
}

const fileOf = (tier: string, file: number) => path.join(tier, `folder ${file % FOLDERS}`, `note ${file}.md`);

async function fill(tier: string, prefix: string): Promise<void> {
  for (let folder = 0; folder < FOLDERS; folder++)
    await mkdir(path.join(tier, `folder ${folder}`), { recursive: true });
  const all = Array.from({ length: FILES }, (_, file) => file);
  await each(all, (file) =>
    writeFile(
      fileOf(tier, file),
      noteOf(prefix, file, () => 'utterance'),
    ),
  );
}

async function edit(tier: string, prefix: string, word: string, blocks: number): Promise<string[]> {
  const ids: string[] = [];
  for (let file = 0; file < FILES; file += 100) {
    const text = noteOf(prefix, file, (block) => (block < blocks ? word : 'utterance'));
    await writeFile(fileOf(tier, file), text);
    for (let block = 0; block < blocks; block++) ids.push(`${prefix}${file * BLOCKS + block}`);
  }
  return ids;
}

async function sync(at: {
  root: string;
  tier: string;
  stateDir: string;
  neo4j: Neo4jConfig | null;
  input: Partial<SyncInput>;
}): Promise<Record<string, unknown>> {
  const { root: vault, tier, stateDir, neo4j } = at;
  const quiet = () => {};
  const config: AppConfig = {
    settingsFile: null,
    paths: { vault, tier1: tier, tier2: tier, tier3: tier },
    databases: { neo4j, rabbitmq: null },
    vault: {
      graph: neo4j ? 'neo4j' : 'embedded',
      exclude: ['Templates/**', '*.excalidraw.md'],
      publish: false,
      watch: { enabled: false, batchIntervalMs: 2000, maxBatchSize: 50 },
    },
  };
  const ctx: Partial<JobContext<SyncInput>> = {
    ...{ config, stateDir, dryRun: false, progress: quiet },
    input: job.input!.parse(at.input) as SyncInput,
    signal: new AbortController().signal,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms))),
  };
  const result = (await job.run(ctx as Parameters<typeof job.run>[0])) as Record<string, unknown>;
  if (result.success !== true) throw new Error(`the sync failed: ${JSON.stringify(result)}`);
  return result;
}

/** Lists a tree and asks for size and time of every file: what no incremental pass can do without. */
export async function bareWalk(tier: string): Promise<number> {
  const files = await bareList(tier);
  const stamps = new Map<string, string>();
  await each(files, async (file) => {
    const { size, mtimeMs, ino } = await stat(file);
    stamps.set(file, `${size}:${mtimeMs}:${ino}`);
  });
  return stamps.size;
}

/** Lists, reads, and hashes the bytes of every file in as many pieces as it has blocks. */
export async function bareReadAndHash(tier: string): Promise<number> {
  let pieces = 0;
  await each(await bareList(tier), async (file) => {
    const bytes = await readFile(file);
    const size = Math.ceil(bytes.length / BLOCKS);
    for (let from = 0; from < bytes.length; from += size, pieces++)
      hash('sha256', bytes.subarray(from, from + size));
  });
  return pieces;
}

async function bareList(tier: string): Promise<string[]> {
  const entries = await readdir(tier, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

/** Milliseconds that it takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Both in turn, so that both have the same neighbours on the machine; the first of each only warms up. */
export async function inTurn(
  rounds: number,
  bare: () => Promise<unknown>,
  own: () => Promise<unknown>,
): Promise<{ bare: number[]; own: number[] }> {
  const times = { bare: [] as number[], own: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const [first, second] = [await timed(bare), await timed(own)];
    if (round === 0) continue;
    times.bare.push(first);
    times.own.push(second);
  }
  return times;
}
