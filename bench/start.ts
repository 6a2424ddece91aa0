// How long a start takes until the first run is claimed, and what memory the idle service keeps, beside a bare Node.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, figure, median } from './figure.ts';

const ROUNDS = 7;
const LIMIT_MS = 400;
const LIMIT_MB = 120;
/** After the first run: what is still to be loaded or collected has been by then. */
const REST_MS = 3_000;
const SERVICE = ['src/main.ts', 'start'];

const root = path.join(import.meta.dirname, '..');

export async function figures(): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'bench-start-'));
  try {
    const vault = await writeVault(folder);
    const own: number[] = [];
    const first: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      own.push((await startService({ state: path.join(folder, `state-${round}`), vault })).claimedAfterMs);
      first.push(
        (await startService({ state: path.join(folder, `first-${round}`), vault, isFirst: true }))
          .claimedAfterMs,
      );
      bare.push(await bareStartMs());
    }
    const idle = await startService({ state: path.join(folder, 'state-idle'), vault, restMs: REST_MS });
    return [
      ...startFigures(median(own), median(first), median(bare)),
      ...memoryFigures(idle.rssMb, await bareRssMb()),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function startFigures(ms: number, firstMs: number, bareMs: number): Figure[] {
  const own = { value: ms, unit: 'ms', better: 'lower' } as const;
  const limit = { yardstick: 'limit', yardstick_value: LIMIT_MS, goal: 1 } as const;
  return [
    figure({ ...own, ...limit, figure: 'start' }),
    figure({ ...own, ...limit, figure: 'start, the very first', value: firstMs }),
    figure({ ...own, figure: 'start, beside the floor', yardstick: 'node -e 0', yardstick_value: bareMs }),
  ];
}

/** None where the system does not tell (only Linux has /proc). */
function memoryFigures(mb: number | null, bareMb: number | null): Figure[] {
  if (mb === null || bareMb === null) return [];
  const own = { value: mb, unit: 'MB', better: 'lower' } as const;
  return [
    figure({ ...own, figure: 'idle memory', yardstick: 'limit', yardstick_value: LIMIT_MB, goal: 1 }),
    figure({
      ...own,
      figure: 'idle memory, beside the floor',
      yardstick: 'idle node',
      yardstick_value: bareMb,
    }),
  ];
}

interface Start {
  state: string;
  vault: string;
  /** How long it is left alone after its first run. */
  restMs?: number;
  /** As on a machine where it never ran: nothing is compiled yet. */
  isFirst?: boolean;
}

/** The service on the shipped settings and a state directory of its own, to the end of its first run. */
async function startService({
  state,
  vault,
  restMs = 0,
  isFirst = false,
}: Start): Promise<{ claimedAfterMs: number; rssMb: number | null }> {
  const { PATH, HOME } = process.env;
  const own = { VAULT_PATH: vault, SCHEDULER_STATE_DIR: state, SCHEDULER_ENV_FILE: '/dev/null' };
  const env = { PATH, HOME, ...own, ...(isFirst && { NODE_DISABLE_COMPILE_CACHE: '1' }) };
  const startedAt = performance.timeOrigin + performance.now();
  const child = spawn(process.execPath, SERVICE, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    await firstRun(child);
    await sleep(restMs);
    const rssMb = rssOf(child);
    child.kill('SIGTERM');
    await once(child, 'exit');
    return { claimedAfterMs: firstClaim(state) - startedAt, rssMb };
  } finally {
    child.kill('SIGKILL');
  }
}

/** Resolves at the line of a run that ended well. */
async function firstRun(child: ChildProcess): Promise<void> {
  const seen: string[] = [];
  child.stderr!.on('data', (chunk) => seen.push(String(chunk)));
  for await (const line of createInterface({ input: child.stdout! })) {
    seen.push(line);
    if (line.includes('"success":true')) {
      child.stdout!.resume();
      return;
    }
  }
  throw new Error(`the service ended before its first run:\n${seen.join('\n')}`);
}

function firstClaim(state: string): number {
  const ledger = new DatabaseSync(path.join(state, 'scheduler.db'), { readOnly: true });
  const row = ledger.prepare('SELECT min(started_at) AS at FROM runs').get();
  ledger.close();
  return Number(row?.at);
}

async function bareStartMs(): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - started;
}

async function bareRssMb(): Promise<number | null> {
  const child = spawn(process.execPath, ['-e', 'console.log("up"); setInterval(() => {}, 1000)']);
  try {
    await once(child.stdout, 'data');
    await sleep(REST_MS);
    return rssOf(child);
  } finally {
    child.kill('SIGKILL');
  }
}

function rssOf(child: ChildProcess): number | null {
  const file = `/proc/${child.pid}/status`;
  if (!existsSync(file)) return null;
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(file, 'utf8'))?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1024;
}

/** All three tiers, each with a note. */
async function writeVault(folder: string): Promise<string> {
  const vault = path.join(folder, 'vault');
  for (const [tier, id] of Object.entries({
    conversations: 'blk_1',
    summaries: 'clm_1',
    concepts: 'concept_1',
  })) {
    await mkdir(path.join(vault, tier), { recursive: true });
    await writeFile(path.join(vault, tier, 'note.md'), `- One line. <!-- aclarai:id=${id} ver=1 -->\n`);
  }
  return vault;
}
