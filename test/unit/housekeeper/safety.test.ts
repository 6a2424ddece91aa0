import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Fences, locateFences, locatePlace, type Place } from '#housekeeper/places';
import { refusal } from '#housekeeper/safety';
import { tempFolder } from './support.ts';

const place = (path: string, real = path): Place => ({ path, real, identity: null, chain: [] });

const FENCES: Fences = {
  system: ['/etc', '/bin', '/lib', '/proc']
    .map((path) => place(path))
    .concat(place('/sbin', '/usr/sbin'), place('/usr')),
  homes: [place('/root'), place('/srv/people/ada')],
  vault: place('/srv/vault', '/mnt/disk/vault'),
  settings: { place: place('/app/settings'), closed: true },
  state: place('/app/data'),
  kept: [place('/app/data/traces'), place('/app/data/jobs', '/mnt/big/jobs')],
  modules: place('/app/data/modules'),
  allowedRoots: [place('/srv/tmp'), place('/srv/linked', '/mnt/tmp')],
};

const judge = (
  target: string | Place,
  changes: { source?: 'api'; recursive?: boolean; fences?: Partial<Fences> } = {},
) =>
  refusal(
    typeof target === 'string' ? place(target) : target,
    { source: changes.source ?? 'config', recursive: changes.recursive ?? false },
    { ...FENCES, ...changes.fences },
  );

describe('a rule of the settings file may not name', () => {
  test.each<[string | Place, RegExp]>([
    ['/', /root of the file system/],
    [place('/srv/all', '/'), /root of the file system/],
    ['/etc', /system directory/],
    ['/etc/cron.d', /system directory/],
    ['/usr/share/doc', /system directory/],
    ['/lib32/x', /system directory/],
    ['/libx32', /system directory/],
    ['/proc/1', /system directory/],
    [place('/srv/x', '/usr/sbin/x'), /system directory/],
    [place('/etc/linked', '/srv/x'), /system directory/],
    ['/root', /home/],
    ['/home/ada', /home/],
    ['/Users/ada', /home/],
    ['/srv/people/ada', /home/],
    [place('/srv/x', '/home/ada'), /home/],
    ['/srv/vault', /is the vault/],
    ['/srv', /contains the vault/],
    ['/srv/vault/notes', /inside the vault/],
    ['/mnt/disk', /contains the vault/],
    [place('/srv/x', '/mnt/disk/vault/a'), /inside the vault/],
    ['/app/settings', /is the settings/],
    ['/app/settings/old', /inside the settings/],
    ['/app', /contains the settings/],
    ['/app/data', /is the state/],
    [place('/x', '/app/data'), /is the state/],
    ['/app/data/traces', /keeps/],
    ['/app/data/traces/2026', /keeps/],
    ['/app/data/jobs', /keeps/],
    ['/mnt/big/jobs/vault_sync', /keeps/],
    ['/mnt/big', /keeps/],
  ])('%j', (target, why) => {
    const error = judge(target);
    expect(error?.code).toBe('FORBIDDEN');
    expect(error?.message).toMatch(why);
    expect(error?.fix).toBeTruthy();
  });
});

describe('a rule of the settings file may name', () => {
  test.each<[string]>([
    ['/srv/logs'],
    ['/srv/vaulted'],
    ['/srv/vault-old'],
    ['/etcetera'],
    ['/usrlocal'],
    ['/root/tmp'],
    ['/home/ada/tmp'],
    ['/home'],
    ['/app/data/exports'],
    ['/app/data/modules/web'],
    ['/app/logs'],
    ['/app/settings-old'],
  ])('%s', (target) => {
    expect(judge(target)).toBeNull();
  });
});

test('a recursive rule may not reach into homes from above', () => {
  expect(judge('/home', { recursive: true })?.message).toMatch(/home/);
  expect(judge('/srv/people', { recursive: false })).toBeNull();
  expect(judge('/srv/people', { recursive: true })?.message).toMatch(/home/);
});

test('a settings file outside a folder called settings closes its folder, not what is below', () => {
  const fences = { settings: { place: place('/opt/conf'), closed: false } };
  expect(judge('/opt/conf', { fences })?.code).toBe('FORBIDDEN');
  expect(judge('/opt', { fences })?.code).toBe('FORBIDDEN');
  expect(judge('/opt/conf/tmp', { fences })).toBeNull();
  expect(judge('/opt/conf', { fences: { settings: null } })).toBeNull();
});

describe('a rule made elsewhere needs an allowed root', () => {
  test.each<[string | Place, boolean]>([
    ['/srv/tmp', true],
    ['/srv/tmp/a/b', true],
    ['/app/data/modules/web', true],
    [place('/srv/linked/x', '/mnt/tmp/x'), true],
    ['/srv/tmpfile', false],
    ['/srv/logs', false],
    ['/app/data/exports', false],
    [place('/srv/tmp/link', '/mnt/other'), false],
  ])('%j: %s', (target, allowed) => {
    const error = judge(target, { source: 'api' });
    expect(error === null).toBe(allowed);
    if (error) expect(`${error.code} ${error.message}`).toMatch(/^FORBIDDEN .*housekeeper\.allowed_roots/);
  });

  test('and even then none of the forbidden places', () => {
    const fences = { allowedRoots: [place('/')] };
    expect(judge('/srv/logs', { source: 'api', fences })).toBeNull();
    expect(judge('/etc', { source: 'api', fences })?.message).toMatch(/system/);
    expect(judge('/srv/vault', { source: 'api', fences })?.message).toMatch(/vault/);
  });
});

test('a mount that shows a place under another name is the same place', () => {
  const vault: Place = { path: '/v', real: '/v', identity: '8:1', chain: ['8:1', '8:0'] };
  const alias: Place = {
    path: '/alias/notes',
    real: '/alias/notes',
    identity: '8:7',
    chain: ['8:7', '8:1', '9:0'],
  };
  expect(judge(alias, { fences: { vault } })?.message).toMatch(/inside the vault/);
});

describe('places on a real disk', () => {
  const house = async () => {
    const root = tempFolder();
    for (const name of ['vault/notes', 'project/settings', 'state/modules/web', 'state/traces', 'logs'])
      mkdirSync(join(root, name), { recursive: true });
    const fences = await locateFences(
      {
        vault: join(root, 'vault'),
        settingsFile: join(root, 'project/settings/a.yaml'),
        state: join(root, 'state'),
      },
      [join(root, 'logs')],
    );
    const code = async (name: string, source: 'config' | 'api' = 'config') =>
      refusal(await locatePlace(join(root, name)), { source, recursive: false }, fences)?.code ?? 'allowed';
    return { root, fences, code };
  };

  test('links lead where they lead', async () => {
    const { root, code } = await house();
    symlinkSync(join(root, 'vault'), join(root, 'logs/to-vault'));
    symlinkSync(join(root, 'logs'), join(root, 'to-logs'));
    symlinkSync('/etc', join(root, 'to-etc'));
    expect(await code('logs')).toBe('allowed');
    expect(await code('to-logs', 'api')).toBe('allowed');
    expect(await code('logs/to-vault')).toBe('FORBIDDEN');
    expect(await code('logs/to-vault/notes', 'api')).toBe('FORBIDDEN');
    expect(await code('to-etc')).toBe('FORBIDDEN');
    expect(await code('to-etc/not-there')).toBe('FORBIDDEN');
    expect(await code('logs/../vault')).toBe('FORBIDDEN');
    expect(await code('')).toBe('FORBIDDEN');
  });

  test('a place knows its own identity and those of all folders above it', async () => {
    const { root } = await house();
    const identities = (...paths: string[]) =>
      paths.map((path) => statSync(path, { bigint: true })).map(({ dev, ino }) => `${dev}:${ino}`);
    const above: string[] = [];
    for (let path = root; path !== '/'; path = dirname(path)) above.push(path);
    const logs = await locatePlace(join(root, 'logs'));
    expect(logs.identity).toBe(identities(join(root, 'logs'))[0]);
    expect(logs.chain).toEqual(identities(join(root, 'logs'), ...above, '/'));
    const missing = await locatePlace(join(root, 'not/there'));
    expect([missing.identity, missing.chain]).toEqual([null, identities(...above, '/')]);
  });

  test('what does not exist yet is judged all the same', async () => {
    const { code } = await house();
    expect(await code('not/there')).toBe('allowed');
    expect(await code('vault/not/there')).toBe('FORBIDDEN');
    expect(await code('state/jobs/x')).toBe('FORBIDDEN');
  });

  test('the system, the home of this process and the root of the disk are known', async () => {
    const { fences } = await house();
    for (const path of ['/', '/etc/ssl', '/usr/lib', '/bin', '/dev/shm', '/sys', process.env.HOME ?? '/root'])
      expect([
        path,
        refusal(await locatePlace(path), { source: 'config', recursive: false }, fences)?.code,
      ]).toEqual([path, 'FORBIDDEN']);
  });
});
