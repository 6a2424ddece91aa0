import { expect, test } from 'vitest';
import type { Settings } from '#config/settings';
import { faultsOf, handler, settingsOf, warningsOf } from './harness.ts';

const shown = (settings: Settings, path: string) => {
  const found = settings.values.filter((value) => value.path === path);
  expect(found, path).toHaveLength(1);
  return `${JSON.stringify(found[0]?.value)} ${found[0]?.origin}`;
};
const FILE = 'settings/aclarai.config.yaml';

test('every value has its origin', async () => {
  const yaml = `paths: { vault: v }
scheduler:
  tickInterval: 2000
  defaults: { timeout: 90 }
  jobs:
    vault_sync:
      cron: "0 * * * *"
      full: true
`;
  const settings = await settingsOf(yaml, { env: { VAULT_SYNC_ENABLED: '1', NEO4J_USER: 'me' } });
  const sync = 'scheduler.jobs.vault_sync';
  expect(shown(settings, 'scheduler.check_interval')).toBe(`"2s" ${FILE}:3`);
  expect(shown(settings, 'scheduler.tickInterval')).toBe('2000 alias of scheduler.check_interval');
  expect(shown(settings, 'scheduler.cleanup_interval')).toBe('"1h" default');
  expect(shown(settings, 'scheduler.timezone')).toBe('"UTC" default');
  expect(shown(settings, `${sync}.cron`)).toBe(`"0 * * * *" ${FILE}:7`);
  expect(shown(settings, `${sync}.timeout`)).toBe(`"90s" ${FILE}:4`);
  expect(shown(settings, `${sync}.enabled`)).toBe('true VAULT_SYNC_ENABLED');
  expect(shown(settings, `${sync}.input.full`)).toBe(`true ${FILE}:8`);
  expect(shown(settings, `${sync}.misfire_policy`)).toBe('"skip" default');
  expect(shown(settings, 'databases.neo4j.user')).toBe('"me" NEO4J_USER');
  expect(shown(settings, 'databases.neo4j.uri')).toBe('"bolt://localhost:7687" default');
  expect(shown(settings, 'server.port')).toBe('8787 default');
  expect(shown(settings, 'housekeeper.enabled')).toBe('true default');
  expect(shown(settings, 'scheduler.jobs.housekeeping.cron')).toBe('"0 3 * * *" default');
});

test('no path is listed twice', async () => {
  const paths = (
    await settingsOf('scheduler: { jobs: { vault_sync: { a: 1, input: { b: 2 } } } }\n')
  ).values.map(({ path }) => path);
  expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
});

test('secrets are collected, and masked wherever values are shown', async () => {
  const yaml = `databases:
  neo4j: { host: db, password: neo-pw }
  rabbitmq: { host: mq, user: me, password: "rab/pw" }
  postgres: { password: pg-pw }
model: { api_key: model-key, max_tokens: 4096 }
scheduler:
  secrets: [MY_SECRET]
  jobs:
    count: { enabled: true, webhook_token: job-pw, nested: { passwd: deep-pw, url: "https://u:url-pw@x" } }
`;
  const env = { SCHEDULER_TOKENS: 'ci:run:tok-1, me:admin:tok:2', MY_SECRET: 'ref-pw' };
  const settings = await settingsOf(yaml, { env, handlers: [handler('count')] });
  const secrets = [
    'neo-pw',
    'rab/pw',
    'rab%2Fpw',
    'pg-pw',
    'model-key',
    'job-pw',
    'deep-pw',
    'url-pw',
    'tok-1',
    'tok:2',
    'ref-pw',
  ];
  expect([...settings.secrets].toSorted()).toEqual(secrets.toSorted());
  const said = JSON.stringify([settings.values, settings.warnings]);
  for (const secret of secrets) expect(said).not.toContain(secret);
  expect(settings.server.tokens).toEqual([
    { name: 'ci', scope: 'run', secret: 'tok-1' },
    { name: 'me', scope: 'admin', secret: 'tok:2' },
  ]);
});

test('job code gets the whole file with passwords, and no tokens of the service', async () => {
  const yaml =
    'model: { name: x }\ndatabases: { neo4j: { host: db }, postgres: { host: pg } }\npaths: { settings: /s }\n';
  const env = { SCHEDULER_TOKENS: 'ci:run:tok-1', NEO4J_PASSWORD: 'neo-pw' };
  const { app } = await settingsOf(yaml, { env });
  expect(app).toMatchObject({
    model: { name: 'x' },
    databases: {
      neo4j: { uri: 'bolt://db:7687', password: 'neo-pw' },
      rabbitmq: null,
      postgres: { host: 'pg' },
    },
    paths: { settings: '/s', vault: '/vault', tier2: '/vault/summaries' },
    vault: { graph: 'neo4j', exclude: ['Templates/**', '*.excalidraw.md'], publish: false },
  });
  expect(JSON.stringify(app)).not.toContain('tok-1');
});

test('settings are frozen to the last leaf', async () => {
  const settings = await settingsOf(
    'model: { deep: [{ x: 1 }] }\nscheduler: { jobs: { vault_sync: { a: { b: [1] } } } }\n',
  );
  const open: string[] = [];
  const look = (value: unknown, path: string) => {
    if (typeof value !== 'object' || value === null) return;
    if (!Object.isFrozen(value)) open.push(path);
    for (const [key, inner] of Object.entries(value)) look(inner, `${path}.${key}`);
  };
  look(settings, 'settings');
  expect(open).toEqual([]);
});

test.each([
  [
    'databases: { neo4j: { uri: "neo4j+s://db", database: aclarai } }',
    { uri: 'neo4j+s://db', database: 'aclarai' },
  ],
  ['databases: { neo4j: { uri: "bolt://db:7687", host: db, bolt_port: 7687 } }', { uri: 'bolt://db:7687' }],
  ['databases: { neo4j: { host: "::1" } }', { uri: 'bolt://[::1]:7687' }],
  ['databases: { neo4j: {} }', { uri: 'bolt://localhost:7687', user: 'neo4j', password: null }],
])('the address of Neo4j: %s', async (yaml, expected) => {
  expect((await settingsOf(`${yaml}\n`)).app.databases.neo4j).toMatchObject(expected);
});

test.each([
  ['NEO4J_HOST', 'other', 'bolt://other:7687'],
  ['NEO4J_URI', 'neo4j://other', 'neo4j://other'],
])('%s hides the address of the file', async (name, value, uri) => {
  const yaml = 'databases: { neo4j: { uri: "bolt://db:7687", host: db, port: 7687 } }\n';
  expect((await settingsOf(yaml, { env: { [name]: value } })).app.databases.neo4j?.uri).toBe(uri);
});

test('two addresses that differ are a fault', async () => {
  const yaml = 'databases:\n  neo4j:\n    uri: bolt://db\n    host: other\n';
  expect(await faultsOf(yaml)).toEqual(['4 TWO_SPELLINGS databases.neo4j.host']);
  const port = 'databases:\n  rabbitmq:\n    url: amqp://mq:5672\n    port: 5673\n';
  expect(await faultsOf(port)).toEqual(['4 TWO_SPELLINGS databases.rabbitmq.port']);
});

test('the graph that is asked for goes before the one that is configured', async () => {
  const yaml = 'databases: { neo4j: { host: db } }\nvault: { graph: embedded }\n';
  expect((await settingsOf(yaml)).app.vault.graph).toBe('embedded');
});

test('the shared log level counts below LOG_LEVEL, and a word of its own is no fault', async () => {
  expect((await settingsOf('logging: { level: WARNING }\n')).logLevel).toBe('warn');
  expect((await settingsOf('logging: { level: INFO }\n', { env: { LOG_LEVEL: 'debug' } })).logLevel).toBe(
    'debug',
  );
  expect(await warningsOf('logging: { level: LOUD }\n')).toEqual(['1 INVALID_VALUE logging.level']);
});

test('a rule of the housekeeper, complete', async () => {
  const yaml = `housekeeper:
  rules:
    - id: logs
      directory: /var/log/app
      pattern: "*.log"
      retention_days: 0
      max_files: 5
      max_size_mb: 0.5
      min_keep: 1
      priority: 1
      recursive: true
      dry_run: true
      description: old logs
      max_delete_share: 0.5
    - { id: rest, directory: /tmp/app }
`;
  const { rules } = (await settingsOf(yaml)).housekeeper;
  expect(rules).toEqual([
    {
      id: 'logs',
      directory: '/var/log/app',
      pattern: '*.log',
      retentionDays: 0,
      maxFiles: 5,
      maxSizeMb: 0.5,
      minKeep: 1,
      priority: 1,
      recursive: true,
      dryRun: true,
      description: 'old logs',
      maxDeleteShare: 0.5,
      source: 'config',
      origin: expect.stringMatching(/:3$/),
      moduleId: null,
    },
    {
      id: 'rest',
      directory: '/tmp/app',
      pattern: '*',
      retentionDays: null,
      maxFiles: null,
      maxSizeMb: null,
      minKeep: 0,
      priority: 100,
      recursive: false,
      dryRun: false,
      description: null,
      maxDeleteShare: null,
      source: 'config',
      origin: expect.stringMatching(/:15$/),
      moduleId: null,
    },
  ]);
});
