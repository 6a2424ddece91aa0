// The real service in a process of its own, on a project made for one bench; what its ledger and its process tell.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';

export const ROOT = path.join(import.meta.dirname, '../..');

/** What a user writes; the built-in jobs are there, and due in the first night of a year. */
export interface Project {
  /** Lines below `scheduler.jobs`, e.g. `light: { enabled: true, cron: "* * * * * *" }`. */
  jobs: readonly string[];
  /** Job files by name, each as the body of its `run(ctx)`. */
  code?: Readonly<Record<string, string>>;
  /** Whole sections of the settings beside `scheduler`, as text. */
  sections?: string;
  /** A vault that is there already, one folder for all tiers, and when to sync it; else an empty one. */
  vault?: { root: string; tier: string; at: number };
}

/** A row of the ledger. Epoch milliseconds; null = not yet, or never. */
export interface LedgerRun {
  job: string;
  slot: number;
  state: string;
  startedAt: number | null;
  endedAt: number | null;
}

export class Service {
  readonly stateDir: string;
  readonly #dir: string;
  readonly #child: ChildProcess;

  private constructor(dir: string, child: ChildProcess) {
    this.#dir = dir;
    this.#child = child;
    this.stateDir = path.join(dir, 'data');
  }

  /** Resolves when the service says that it is up. */
  static async start(project: Project): Promise<Service> {
    const dir = await mkdtemp(path.join(tmpdir(), 'bench-service-'));
    await writeProject(dir, project);
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, TZ: 'UTC', SCHEDULER_ENV_FILE: '/dev/null' };
    const args = [path.join(ROOT, 'src/main.ts'), 'start'];
    const child = spawn(process.execPath, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const service = new Service(dir, child);
    try {
      await up(child);
      return service;
    } catch (error) {
      await service.discard();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What the ledger has of slots in (after, upTo]. */
  runsIn(after: number, upTo: number): LedgerRun[] {
    const ledger = new DatabaseSync(path.join(this.stateDir, 'scheduler.db'), { readOnly: true });
    try {
      return ledger
        .prepare(
          `SELECT job_id AS job, slot, state, started_at AS startedAt, ended_at AS endedAt
           FROM runs WHERE slot > ? AND slot <= ?`,
        )
        .all(after, upTo) as unknown as LedgerRun[];
    } finally {
      ledger.close();
    }
  }

  /** Ends it by force and removes its project. */
  async discard(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function writeProject(dir: string, { jobs, code = {}, sections = '', vault }: Project): Promise<void> {
  for (const folder of ['settings', 'jobs', 'vault/conversations', 'vault/summaries', 'vault/concepts'])
    await mkdir(path.join(dir, folder), { recursive: true });
  const due = { vault_sync: vault && `at: "${new Date(vault.at).toISOString()}"`, housekeeping: undefined };
  const builtIn = Object.entries(due).map(
    ([job, schedule]) => `${job}: { enabled: true, ${schedule ?? 'cron: "30 3 1 1 *"'} }`,
  );
  const paths = vault
    ? `vault: "${vault.root}", tier1: "${vault.tier}", tier2: "${vault.tier}", tier3: "${vault.tier}"`
    : 'vault: vault';
  const lines = [...builtIn, ...jobs].map((line) => `    ${line}\n`).join('');
  await writeFile(
    path.join(dir, 'settings/aclarai.config.yaml'),
    `paths: { ${paths} }\nscheduler:\n  job_directories: [jobs]\n  jobs:\n${lines}${sections}`,
  );
  for (const [name, body] of Object.entries(code)) {
    const source = `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ async run(ctx) { ${body} } });\n`;
    await writeFile(path.join(dir, 'jobs', `${name}.ts`), source);
  }
}

async function up(child: ChildProcess): Promise<void> {
  const seen: string[] = [];
  child.stderr!.on('data', (chunk) => seen.push(String(chunk)));
  for await (const line of createInterface({ input: child.stdout! })) {
    seen.push(line);
    if (!line.includes('the scheduler is up')) continue;
    child.stdout!.resume();
    return;
  }
  throw new Error(`the service ended before it was up:\n${seen.join('\n')}`);
}

/** CPU time of a process so far, all its threads, in milliseconds; null where the system does not tell (only Linux does). */
export function cpuMsOf(pid: number): number | null {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(`${tasks}/${pid}/schedstat`)) return null;
  const ranNs = (task: string) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(tasks).reduce((sum, task) => sum + ranNs(task), 0) / 1e6;
}
