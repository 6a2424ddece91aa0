// Settings file and variables in; trusted, frozen settings or every fault at once out. The way into src/config/.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AppConfig, HandlerInfo } from '#core/handler';
import type { ExecSettings } from '#core/programs';
import { readNeo4j, readRabbit } from './databases.ts';
import { readDocument } from './document.ts';
import { envFilesOf, reasonOf, Variables } from './environment.ts';
import { Findings, type Source } from './findings.ts';
import { readHousekeeper } from './housekeeper.ts';
import { BUILT_IN_CRON, jobIds, readJobs } from './jobs.ts';
import { readLogLevel } from './log-level.ts';
import { readOverrides, refuseCluster, warnOfUnknownNames } from './overrides.ts';
import type { JobLayer } from './policy.ts';
import { displayName, type Environment, projectDirOf, settingsPath, stateDirOf } from './project.ts';
import { checkMapping, type Reading, readGiven, warnNearMisses } from './read.ts';
import { readScheduler } from './scheduler.ts';
import { deepFreeze, passwordInUrl, secretsOf } from './secrets.ts';
import { HOUSEKEEPER, OUR_SECTIONS, SETTINGS_WITHOUT_EFFECT } from './sections.ts';
import { readServer } from './server.ts';
import type { EffectiveValue, Note, Settings } from './settings.ts';
import { isMapping, valueAt } from './tree.ts';
import { readPaths, readVault } from './vault.ts';

export interface LoadOptions {
  /** `--settings`; else `SCHEDULER_SETTINGS`, else `settings/aclarai.config.yaml`. */
  readonly file?: string | undefined;
  readonly env: Environment;
  readonly cwd: string;
  /** `--state`. */
  readonly stateDir?: string | undefined;
  /**
   * Settings that are handed over instead of a file. Relative paths count from `cwd`; no `.env` is read; the built-in job
   * that syncs a vault is there only if it is named.
   */
  readonly given?: Readonly<Record<string, unknown>> | undefined;
  /** As if the file were empty: what is left when it has faults and only the places are wanted. */
  readonly unread?: boolean;
  /** Finds the job classes of some directories (absolute); asked once those are known. */
  readonly handlers: (
    directories: readonly string[],
    exec: ExecSettings,
  ) => Promise<(name: string) => HandlerInfo | undefined>;
}

export type LoadResult =
  | { readonly kind: 'ok'; readonly settings: Settings }
  | { readonly kind: 'faults'; readonly faults: Note[]; readonly warnings: Note[] };

/** What messages call settings that are no file. */
const GIVEN = 'given settings';

/** Reads everything anew. Faults are values: this rejects only when a handler lookup does. */
export async function loadSettings(options: LoadOptions): Promise<LoadResult> {
  const { env, cwd, given } = options;
  const file = given ? path.join(cwd, GIVEN) : settingsPath(options.file, env, cwd);
  const findings = new Findings();
  const envFiles = given ? [] : envFilesOf(env, cwd, file);
  const variables = await Variables.read({ env, cwd, findings }, envFiles);
  const name = displayName(file, cwd);
  const text = options.unread ? '{}' : given && JSON.stringify(given, null, 2);
  const source =
    text === undefined ? await readSource(file, name, findings) : readDocument(name, text, findings);
  await refuseCluster(variables, findings);
  if (!source) return faultsOf(findings);
  const settings = await readSettings({ options, file, envFiles, variables, source, findings });
  return findings.faults.length > 0 ? faultsOf(findings) : { kind: 'ok', settings: deepFreeze(settings) };
}

function faultsOf(findings: Findings): LoadResult {
  return { kind: 'faults', faults: findings.faults, warnings: findings.warnings };
}

async function readSource(file: string, name: string, findings: Findings): Promise<Source | null> {
  try {
    return readDocument(name, await readFile(file, 'utf8'), findings);
  } catch (error) {
    const reason = reasonOf(error);
    const missing = reason === 'ENOENT' || reason === 'ENOTDIR';
    findings.fault(
      { file: name, line: null, column: null, path: '' },
      missing ? 'CONFIG_NOT_FOUND' : 'CONFIG_UNREADABLE',
      missing ? 'there is no such settings file' : `the settings file cannot be read (${reason})`,
      'name it with --settings or SCHEDULER_SETTINGS',
    );
    return null;
  }
}

interface Inputs {
  readonly options: LoadOptions;
  readonly file: string;
  readonly envFiles: readonly string[];
  readonly variables: Variables;
  readonly source: Source;
  readonly findings: Findings;
}

async function readSettings(inputs: Inputs): Promise<Settings> {
  const { options, file, variables, source, findings } = inputs;
  const { cwd } = options;
  const projectDir = projectDirOf(file);
  const stateVariable = variables.get('SCHEDULER_STATE_DIR');
  const stateDir = stateDirOf(options.stateDir, stateVariable?.value, cwd, projectDir);
  const stateOrigin = options.stateDir ? '--state' : (stateVariable?.name ?? 'default');
  const values: EffectiveValue[] = [{ path: 'state_dir', value: stateDir, origin: stateOrigin }];
  const builtIn = options.given ? ['housekeeping'] : Object.keys(BUILT_IN_CRON);
  const overrides = await readOverrides(variables, jobIds(source, builtIn), cwd);
  warnOfUnknownNames(variables, findings);
  const reading: Reading = { source, findings, overrides, values };

  warnNearMisses(reading, OUR_SECTIONS, []);
  warnNearMisses(reading, ['level'], ['logging']);
  const scheduler = readScheduler(reading, variables, projectDir, stateDir);
  const housekeeper = readHousekeeper(reading, projectDir, stateDir);
  const app = readApp(reading, file, projectDir);
  const server = await readServer(variables, findings, values);
  const logLevel = readLogLevel(reading, variables);
  tellWithoutEffect(reading);
  const jobs = await readJobs({
    reading,
    builtIn,
    lookup: await options.handlers(scheduler.jobDirectories, scheduler.exec),
    defaults: scheduler.defaults,
    timezone: scheduler.timezone,
    housekeeper: housekeepingLayer(reading),
  });
  const namedSecrets = await readNamedSecrets(inputs, scheduler.secretNames);
  const secrets = readSecrets(inputs, namedSecrets, scheduler.secretNames, app, server.tokens);
  return {
    file,
    projectDir,
    stateDir,
    envFiles: inputs.envFiles,
    scheduler,
    housekeeper,
    jobs,
    app,
    logLevel,
    server,
    warnings: findings.warnings,
    values,
    namedSecrets,
    secrets,
  };
}

/** The whole file for job code: other services' sections as written, ours in their effective form. */
function readApp(reading: Reading, file: string, projectDir: string): AppConfig {
  const paths = readPaths(reading, projectDir);
  checkMapping(reading, ['databases']);
  warnNearMisses(reading, ['neo4j', 'rabbitmq'], ['databases']);
  const neo4j = readNeo4j(reading);
  const rabbitmq = readRabbit(reading);
  const vault = readVault(reading, neo4j);
  const written = valueAt(reading.source.root, ['databases']);
  const databases = isMapping(written) ? written : {};
  return {
    ...structuredClone(reading.source.root),
    settingsFile: file,
    paths,
    databases: { ...structuredClone(databases), neo4j, rabbitmq },
    vault,
  };
}

/** `housekeeper.enabled` and `.schedule` as keys of the job that they are about. */
function housekeepingLayer(reading: Reading): JobLayer {
  const quiet: Reading = { ...reading, findings: new Findings(), values: [] };
  const enabled = readGiven(quiet, HOUSEKEEPER.enabled, ['housekeeper', 'enabled']);
  const cron = readGiven(quiet, HOUSEKEEPER.schedule, ['housekeeper', 'schedule']);
  return { ...(enabled && { enabled }), ...(cron && { cron }) } as JobLayer;
}

function tellWithoutEffect(reading: Reading): void {
  for (const { path, entry } of SETTINGS_WITHOUT_EFFECT) {
    const written = valueAt(reading.source.root, path);
    if (written === undefined || JSON.stringify(written) === JSON.stringify(entry.fallback)) continue;
    const place = reading.source.at(path, 'key');
    reading.findings.warn(place, 'NO_EFFECT', 'has no effect yet in this version');
  }
}

/** Of the process, of `.env` files, or of the file that `<NAME>_FILE` names; without those that are not set. */
async function readNamedSecrets(
  { variables }: Inputs,
  names: readonly string[],
): Promise<Record<string, string>> {
  const found = await Promise.all(names.map(async (name) => [name, (await variables.secret(name))?.value]));
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

function readSecrets(
  inputs: Inputs,
  named: Readonly<Record<string, string>>,
  names: readonly string[],
  app: AppConfig,
  tokens: Settings['server']['tokens'],
): string[] {
  const found = [
    ...secretsOf(inputs.source.root),
    ...passwordInUrl(app.databases.rabbitmq?.url ?? ''),
    ...tokens.map(({ secret }) => secret),
    ...Object.values(named),
    app.databases.neo4j?.password ?? '',
  ];
  return [...new Set(found)].filter((secret) => secret !== '' && !names.includes(secret));
}
