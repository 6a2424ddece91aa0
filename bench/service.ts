// The whole service in this process, through the composition root, on a state directory of its own and jobs that do nothing.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadSettings } from '#config/load';
import type { Clock } from '#core/clock';
import type { JobPolicy, StoredJob } from '#core/job';
import type { ScheduleSpec } from '#core/schedule';
import { HandlerRegistry } from '#runs/handlers/registry';
import { buildSchedule } from '#schedule/parse';
import type { Installed } from '#service/installation';
import { openSqliteStore } from '#store/sqlite/open';
import type { Effects, Store } from '#store/store';
import { install } from '../src/app.ts';
import { createLog } from '../src/log.ts';

export interface BenchService {
  installed: Installed;
  store: Store;
  /** Its ledger, for a look from outside. */
  file: string;
  stop(): Promise<void>;
}

/** A directory that is gone when `work` is over. */
export async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bench-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export const ledgerOf = (dir: string) => path.join(dir, 'state', 'scheduler.db');

/** The settings say as little as they can: the most runs at a time, no built-in job, lines from `warn` on. */
export async function prepare(dir: string): Promise<string> {
  const file = path.join(dir, 'settings', 'aclarai.config.yaml');
  await mkdir(path.dirname(file), { recursive: true });
  await mkdir(path.join(dir, 'vault'), { recursive: true });
  await writeFile(
    file,
    `paths: { vault: vault }
logging: { level: ERROR }
scheduler:
  max_concurrent_executions: 100
  jobs:
    vault_sync: { enabled: false }
    housekeeping: { enabled: false }
`,
  );
  return file;
}

/** Up when it answers: recovered, every job known, the first pass over. `onStart` is called as each run enters its handler. */
export async function startService(
  dir: string,
  clock: Clock,
  onStart: (job: string, slot: number | null) => void = () => {},
): Promise<BenchService> {
  const file = await prepare(dir);
  const log = createLog({
    clock,
    level: 'error',
    sink: { write: (line) => process.stderr.write(line) },
    pretty: false,
  });
  const registry = new HandlerRegistry(log);
  const info = { name: 'noop', description: null, defaults: {}, input: null, file: null };
  registry.register({
    info,
    codeHash: null,
    call: async (ctx) => {
      onStart(ctx.job, ctx.slot);
    },
  });
  const env = { SCHEDULER_STATE_DIR: path.join(dir, 'state'), SCHEDULER_ENV_FILE: '/dev/null' };
  const options = { env, cwd: dir, clock, log, version: 'bench', pid: process.pid, random: () => 0.5 };
  const answer = await loadSettings({
    file,
    env,
    cwd: dir,
    handlers: async (directories) => {
      await registry.discover(directories);
      return (name) => registry.info(name);
    },
  });
  if (answer.kind === 'faults') throw new Error(JSON.stringify(answer.faults));
  const store = await openSqliteStore({ stateDir: answer.settings.stateDir, clock });
  const installed = install(options, { settings: file }, answer.settings, registry, store);
  const stopping = new AbortController();
  const { promise: up, resolve: onUp } = Promise.withResolvers<void>();
  const ended = installed.serve({
    paused: false,
    acceptClock: false,
    by: 'bench',
    signal: stopping.signal,
    onUp,
    onHangup: () => {},
  });
  await Promise.race([up, ended]);
  return {
    installed,
    store,
    file: ledgerOf(dir),
    async stop() {
      stopping.abort();
      await ended;
      await installed.close();
    },
  };
}

const POLICY: JobPolicy = {
  priority: 100,
  group: null,
  maxInstances: 1,
  overlap: 'skip',
  coalesce: true,
  misfireGraceMs: 300_000,
  misfirePolicy: 'skip',
  catchupWindowMs: 86_400_000,
  catchupMax: 10,
  queueTimeoutMs: null,
  maxExecutions: null,
  timeoutMs: 3_600_000,
  retries: 3,
  retryDelayMs: 5_000,
  retryable: true,
  rerunOnInterrupt: true,
  circuitAfter: 10,
  circuitProbeMs: 900_000,
  circuitAction: 'skip',
  jitterMs: 0,
  isolation: 'inline',
  permissions: null,
  maxMemoryMb: null,
  runLog: 'all',
  trace: false,
  resultQueue: null,
  errorQueue: null,
};

type NewJob = Effects['insert'][number];

/** Made by a call and not by the settings, as so many jobs would be. */
export function aJob(id: string, schedule: ScheduleSpec, at: number): NewJob {
  const nextSlot = buildSchedule(schedule).next(at);
  return {
    uid: `00000000-0000-7000-8000-${id.padStart(12, '0')}`,
    id: `job_${id}`,
    name: `Job ${id}`,
    description: null,
    handler: 'noop',
    input: {},
    source: 'api',
    origin: null,
    owner: null,
    moduleId: null,
    enabled: true,
    manualOnly: false,
    runOnStart: false,
    schedule,
    policy: POLICY,
    warnings: [],
    configHash: 'bench',
    state: 'active' satisfies StoredJob['state'],
    cursor: at,
    nextSlot,
    nextDue: nextSlot,
    ledgerFrom: at,
    createdAt: at,
  };
}

/** Makes the ledger of a directory that no service uses yet, with these jobs. */
export async function addJobs(dir: string, insert: NewJob[]): Promise<void> {
  const store = await openSqliteStore({ stateDir: path.join(dir, 'state') });
  await store.reconcile(0, { ids: [] }, () => ({ insert, update: [], rows: [], end: [], changes: [] }));
  await store.close();
}
