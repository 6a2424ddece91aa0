import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepUntilRestart, restartRequired } from '#config/diff';
import { formatNote } from '#config/format';
import { type Behaviour, configHash } from '#config/hash';
import { nearMiss } from '#config/near-miss';
import { displayName, isInside, projectDirOf, settingsPath, stateDirOf } from '#config/project';
import { jobOf, settingsOf } from './harness.ts';

test.each([
  [12, 5, 'a.b', 'fix it', 'f.yaml:12:5: a.b: wrong (fix it)'],
  [12, null, 'a.b', null, 'f.yaml:12: a.b: wrong'],
  [null, null, 'NAME', null, 'f.yaml: NAME: wrong'],
  [null, null, '', 'fix it', 'f.yaml: wrong (fix it)'],
])('a note with line %s, column %s, path %j, fix %j reads %s', (line, column, path, fix, text) => {
  expect(formatNote({ file: 'f.yaml', line, column, path, code: 'X', message: 'wrong', fix })).toBe(text);
});

test.each([
  ['/p/settings/a.yaml', '/p'],
  ['/p/other/a.yaml', '/p/other'],
  ['/settings/a.yaml', '/'],
  ['/a.yaml', '/'],
])('the project of %s is %s', (file, project) => {
  expect(projectDirOf(file)).toBe(project);
});

test.each([
  [undefined, undefined, '/p/data'],
  [undefined, 'v', '/cwd/v'],
  ['f', 'v', '/cwd/f'],
  ['/abs', 'v', '/abs'],
  ['', '', '/p/data'],
])('the state directory of flag %s and variable %s is %s', (flag, variable, expected) => {
  expect(stateDirOf(flag, variable, '/cwd', '/p')).toBe(expected);
});

test.each([
  [undefined, {}, '/cwd/settings/aclarai.config.yaml'],
  [undefined, { SCHEDULER_SETTINGS: 'v.yaml' }, '/cwd/v.yaml'],
  ['f.yaml', { SCHEDULER_SETTINGS: 'v.yaml' }, '/cwd/f.yaml'],
])('the settings file of flag %s and %o is %s', (flag, env, expected) => {
  expect(settingsPath(flag, env, '/cwd')).toBe(expected);
});

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a', '/', false],
  ['/a', '/a/../b', false],
  ['/a', '/a/..b', true],
])('inside %s lies %s: %s', (outer, inner, expected) => {
  expect(isInside(outer, inner)).toBe(expected);
});

test('files below the working directory have a short name', () => {
  expect(displayName('/w/settings/a.yaml', '/w')).toBe('settings/a.yaml');
  expect(displayName('/elsewhere/a.yaml', '/w')).toBe('/elsewhere/a.yaml');
});

test.each([
  ['corn', 'cron'],
  ['CRON', 'cron'],
  ['crno', 'cron'],
  ['cro', null],
  ['crxx', null],
  ['descrption', 'description'],
  ['decsrpition', 'description'],
  ['isolatn', null],
])('%s is nearly %s', (word, near) => {
  expect(nearMiss(word, ['cron', 'description', 'isolation', 'at'])).toBe(near);
});

async function behaviour(entry: string): Promise<Behaviour> {
  return jobOf(entry);
}

test('a hash is the same whatever order keys are written in', async () => {
  const base = await behaviour('{ enabled: true, cron: "0 1 * * *" }');
  await fc.assert(
    fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue()), async (input) => {
      const turned = Object.fromEntries(Object.entries(input).toReversed());
      const hash = configHash({ ...base, input: input as Behaviour['input'] });
      expect(configHash({ ...base, input: turned as Behaviour['input'] })).toBe(hash);
    }),
  );
});

test.each([
  ['its schedule', '{ enabled: true, cron: "0 3 * * *" }'],
  ['its zone', '{ enabled: true, cron: "0 2 * * *", timezone: Europe/Paris }'],
  ['its input', '{ enabled: true, folder: x }'],
  ['its policy', '{ enabled: true, retries: 1 }'],
  ['manual_only', '{ enabled: true, manual_only: true, cron: "0 2 * * *" }'],
  ['run_on_start', '{ enabled: true, run_on_start: true }'],
])('%s changes the hash of a job', async (_name, entry) => {
  expect((await jobOf(entry)).configHash).not.toBe((await jobOf('{ enabled: true }')).configHash);
});

test.each([
  ['a default that is written', '{ enabled: true, retries: 3, cron: "0 2 * * *" }'],
  ['its description', '{ enabled: true, description: x }'],
  ['its state', '{ enabled: false }'],
  ['another spelling of a value', '{ enabled: true, timeout: 60m }'],
])('%s does not', async (_name, entry) => {
  expect((await jobOf(entry)).configHash).toBe((await jobOf('{ enabled: true }')).configHash);
});

test.each([
  ['{}', { SCHEDULER_STATE_DIR: '/s' }, ['state_dir']],
  ['{}', { SCHEDULER_HOST: '0.0.0.0', SCHEDULER_PORT: '1' }, ['server.host', 'server.port']],
  ['{}', { SCHEDULER_TOKENS: 'a:read:b' }, ['server.tokens']],
  ['paths: { vault: /v }', {}, ['paths.vault']],
  ['databases: { neo4j: { host: x } }', {}, ['databases.neo4j']],
  ['databases: { rabbitmq: { host: x } }', {}, ['databases.rabbitmq']],
  ['scheduler: { timezone: Europe/Paris, defaults: { retries: 0 } }', {}, []],
  ['housekeeper: { dry_run: true }\nlogging: { level: debug }', {}, []],
])('%s with %o needs a restart for %o', async (yaml, env, expected) => {
  const fixed = { SCHEDULER_STATE_DIR: '/state' };
  const running = await settingsOf('{}\n', { env: fixed });
  const after = await settingsOf(`${yaml}\n`, { env: { ...fixed, ...env } });
  expect(restartRequired(running, after)).toEqual(expected);
});

test('until a restart, what it applies stays as it runs; all else is new', async () => {
  const env = { SCHEDULER_TOKENS: 'a:read:old-token' };
  const running = await settingsOf('paths: { vault: /old }\n', { env });
  const after = await settingsOf(
    'paths: { vault: /new, tier1: talks }\ndatabases: { neo4j: { host: x, password: new-pw } }\nscheduler: { timezone: Europe/Paris }\n',
  );
  const kept = keepUntilRestart(running, after);
  expect(restartRequired(running, kept)).toEqual([]);
  expect(kept).toMatchObject({
    scheduler: { timezone: 'Europe/Paris' },
    server: running.server,
    app: {
      paths: { vault: '/old', tier1: '/old/talks', tier2: '/old/summaries' },
      databases: { neo4j: null },
      vault: { graph: 'embedded' },
    },
  });
  expect(kept.secrets).toEqual(expect.arrayContaining(['old-token', 'new-pw']));
});
