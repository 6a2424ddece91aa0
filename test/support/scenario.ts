// The whole application on a clock moved by hand: real settings file, real ledger, handlers that a test controls.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { NoticeFolders } from '#config/folder-notices';
import { formatNote } from '#config/format';
import { loadSettings } from '#config/load';
import type { Clock, EpochMs } from '#core/clock';
import type { JobContext } from '#core/handler';
import { HandlerRegistry } from '#runs/handlers/registry';
import type { Installed } from '#service/installation';
import type { RunShape } from '#service/shapes';
import type { WatchTree } from '#service/vault-watch';
import { openSqliteStore, type SqliteStoreOptions } from '#store/sqlite/open';
import { acquireServiceLock } from '#store/sqlite/service-lock';
import type { Store } from '#store/store';
import { BUILT_IN_JOBS, install } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { fastFolder } from './fast-folder.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { ThreadWatch } from './thread-watch.ts';

export type HandlerFunction = (ctx: JobContext) => unknown;

export interface ScenarioOptions {
  /** ISO with offset. */
  at: string;
  /** The part below `scheduler:`, without it; built-in jobs are off unless named. */
  scheduler: string;
  handlers?: Record<string, HandlerFunction>;
  /** Other sections of the settings file than `scheduler` and `paths`. */
  sections?: string;
  /** Tells of changes in the vault; without it nobody does. */
  watchTree?: WatchTree;
  /** Job files by name, e.g. `slow.ts`: they run in threads and say where they rest (test/support/thread-watch.ts). */
  files?: Record<string, string>;
  env?: Record<string, string>;
  /** A ledger with faults of the test's own. */
  openStore?: (options: SqliteStoreOptions) => Promise<Store>;
}

export interface StartOptions {
  paused?: boolean;
  acceptClock?: boolean;
}

/** One settings file and state directory; boots may come and go on it. */
export class Scenario {
  readonly dir: string;
  readonly clock: ManualClock;
  readonly lines: Record<string, unknown>[] = [];
  readonly handlers: Record<string, HandlerFunction>;
  /** Handler calls so far, in order. */
  readonly calls: { job: string; slot: string | null; attempt: number; at: string; ctx: JobContext }[] = [];
  readonly #env: Record<string, string>;
  readonly #sections: string;
  readonly #watchTree: WatchTree;
  readonly #openStore: NonNullable<ScenarioOptions['openStore']>;
  readonly #entered = new Set<string>();
  readonly threads = new ThreadWatch();
  #boot: Boot | null = null;

  constructor(dir: string, options: ScenarioOptions) {
    this.dir = dir;
    this.#env = options.env ?? {};
    this.#sections = options.sections ? `${options.sections}\n` : '';
    this.#watchTree = options.watchTree ?? (() => async () => {});
    this.#openStore = options.openStore ?? openSqliteStore;
    this.handlers = options.handlers ?? {};
    this.clock = createManualClock(Date.parse(options.at), () => this.quiet());
  }

  get installed(): Installed {
    if (!this.#boot) throw new Error('the service is not up: call start() first');
    return this.#boot.installed;
  }

  get service() {
    return this.installed.service;
  }

  async writeSettings(scheduler: string): Promise<void> {
    const body = scheduler.replace(/^\n+|\s+$/g, '').replace(/^/gm, '  ');
    // No scenario has another process; looking for its rows each second would cost most of the time.
    const head = `paths: { vault: vault }\n${this.#sections}scheduler:\n  check_interval: 60\n`;
    await writeFile(path.join(this.dir, 'settings/aclarai.config.yaml'), `${head}${body}\n`);
  }

  /** A new process on the same files, and up. */
  async start(options: StartOptions = {}): Promise<void> {
    const { up, ended } = await this.begin(options);
    await Promise.race([up, ended]);
    await this.quiet();
  }

  /** A new process that may not come up, as with a wrong clock. */
  async begin(options: StartOptions = {}): Promise<{ up: Promise<void>; ended: Promise<void> }> {
    const stop = new AbortController();
    const life: Life = { over: false, release: () => {} };
    const installed = await this.#install(life);
    const { promise: up, resolve: onUp } = Promise.withResolvers<void>();
    const ended = installed.serve({
      paused: options.paused ?? false,
      acceptClock: options.acceptClock ?? false,
      by: 'test',
      signal: stop.signal,
      onUp,
      onHangup: () => {},
    });
    this.#boot = { installed, stop, ended, life };
    return { up, ended };
  }

  /** SIGTERM, and no waiting for what follows. */
  terminate(): void {
    this.#boot?.stop.abort();
  }

  /** SIGTERM. Time passes while it drains. */
  async stop(): Promise<void> {
    const boot = this.#boot;
    if (!boot) return;
    this.terminate();
    let over = false;
    void boot.ended.then(() => {
      over = true;
    });
    for (let waited = 0; waited < 20_000 && !over; waited += 500) await this.clock.advance(500);
    await boot.ended;
    await boot.installed.close();
    this.#boot = null;
  }

  /** Another process on the same files, as a command is: with an environment of its own. */
  async command(env: Record<string, string> = {}): Promise<Installed> {
    const installed = await this.#install({ over: false, release: () => {} }, env);
    onTestFinished(() => installed.close());
    return installed;
  }

  /** kill -9: nothing of the process runs on, nothing is written, its lock is free. */
  async crash(): Promise<void> {
    const boot = this.#boot;
    if (!boot) throw new Error('the service is not up');
    boot.life.over = true;
    this.#entered.clear();
    this.threads.kill();
    boot.life.release();
    await boot.installed.close();
    this.#boot = null;
  }

  async advanceTo(iso: string): Promise<void> {
    await this.clock.advanceTo(Date.parse(iso));
  }

  /** Rows of the ledger, oldest first, as `<slot or kind> <state>[: reason]`. */
  async ledger(job?: string): Promise<string[]> {
    return (await this.rows(job)).map((row) => {
      const covers = row.covers ? ` x${row.covers.count}` : '';
      return `${row.slot ?? row.kind} ${row.state}${row.reason ? `: ${row.reason}` : ''}${covers}`;
    });
  }

  async rows(job?: string): Promise<RunShape[]> {
    return (await this.service.history({ limit: 1000, ...(job !== undefined && { job }) })).toReversed();
  }

  /** Resolves when nothing moves any more unless time does. */
  async quiet(): Promise<void> {
    const patience = performance.now() + 60_000;
    for (let still = 0; still < 4; ) {
      if (performance.now() > patience) throw new Error('the application does not come to rest');
      await this.#boot?.installed.idle();
      const running = this.#boot?.installed.running ?? [];
      const before = this.calls.length;
      await new Promise((resolve) => setImmediate(resolve));
      const parked = running.every((id) => this.#entered.has(id) || this.threads.rests(id));
      still = parked && this.calls.length === before ? still + 1 : 0;
    }
  }

  async #install(life: Life, env = this.#env): Promise<Installed> {
    const clock = mortal(this.clock, life);
    const acquireLock = (stateDir: string) => {
      const lock = acquireServiceLock(stateDir);
      if (lock.kind === 'held') life.release = lock.release;
      return lock;
    };
    const log = createLog({
      clock,
      level: 'debug',
      sink: { write: (line) => this.lines.push(JSON.parse(line)) },
      pretty: false,
    });
    const registry = new HandlerRegistry(log, [BUILT_IN_JOBS]);
    for (const name of Object.keys(this.handlers)) registry.register(this.#handler(name));
    const options = {
      env,
      cwd: this.dir,
      clock,
      log,
      acquireLock,
      isolate: this.threads.isolate,
      noticeFolders: noNotices,
      // Each look costs as much as a pass; scenarios go through days.
      compareMs: 60_000,
      watchTree: this.#watchTree,
      version: 'test',
      pid: 1,
      random: () => 0.5,
    };
    const file = path.join(this.dir, 'settings/aclarai.config.yaml');
    const answer = await loadSettings({
      file,
      env,
      cwd: this.dir,
      handlers: async (directories) => {
        await registry.discover(directories);
        return (name) => registry.info(name);
      },
    });
    if (answer.kind === 'faults') throw new Error(answer.faults.map(formatNote).join('\n'));
    const store = await this.#openStore({ stateDir: answer.settings.stateDir, clock });
    return install(options, { settings: file }, answer.settings, registry, store);
  }

  #handler(name: string) {
    const info = { name, description: null, defaults: {}, input: null, file: null };
    const call = async (ctx: JobContext) => {
      const slot = ctx.slot === null ? null : isoOf(ctx.slot);
      this.calls.push({ job: ctx.job, slot, attempt: ctx.attempt, at: isoOf(this.clock.now()), ctx });
      this.#entered.add(ctx.runId);
      try {
        return await this.handlers[name]!(ctx);
      } finally {
        this.#entered.delete(ctx.runId);
      }
    };
    return { info, codeHash: null, call };
  }
}

/** The disk speaks at real times. What changed in a scenario is found by comparing, once a minute of its own clock. */
const noNotices: NoticeFolders = () => ({ ready: Promise.resolve(), add() {}, close: async () => {} });

interface Boot {
  installed: Installed;
  stop: AbortController;
  ended: Promise<void>;
  life: Life;
}

interface Life {
  over: boolean;
  release(): void;
}

/** The clock of one process: its timers die with it. */
function mortal(clock: Clock, life: Life): Clock {
  return {
    now: clock.now,
    monotonic: clock.monotonic,
    timer: (ms, wake) => clock.timer(ms, () => !life.over && wake()),
  };
}

export function isoOf(at: EpochMs): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** Made for one test, gone with it. */
export async function createScenario(options: ScenarioOptions): Promise<Scenario> {
  const dir = await fastFolder('scenario-');
  await mkdir(path.join(dir, 'settings'));
  await mkdir(path.join(dir, 'vault'));
  await mkdir(path.join(dir, 'jobs'));
  for (const [name, text] of Object.entries(options.files ?? {}))
    await writeFile(path.join(dir, 'jobs', name), text);
  const scenario = new Scenario(dir, options);
  const builtIns = ['vault_sync', 'housekeeping'].filter((id) => !options.scheduler.includes(`${id}:`));
  const off = builtIns.map((id) => `\n  ${id}: { enabled: false }`).join('');
  await scenario.writeSettings(options.scheduler.replace(/^jobs:/m, `jobs:${off}`));
  onTestFinished(async () => {
    await scenario.stop();
    await rm(dir, { recursive: true, force: true });
  });
  return scenario;
}

/** A promise that a test settles: what a handler waits for. */
export function gate(): {
  promise: Promise<unknown>;
  open(value?: unknown): void;
  fail(error: unknown): void;
} {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  promise.catch(() => {});
  return { promise, open: (value) => resolve(value), fail: (error) => reject(error) };
}
