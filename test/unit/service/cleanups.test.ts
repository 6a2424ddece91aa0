import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Settings } from '#config/settings';
import type { CleanupRule } from '#core/cleanup';
import type { JsonObject } from '#core/handler';
import { createHousekeeper } from '#housekeeper/housekeeper';
import { Cleanups, cleanupByCall } from '#service/cleanups';
import { openSqliteStore } from '#store/sqlite/open';
import {
  NOW,
  put,
  recordingLog,
  ruleWith,
  settingsWith,
  standingClock,
  tempFolder,
  tree,
} from '../housekeeper/support.ts';

/** Cleanups over a real ledger, with one rule of the settings and one allowed root. */
async function opened() {
  const root = tempFolder();
  for (const name of ['vault', 'settings', 'state', 'of_settings', 'free/logs', 'closed'])
    mkdirSync(join(root, name), { recursive: true });
  const stateDir = join(root, 'state');
  const store = await openSqliteStore({ stateDir });
  onTestFinished(() => store.close());
  const configured: CleanupRule[] = [
    ruleWith({ id: 'of_settings', directory: join(root, 'of_settings'), origin: 'aclarai.config.yaml:7' }),
  ];
  const housekeeperSettings = settingsWith({ rules: configured, allowedRoots: [join(root, 'free')] });
  const housekeeper = createHousekeeper({
    clock: standingClock,
    log: recordingLog(),
    store,
    settings: () => housekeeperSettings,
    protectedPaths: () => ({
      vault: join(root, 'vault'),
      settingsFile: join(root, 'settings/aclarai.config.yaml'),
      state: stateDir,
    }),
    stateDir,
  });
  let ids = 0;
  const cleanups = new Cleanups({
    store,
    clock: standingClock,
    housekeeper,
    settings: () => ({ housekeeper: housekeeperSettings }) as Settings,
    timezone: () => 'UTC',
    newRunId: () => `id-${++ids}`,
  });
  const register = (given: JsonObject = {}) =>
    cleanups.register({ directory: join(root, 'free/logs'), ...given }, 'test');
  return { root, store, cleanups, register, housekeeper };
}

describe('register', () => {
  test('keeps a rule with the defaults of the law', async () => {
    const { root, cleanups, register, store } = await opened();
    expect(await register()).toEqual({ registration_id: 'id-1' });
    expect(await cleanups.get('id-1')).toEqual({
      id: 'id-1',
      directory: join(root, 'free/logs'),
      pattern: '*',
      retention_days: null,
      max_files: null,
      max_size_mb: null,
      min_keep: 0,
      priority: 100,
      recursive: false,
      dry_run: false,
      description: null,
      max_delete_share: null,
      source: 'api',
      module_id: 'unknown',
      last_run: null,
      created_at: '2026-01-31T03:00:00Z',
      updated_at: '2026-01-31T03:00:00Z',
    });
    expect(await store.changes({ limit: 9 })).toMatchObject([{ what: 'cleanup_registered', by: 'test' }]);
  });

  test.each<[string, JsonObject]>([
    ['retention_days', { retention_days: -1 }],
    ['max_files', { max_files: -1 }],
    ['max_files', { max_files: 1.5 }],
    ['max_files', { max_files: '5' }],
    ['max_size_mb', { max_size_mb: -0.5 }],
    ['min_keep', { min_keep: -1 }],
    ['min_keep', { min_keep: null }],
    ['priority', { priority: -1 }],
    ['max_delete_share', { max_delete_share: 1.1 }],
    ['directory', { directory: 'relative' }],
    ['directory', { directory: `/${'d'.repeat(512)}` }],
    ['directory', { directory: null }],
    ['pattern', { pattern: 'p'.repeat(129) }],
    ['pattern', { pattern: '../x' }],
    ['pattern', { pattern: '/etc/*' }],
    ['pattern', { pattern: '..' }],
    ['pattern', { pattern: '' }],
    ['recursive', { recursive: 'yes' }],
    ['id', { id: '../x' }],
    ['id', { id: '' }],
    ['retention_day', { retention_day: 3 }],
    ['source', { source: 'config' }],
    ['module_id', { module_id: 'm'.repeat(101) }],
  ])('refuses a wrong %s and names it: %j', async (field, given) => {
    const { register, store } = await opened();
    await expect(register(given)).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
      message: expect.stringContaining(field),
    });
    expect(await store.cleanups()).toEqual([]);
    expect(await store.changes({ limit: 9 })).toEqual([]);
  });

  test('names every wrong field at once, and the nearest of one that is unknown', async () => {
    const { register } = await opened();
    await expect(register({ max_files: -1, max_fils: 2 })).rejects.toMatchObject({
      message: expect.stringMatching(/max_fils.*max_files is -1/),
      fix: expect.stringContaining('did you mean max_files?'),
    });
  });

  test.each([
    '/',
    '/etc',
    '/usr/lib/x',
    '/proc',
    '/root',
    'vault',
    'vault/in',
    'settings',
    'state',
    'state/jobs',
    'closed',
    '',
  ])('refuses the directory "%s" with the reason', async (directory) => {
    const { root, register, store } = await opened();
    const path = directory.startsWith('/') ? directory : join(root, directory);
    await expect(register({ directory: path })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining(path),
      fix: expect.any(String),
    });
    expect(await store.cleanups()).toEqual([]);
  });

  test('refuses a link under an allowed root that leads out of it', async () => {
    const { root, register } = await opened();
    symlinkSync(join(root, 'closed'), join(root, 'free/link'));
    await expect(register({ directory: join(root, 'free/link') })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('takes what functions keep in the state directory, and a directory that is still to come', async () => {
    const { root, register, cleanups } = await opened();
    await register({ directory: join(root, 'state/modules/m'), id: 'm' });
    await register({ directory: join(root, 'free/later'), id: 'later' });
    expect((await cleanups.list()).map(({ id }) => id)).toEqual(['of_settings', 'later', 'm']);
  });

  test('refuses an id that is taken, naming file and line of one of the settings', async () => {
    const { register } = await opened();
    await register({ id: 'mine' });
    await expect(register({ id: 'mine' })).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(register({ id: 'of_settings' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('aclarai.config.yaml:7'),
    });
  });
});

describe('list', () => {
  test('shows all in the order in which they run, or those of a module', async () => {
    const { cleanups, register } = await opened();
    await register({ id: 'late', priority: 200, module_id: 'core.logs' });
    await register({ id: 'early', priority: 1, module_id: 'core.temp' });
    const ids = async (query: { module?: string }) => (await cleanups.list(query)).map(({ id }) => id);
    expect(await ids({})).toEqual(['early', 'of_settings', 'late']);
    expect(await ids({ module: 'core.logs' })).toEqual(['late']);
    expect(await ids({ module: 'core' })).toEqual([]);
  });
});

describe('update and remove', () => {
  test('change what is given and leave the rest', async () => {
    const { cleanups, register, store } = await opened();
    await register({ id: 'mine', max_files: 9, retention_days: 3 });
    expect(await cleanups.update('mine', { max_files: null, min_keep: 2 }, 'you')).toMatchObject({
      max_files: null,
      min_keep: 2,
      retention_days: 3,
    });
    expect(await cleanups.remove('mine', 'you')).toEqual({ removed: 'mine' });
    expect(await store.cleanups()).toEqual([]);
    expect((await store.changes({ limit: 9 })).map(({ what, by }) => [what, by])).toEqual([
      ['cleanup_removed', 'you'],
      ['cleanup_updated', 'you'],
      ['cleanup_registered', 'test'],
    ]);
  });

  test('refuse wrong fields, forbidden places, rules of the settings, and ids that nobody has', async () => {
    const { root, cleanups, register } = await opened();
    await register({ id: 'mine' });
    const refused = (id: string, changes: JsonObject) => expect(cleanups.update(id, changes, 'you')).rejects;
    await refused('mine', { max_files: -1 }).toMatchObject({ code: 'INVALID_PARAMETERS' });
    await refused('mine', { id: 'other' }).toMatchObject({ code: 'INVALID_PARAMETERS' });
    await refused('mine', { directory: join(root, 'vault') }).toMatchObject({ code: 'FORBIDDEN' });
    await refused('of_settings', { max_files: 1 }).toMatchObject({ code: 'CONFLICT' });
    await refused('mien', { max_files: 1 }).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      fix: 'did you mean "mine"?',
    });
    await expect(cleanups.remove('of_settings', 'you')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('aclarai.config.yaml:7'),
    });
    await expect(cleanups.remove('mien', 'you')).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
    await expect(cleanups.get('mien')).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});

test('a registered rule runs, and its last run is shown', async () => {
  const { root, cleanups, register } = await opened();
  await register({ id: 'mine', retention_days: 30 });
  put(join(root, 'free/logs'), 'old', 31);
  put(join(root, 'free/logs'), 'new', 29);
  expect(await cleanups.run({ ruleId: 'mine', dryRun: true })).toMatchObject({ total_files_deleted: 1 });
  expect((await cleanups.get('mine')).last_run).toBeNull();
  expect(await cleanups.run({ ruleId: 'mine' })).toMatchObject({ total_files_deleted: 1, dry_run: false });
  expect(tree(join(root, 'free/logs'))).toEqual(['new']);
  expect(Date.parse((await cleanups.get('mine')).last_run ?? '')).toBe(NOW);
});

test('job code runs a rule, dry or by a plan, and hears how far it is', async () => {
  const { root, cleanups, register, housekeeper } = await opened();
  await register({ id: 'mine', retention_days: 30 });
  put(join(root, 'free/logs'), 'old', 31);
  const dry = await cleanupByCall(housekeeper, { id: 'mine', dry_run: true });
  expect(dry).toMatchObject({ result: { id: 'mine', files_deleted: 1 }, dry_run: true });
  const { plan_id } = dry as { plan_id: string };
  const done = await cleanupByCall(housekeeper, { plan_id });
  expect(done).toMatchObject({ result: { id: 'mine', files_deleted: 1 }, dry_run: false });
  put(join(root, 'free/logs'), 'old', 31);
  const heard: unknown[] = [];
  await cleanups.run({ onProgress: (...step) => heard.push(step) });
  // Both rules are at work at once: the other may be over by now, or not.
  expect(heard).toContainEqual([expect.any(Number), 2, 'mine: 1 files to remove']);
  expect(heard.at(-1)).toEqual([2, 2, expect.any(String)]);
});

test('a cleanup of a run that is stopped stops with it', async () => {
  const { root, register, housekeeper } = await opened();
  await register({ id: 'mine', retention_days: 30 });
  put(join(root, 'free/logs'), 'old', 31);
  const answer = await cleanupByCall(housekeeper, { id: 'mine' }, AbortSignal.abort());
  expect(answer).toMatchObject({ result: { success: false, files_deleted: 0 } });
  expect(tree(join(root, 'free/logs'))).toEqual(['old']);
});
