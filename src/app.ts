// Composition root: builds the parts from the settings and gives each its clock, log and place. The only file where parts meet.

import { randomUUIDv7 } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseEnv } from 'dotenv';
import { adHocJob } from '#config/ad-hoc';
import { readDefinition } from '#config/definition';
import { systemNotices } from '#config/folder-notices';
import { isolationNotes } from '#config/isolation-notes';
import { type LoadResult, loadSettings } from '#config/load';
import { settingsPath } from '#config/project';
import type { Note, Settings } from '#config/settings';
import { COMPARE_MS } from '#config/watch';
import { SchedulerError } from '#core/errors';
import type { Handler, JsonObject } from '#core/handler';
import { PAUSE_FILE, PAUSE_VARIABLE, PauseSources } from '#engine/pause-sources';
import { jobCalls } from '#faces/operations/job-calls';
import { toolByCall } from '#faces/tool/by-call';
import type { Isolate } from '#runs/call';
import { WatchedJobPaths } from '#runs/handlers/job-files';
import { HandlerRegistry } from '#runs/handlers/registry';
import { httpHandler } from '#runs/http/http';
import { inputFault } from '#runs/input';
import { allowedEnvironment } from '#runs/isolation/environment';
import { WarmWorkers } from '#runs/isolation/warm-workers';
import { execHandler, namedProgram } from '#runs/programs/exec';
import { rememberSchedules } from '#schedule/remembered';
import { askGraph } from '#service/ask-graph';
import { cleanupByCall } from '#service/cleanups';
import type { Maker } from '#service/definitions';
import { Events } from '#service/events';
import type { Checked, Host, HostOptions } from '#service/host';
import { Installed } from '#service/installation';
import type { InstallationParts } from '#service/installation-parts';
import { keeper, NO_RULES } from '#service/keeper';
import { createKeeping } from '#service/keeping';
import type { LoopsParts } from '#service/loops';
import { referenceSources } from '#service/reference-sources';
import { tellingStore } from '#service/telling-store';
import { upkeepOf } from '#service/upkeep';
import { sqliteRunLogs } from '#store/logs/run-logs';
import { withTraces } from '#store/logs/trace-files';
import { sqliteLedgerFiles } from '#store/sqlite/files';
import { isLedgerThere, ledgerFiles, openSqliteStore } from '#store/sqlite/open';
import { acquireServiceLock } from '#store/sqlite/service-lock';
import type { Store } from '#store/store';
import type { AppOptions } from './app-options.ts';

/** Shipped with the program, and known to load. */
export const BUILT_IN_JOBS = fileURLToPath(new URL('../jobs', import.meta.url));

/** Part of the program, without a file. */
const OWN_HANDLERS: readonly Handler[] = [execHandler, httpHandler()];

function handlersOf({ log, handlers = [] }: AppOptions): HandlerRegistry {
  const registry = new HandlerRegistry(log, [BUILT_IN_JOBS]);
  for (const handler of [...OWN_HANDLERS, ...handlers]) registry.register(handler);
  return registry;
}

export function createHost(options: AppOptions): Host {
  return {
    async load(at) {
      const registry = handlersOf(options);
      const answer = await load(options, at, registry);
      if (answer.kind === 'faults')
        return { ...answer, ledger: () => openLedger(options, at, answer.faults) };
      const store = await openStore(options, answer.settings);
      return { kind: 'ok', installation: install(options, at, answer.settings, registry, store) };
    },
    check: (at) => check(options, at),
    keeping: createKeeping({
      files: sqliteLedgerFiles(options.clock),
      clock: options.clock,
      acquireLock: options.acquireLock ?? acquireServiceLock,
      scheduleOf: rememberSchedules(),
      newId: randomUUIDv7,
      place: (at) => placeOf(options, at),
      check: (at) => check(options, at),
      askGraph,
    }),
  };
}

/** What can be looked at and paused although the settings file has faults or is gone; null where there is no ledger either. */
async function openLedger(
  options: AppOptions,
  at: HostOptions,
  faults: readonly Note[],
): Promise<Installed | null> {
  const registry = handlersOf(options);
  const answer = await load(options, at, registry, { unread: true });
  if (answer.kind === 'faults') return null;
  const { settings } = answer;
  // A name that was mistyped must not leave an empty ledger behind.
  const isMissing = faults.some((fault) => fault.code === 'CONFIG_NOT_FOUND');
  if (isMissing && !isLedgerThere(settings.stateDir)) return null;
  return install(options, at, settings, registry, await openStore(options, settings), faults);
}

/** Where the ledger lies, also where the settings have faults. */
async function placeOf(
  options: AppOptions,
  at: HostOptions,
): Promise<{ stateDir: string; timezone: string }> {
  const registry = new HandlerRegistry(options.log, [BUILT_IN_JOBS]);
  const answer = await load(options, at, registry, { unread: true });
  if (answer.kind === 'faults')
    throw new SchedulerError(
      'VALIDATION_ERROR',
      'where the ledger lies cannot be read',
      'name it with --state',
    );
  return { stateDir: answer.settings.stateDir, timezone: answer.settings.scheduler.timezone };
}

function openStore(options: AppOptions, { stateDir }: Settings): Promise<Store> {
  const open = options.openStore ?? openSqliteStore;
  return open({ stateDir, clock: options.clock, tellsOfWrites: true });
}

async function load(
  options: AppOptions,
  at: HostOptions,
  registry: HandlerRegistry,
  how: { unread: boolean } = { unread: false },
): Promise<LoadResult> {
  return await loadSettings({
    ...how,
    file: settingsPath(at.settings, options.env, options.cwd),
    env: options.env,
    cwd: options.cwd,
    ...(at.given && { given: at.given }),
    ...(at.state !== undefined && { stateDir: at.state }),
    handlers: async (directories, exec) => {
      await registry.discover(jobDirectories(directories));
      registry.define(exec.named.map(namedProgram));
      return (name) => registry.info(name);
    },
  });
}

/** The user's own first, then the built-in jobs: they are there wherever the settings file is. */
function jobDirectories(own: readonly string[]): string[] {
  return [...new Set([...own, BUILT_IN_JOBS])];
}

/** The settings and what the cleanup rules in them would meet on the disk. */
async function check(options: AppOptions, at: HostOptions): Promise<Checked> {
  const registry = handlersOf(options);
  const answer = await load(options, at, registry);
  if (answer.kind === 'faults') return answer;
  const { settings } = answer;
  const canBeEnded = (handler: string) => registry.info(handler)?.canBeEnded === true;
  const found = await keeper(options, () => settings, NO_RULES).check(settings.housekeeper.rules);
  const notes = found.map(({ id, message, fix }) => {
    const path = `housekeeper.rules.${id}`;
    return { file: settings.file, line: null, column: null, path, code: 'CLEANUP_RULE', message, fix };
  });
  return {
    kind: 'ok',
    settings: {
      ...settings,
      warnings: [...settings.warnings, ...notes, ...isolationNotes(settings, canBeEnded)],
    },
    handlerKnown: (name) => registry.info(name) !== undefined,
  };
}

/** Every part once, each with what it needs; the settings are asked for anew, so that a reload reaches all. */
export function install(
  options: AppOptions,
  at: HostOptions,
  loaded: Settings,
  registry: HandlerRegistry,
  ledger: Store,
  faults: readonly Note[] = [],
): Installed {
  const { clock, log } = options;
  let settings = loaded;
  const events = new Events(log);
  const store = tellingStore(ledger, { events, clock, timezone: () => settings.scheduler.timezone });
  const hidden = new Set<string>();
  let candidate = registry;
  const adopt = (next: Settings) => {
    settings = next;
    for (const secret of next.secrets) hidden.add(secret);
    log.hide([...hidden]);
    if (candidate !== registry) registry.take(candidate);
    log.setLevel(next.logLevel);
    ledger.limitQueues(next.scheduler.queues);
  };
  adopt(loaded);
  const current = () => settings;
  const pauses = pauseSources(options, current);
  const jobPaths = new WatchedJobPaths();
  const housekeeper = keeper(options, current, store);
  const { masked } = log;
  const kept = sqliteRunLogs({
    ...{ clock, log, masked, stateDir: settings.stateDir },
    maxBytes: () => settings.scheduler.stateMaxMb * 1_048_576,
    besides: ledgerFiles(settings.stateDir),
  });
  const traces = { clock, log, masked, directory: () => settings.scheduler.traceDirectory };
  const runLogs = withTraces(kept, traces);
  const shared = {
    store,
    clock,
    log,
    runLogs,
    version: options.version,
    newId: randomUUIDv7,
    handlerKnown: (name: string) => registry.info(name) !== undefined,
    inputFault: (name: string, input: JsonObject) => inputFault(registry.info(name)?.input ?? null, input),
    adHocJob: (name: string) => adHocJob(registry.known(name), settings.scheduler),
    define: (given: JsonObject, who: Maker) =>
      readDefinition(given, {
        ...who,
        scheduler: settings.scheduler,
        handler: (name) => registry.known(name),
        newId: randomUUIDv7,
        now: clock.now(),
      }),
    scheduleOf: rememberSchedules(),
    readPauses: () => pauses.read(),
  };
  const parts: InstallationParts = {
    ...shared,
    events,
    register: (handler: Handler) => registry.register(handler),
    faults,
    current,
    adopt,
    async reload() {
      candidate = registry.fork();
      return await load(options, at, candidate);
    },
    watched: () => [
      settings.file,
      ...settings.envFiles,
      path.join(settings.app.paths.vault, PAUSE_FILE),
      ...jobPaths.of(jobDirectories(settings.scheduler.jobDirectories)),
    ],
    noticeFolders: options.noticeFolders ?? systemNotices,
    compareMs: options.compareMs ?? COMPARE_MS,
    ...(options.watchTree && { watchTree: options.watchTree }),
    acquireLock: options.acquireLock ?? acquireServiceLock,
    housekeeper,
    loopsParts: (onProgress): LoopsParts => ({
      ...shared,
      pid: options.pid,
      random: options.random,
      stateDir: settings.stateDir,
      jobStateRoot: path.join(settings.stateDir, 'jobs'),
      definitions: () => settings.jobs,
      enabled: () => settings.scheduler.enabled,
      cap: () => settings.scheduler.maxConcurrentExecutions,
      checkIntervalMs: () => settings.scheduler.checkIntervalMs,
      upkeep: () => upkeepOf(settings),
      agentLimits: () => settings.scheduler.agents,
      shutdown: () => settings.scheduler.shutdown,
      config: () => settings.app,
      handlerHost: () => ({
        environment: allowedEnvironment(options.env),
        projectDir: settings.projectDir,
        exec: settings.scheduler.exec,
        http: settings.scheduler.http,
      }),
      loadHandler: (name) => registry.load(name),
      references: referenceSources(store, current),
      isolate: options.isolate ?? isolateIn(options, current),
      call: jobCalls({
        installation: () => installed,
        clock,
        own: {
          'cleanup.run': (_name, input, _run, signal) => cleanupByCall(housekeeper, input, signal),
          scheduler: toolByCall(() => installed),
        },
      }),
      onProgress,
    }),
  };
  const installed = new Installed(parts);
  return installed;
}

function isolateIn({ clock, env }: AppOptions, current: () => Settings): Isolate {
  const resolve = (to: string) => path.resolve(current().projectDir, to);
  return (watch) => new WarmWorkers({ clock, env, resolve, watch });
}

function pauseSources(options: AppOptions, current: () => Settings): PauseSources {
  return new PauseSources({
    environment: options.env[PAUSE_VARIABLE],
    envFiles: () => current().envFiles,
    vault: () => current().app.paths.vault,
    parseEnv,
  });
}
