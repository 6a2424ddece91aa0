import path from 'node:path';
import { expect, test } from 'vitest';
import type { Settings } from '#config/settings';
import { folder, type Given, load, loadIn, said, settingsOf } from './harness.ts';

const SETTINGS =
  'paths: { vault: vault }\nscheduler: { timezone: Asia/Tokyo, jobs: { vault_sync: { every: 5m } } }\n';

async function faultsWith(given: Given): Promise<string[]> {
  const result = await load(SETTINGS, given);
  if (result.kind === 'ok') return [];
  return result.faults.map((fault) => `${fault.file}:${fault.line ?? '-'} ${fault.code} ${fault.path}`);
}

const sync = (settings: Settings) => settings.jobs[0]!;

test.each<[string, string, (settings: Settings) => unknown, unknown]>([
  ['VAULT_PATH', '/elsewhere', (s) => s.app.paths.vault, '/elsewhere'],
  ['VAULT_PATH', '/elsewhere', (s) => s.app.paths.tier1, '/elsewhere/conversations'],
  ['LOG_LEVEL', 'DEBUG', (s) => s.logLevel, 'debug'],
  ['LOG_LEVEL', 'warning', (s) => s.logLevel, 'warn'],
  ['SCHEDULER_TIMEZONE', 'Europe/Paris', (s) => s.scheduler.timezone, 'Europe/Paris'],
  ['TZ', 'Europe/Paris', (s) => s.scheduler.timezone, 'Asia/Tokyo'],
  ['SCHEDULER_HOST', '0.0.0.0', (s) => s.server.host, '0.0.0.0'],
  ['SCHEDULER_PORT', '9000', (s) => s.server.port, 9000],
  ['SCHEDULER_PORT', '0', (s) => s.server.port, 0],
  ['SCHEDULER_STATE_DIR', '/state', (s) => s.stateDir, '/state'],
  ['VAULT_SYNC_ENABLED', 'off', (s) => sync(s).enabled, false],
  [
    'VAULT_SYNC_CRON',
    '0 * * * *',
    (s) => sync(s).schedule,
    { kind: 'cron', expression: '0 * * * *', timezone: 'Asia/Tokyo', dayMatch: 'or' },
  ],
  ['HOUSEKEEPING_ENABLED', '0', (s) => s.jobs[1]?.enabled, false],
  ['NEO4J_HOST', 'db', (s) => s.app.databases.neo4j?.uri, 'bolt://db:7687'],
  [
    'NEO4J_PASSWORD',
    'pw',
    (s) => s.app.databases.neo4j,
    { uri: 'bolt://localhost:7687', user: 'neo4j', password: 'pw', database: null },
  ],
  ['NEO4J_HOST', 'db', (s) => s.app.vault.graph, 'neo4j'],
  ['RABBITMQ_HOST', 'mq', (s) => s.app.databases.rabbitmq?.url, 'amqp://mq:5672'],
  ['RABBITMQ_URL', 'amqps://u:p@mq', (s) => s.app.databases.rabbitmq?.url, 'amqps://u:p@mq'],
])('%s=%s goes before the file', async (name, value, effective, expected) => {
  const settings = await settingsOf(SETTINGS, { env: { [name]: value } });
  expect(effective(settings)).toEqual(expected);
});

test('without any of it, the defaults', async () => {
  const { server, logLevel, app, scheduler } = await settingsOf('{}\n');
  expect({ server, logLevel }).toEqual({
    server: { host: '127.0.0.1', port: 8787, tokens: [] },
    logLevel: 'info',
  });
  expect([app.paths.vault, app.databases.neo4j, app.vault.graph]).toEqual(['/vault', null, 'embedded']);
  expect(scheduler.timezone).toBe('UTC');
});

test.each([
  ['Europe/Paris', 'Europe/Paris'],
  [':Europe/Paris', 'Europe/Paris'],
  [':/etc/localtime', 'UTC'],
  ['', 'UTC'],
])('TZ=%s is the zone where nothing else names one', async (zone, expected) => {
  expect((await settingsOf('{}\n', { env: { TZ: zone } })).scheduler.timezone).toBe(expected);
});

test.each([
  ['VAULT_SYNC_ENABLED', 'maybe', 'INVALID_VARIABLE'],
  ['VAULT_SYNC_CRON', '99 * * * *', 'INVALID_SCHEDULE'],
  ['SCHEDULER_TIMEZONE', 'Nowhere', 'INVALID_VARIABLE'],
  ['SCHEDULER_PORT', 'http', 'INVALID_VARIABLE'],
  ['SCHEDULER_PORT', '65536', 'INVALID_VARIABLE'],
  ['SCHEDULER_TOKENS', 'secret-without-scope', 'INVALID_VARIABLE'],
  ['SCHEDULER_TOKENS', 'a:root:s', 'INVALID_VARIABLE'],
  ['LOG_LEVEL', 'LOUD', 'INVALID_VARIABLE'],
  ['NEO4J_BOLT_PORT', '70000', 'INVALID_VARIABLE'],
  ['NEO4J_URI', 'http://db', 'INVALID_VALUE'],
  ['NEO4J_URI', 'bolt://user:pw@db', 'INVALID_VALUE'],
  ['RABBITMQ_URL', 'mq:5672', 'INVALID_VALUE'],
  ['SCHEDULER_DATABASE_URL', 'postgres://u:pw@db/x', 'CLUSTER_UNAVAILABLE'],
])('%s=%s is a fault that names the variable and not a secret', async (name, value, code) => {
  const result = await load(SETTINGS, { env: { [name]: value } });
  expect(result).toMatchObject({ faults: [{ file: 'environment', line: null, path: name, code }] });
  expect(JSON.stringify(result)).not.toMatch(/pw@|secret-without/);
});

test.each(['NEO4J_USERNAME', 'NEO4J_URL', 'NEO4J_PASSWROD', 'NEO4J_DB'])(
  '%s is no name of ours: a warning, and the graph stays what it was',
  async (name) => {
    const settings = await settingsOf('{}\n', { env: { [name]: 'x' } });
    expect(settings.app.vault.graph).toBe('embedded');
    expect(settings.warnings).toMatchObject([{ path: name, fix: expect.stringContaining('NEO4J_PASSWORD') }]);
  },
);

test.each([
  'NEO4J_AUTH',
  'NEO4J_PORT_7687_TCP',
  'NEO4J_server_memory_heap',
  'NEO4J_TEST_URI',
  'NEO4J_PASSWORD_FILE',
])('%s is known, or meant for others', async (name) => {
  const { warnings } = await settingsOf('{}\n', { env: { [name]: 'secret' }, files: { secret: 'x' } });
  expect(warnings).toEqual([]);
});

test('TZ that is no zone is a fault where it counts', async () => {
  const result = await load('{}\n', { env: { TZ: 'CET-1CEST' } });
  expect(result.kind === 'faults' && said(result.faults)).toEqual(['- INVALID_VARIABLE TZ']);
  expect(await faultsWith({ env: { TZ: 'CET-1CEST' } })).toEqual([]);
});

test('an empty variable counts as unset', async () => {
  const env = {
    VAULT_PATH: '',
    NEO4J_HOST: '',
    SCHEDULER_PORT: '',
    VAULT_SYNC_ENABLED: '',
    SCHEDULER_DATABASE_URL: '',
  };
  const settings = await settingsOf(SETTINGS, { env });
  expect(settings.app.paths.vault).toBe(path.join(settings.projectDir, 'vault'));
  expect(settings.app.databases.neo4j).toBeNull();
});

test.each([
  ['NEO4J_PASSWORD', (s: Settings) => s.app.databases.neo4j?.password, 'hunter2'],
  ['RABBITMQ_URL', (s: Settings) => s.app.databases.rabbitmq?.url, 'amqp://u:hunter2@mq'],
  ['SCHEDULER_TOKENS', (s: Settings) => s.server.tokens[0]?.secret, 'ci:run:hunter2'],
])('%s_FILE: the content of a file, without its last line break', async (name, effective, content) => {
  const files = { 'run/secret': `${content}\n` };
  const settings = await settingsOf(SETTINGS, { env: { [`${name}_FILE`]: 'run/secret' }, files });
  expect(effective(settings)).toMatch(/hunter2$|hunter2@mq$/);
  expect(JSON.stringify(settings.values)).not.toContain('hunter2');
  expect(settings.values.some(({ origin }) => origin === `${name}_FILE`)).toBe(true);
});

test.each([
  ['not there', { NEO4J_PASSWORD_FILE: 'nowhere' }, 'SECRET_UNREADABLE NEO4J_PASSWORD_FILE'],
  ['a folder', { NEO4J_PASSWORD_FILE: 'settings' }, 'SECRET_UNREADABLE NEO4J_PASSWORD_FILE'],
  ['empty', { NEO4J_PASSWORD_FILE: 'empty' }, 'SECRET_UNREADABLE NEO4J_PASSWORD_FILE'],
  ['another', { NEO4J_PASSWORD_FILE: 'secret', NEO4J_PASSWORD: 'x' }, 'TWO_SPELLINGS NEO4J_PASSWORD_FILE'],
  ['a cluster', { SCHEDULER_DATABASE_URL_FILE: 'secret' }, 'CLUSTER_UNAVAILABLE SCHEDULER_DATABASE_URL_FILE'],
])('a file of a secret that is %s is a fault', async (_name, env, fault) => {
  const files = { secret: 'hunter2', empty: '\n' };
  expect(await faultsWith({ env, files })).toEqual([`environment:- ${fault}`]);
});

test('the same secret both ways is none', async () => {
  const env = { NEO4J_PASSWORD: 'hunter2', NEO4J_PASSWORD_FILE: 'secret' };
  expect(await faultsWith({ env, files: { secret: 'hunter2\n' } })).toEqual([]);
});

test('.env files: the one beside the settings before that of the working directory, the process before both', async () => {
  const files = {
    '.env': 'LOG_LEVEL=debug\nSCHEDULER_PORT=1111\nSCHEDULER_HOST=one\n',
    'settings/.env': 'export SCHEDULER_PORT=2222\nSCHEDULER_HOST="two"\n',
  };
  const settings = await settingsOf(SETTINGS, { files, env: { SCHEDULER_HOST: 'three' } });
  expect(settings).toMatchObject({ logLevel: 'debug', server: { host: 'three', port: 2222 } });
  expect(settings.envFiles.map((file) => path.relative(settings.projectDir, file))).toEqual([
    '.env',
    'settings/.env',
  ]);
});

test('SCHEDULER_ENV_FILE is then the only one', async () => {
  const files = { '.env': 'LOG_LEVEL=debug\n', 'other.env': 'SCHEDULER_PORT=1111\n' };
  const settings = await settingsOf(SETTINGS, { files, env: { SCHEDULER_ENV_FILE: 'other.env' } });
  expect(settings).toMatchObject({ logLevel: 'info', server: { port: 1111 } });
  expect(settings.envFiles).toEqual([path.join(settings.projectDir, 'other.env')]);
  const missing = await settingsOf(SETTINGS, { env: { SCHEDULER_ENV_FILE: 'nowhere.env' } });
  expect(missing.warnings.map(({ code }) => code)).toEqual(['ENV_FILE_MISSING']);
});

test('a fault in a .env file has its line there', async () => {
  const files = { 'settings/.env': '# ports\nSCHEDULER_PORT=http\n' };
  expect(await faultsWith({ files })).toEqual(['settings/.env:2 INVALID_VARIABLE SCHEDULER_PORT']);
});

test('a job whose name is no word: its variables', async () => {
  const yaml = 'scheduler: { jobs: { nightly-export.2: { handler: vault_sync } } }\n';
  const env = { NIGHTLY_EXPORT_2_ENABLED: 'true', NIGHTLY_EXPORT_2_CRON: '@daily' };
  expect((await settingsOf(yaml, { env })).jobs[0]).toMatchObject({
    enabled: true,
    schedule: { expression: '@daily' },
    warnings: [],
  });
});

test('relative paths: of the file from its project, of variables and flags from the working directory', async () => {
  const root = folder();
  const yaml =
    'paths: { vault: v }\nscheduler: { job_directories: [j, /abs] }\nhousekeeper: { report_directory: r, allowed_roots: [a], rules: [{ id: x, directory: d }] }\n';
  const given = {
    files: { 'deep/project/settings/other.yaml': yaml },
    file: 'deep/project/settings/other.yaml',
  };
  const result = await loadIn(root, given);
  if (result.kind !== 'ok') throw new Error('expected settings');
  const project = path.join(root, 'deep/project');
  const { settings } = result;
  expect(settings).toMatchObject({ projectDir: project, stateDir: path.join(project, 'data') });
  expect(settings.app.paths.vault).toBe(path.join(project, 'v'));
  expect(settings.scheduler.jobDirectories).toEqual([path.join(project, 'j'), '/abs']);
  expect(settings.housekeeper.allowedRoots).toEqual([path.join(project, 'a')]);
  expect(settings.housekeeper.rules[0]?.directory).toBe(path.join(project, 'd'));
  const env = { VAULT_PATH: 'v', SCHEDULER_STATE_DIR: 's' };
  const other = await loadIn(root, { ...given, env });
  if (other.kind !== 'ok') throw new Error('expected settings');
  expect([other.settings.app.paths.vault, other.settings.stateDir]).toEqual([
    path.join(root, 'v'),
    path.join(root, 's'),
  ]);
  const flag = await loadIn(root, { ...given, env, stateDir: 'flag' });
  expect(flag).toMatchObject({ settings: { stateDir: path.join(root, 'flag') } });
});

test('a settings file outside a folder `settings` counts from its own folder', async () => {
  const root = folder();
  const result = await loadIn(root, { files: { 'my.yaml': '{}\n' }, env: { SCHEDULER_SETTINGS: 'my.yaml' } });
  expect(result).toMatchObject({ settings: { file: path.join(root, 'my.yaml'), projectDir: root } });
});
