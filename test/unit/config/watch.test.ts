import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemNotices } from '#config/folder-notices';
import { COMPARE_MS, type SettingsWatch, watchSettings } from '#config/watch';
import { type Clock, systemClock } from '#core/clock';
import { createManualClock } from '../../support/manual-clock.ts';
import { folder, write } from './harness.ts';

/** Answers what `onChange` was told, each telling once. */
interface Told {
  watch: SettingsWatch;
  /** The next telling, or one that nobody asked for yet. */
  next(): Promise<string[]>;
  readonly count: number;
  stop(): Promise<void>;
}

function watching(paths: readonly string[] | (() => readonly string[]), clock: Clock): Told {
  const told: string[][] = [];
  const waiting: ((changed: string[]) => void)[] = [];
  const abort = new AbortController();
  let count = 0;
  const watch = watchSettings({
    paths: typeof paths === 'function' ? paths : () => paths,
    mayHang: (file) => file.endsWith('.far'),
    noticeFolders: systemNotices,
    compareMs: COMPARE_MS,
    clock,
    signal: abort.signal,
    onChange(changed) {
      count++;
      const names = changed.map((file) => path.basename(file));
      const ask = waiting.shift();
      if (ask) ask(names);
      else told.push(names);
    },
  });
  const stop = () => {
    abort.abort();
    return watch.closed;
  };
  onTestFinished(stop);
  return {
    watch,
    stop,
    next: () => {
      const before = told.shift();
      return before ? Promise.resolve(before) : new Promise((resolve) => waiting.push(resolve));
    },
    get count() {
      return count;
    },
  };
}

test('a change of the file in place, an atomic rename over it, and its removal are told', async () => {
  const root = folder();
  const file = path.join(root, 'settings.yaml');
  writeFileSync(file, 'a: 1\n');
  const told = watching([file], systemClock);
  await told.watch.ready;
  writeFileSync(file, 'a: 22\n');
  expect(await told.next()).toEqual(['settings.yaml']);
  writeFileSync(`${file}.new`, 'a: 333\n');
  renameSync(`${file}.new`, file);
  expect(await told.next()).toEqual(['settings.yaml']);
  writeFileSync(file, 'a: 4444\n');
  expect(await told.next()).toEqual(['settings.yaml']);
  rmSync(file);
  expect(await told.next()).toEqual(['settings.yaml']);
});

test('a file that appears is told', async () => {
  const root = folder();
  const told = watching([path.join(root, '.env')], systemClock);
  await told.watch.ready;
  writeFileSync(path.join(root, '.env'), 'A=1\n');
  expect(await told.next()).toEqual(['.env']);
});

test("a ConfigMap's swap of `..data` is told for every file behind it", async () => {
  const root = folder();
  write(root, { '..v1/a.yaml': '1', '..v1/.env': '1', '..v2/a.yaml': '2', '..v2/.env': '2' });
  symlinkSync('..v1', path.join(root, '..data'));
  for (const name of ['a.yaml', '.env']) symlinkSync(path.join('..data', name), path.join(root, name));
  const told = watching([path.join(root, 'a.yaml'), path.join(root, '.env')], systemClock);
  await told.watch.ready;
  symlinkSync('..v2', path.join(root, '..data_tmp'));
  renameSync(path.join(root, '..data_tmp'), path.join(root, '..data'));
  expect(await told.next()).toEqual(['a.yaml', '.env']);
});

test('files on a disk that may hang are compared as the others: changed, gone, back', async () => {
  const root = folder();
  const files = ['near.yaml', 'there.far'].map((name) => path.join(root, name));
  for (const file of files) writeFileSync(file, '1');
  const told = watching(files, createManualClock(0));
  await told.watch.ready;
  const changes = [
    (file: string) => writeFileSync(file, '22'),
    (file: string) => rmSync(file),
    (file: string) => writeFileSync(file, '333'),
  ];
  for (const change of changes) {
    for (const file of files) change(file);
    await told.watch.check();
    expect(await told.next()).toEqual(['near.yaml', 'there.far']);
    await told.watch.check();
  }
  expect(told.count).toBe(3);
});

test('without any notification a change is seen after 5 seconds', async () => {
  const root = folder();
  write(root, { 'real/settings.yaml': 'a: 1\n' });
  // Links are not followed by the watcher, so nothing behind this one wakes it: as on a mount without inotify.
  symlinkSync('real', path.join(root, 'link'));
  const clock = createManualClock(0);
  const told = watching([path.join(root, 'link/settings.yaml')], clock);
  await told.watch.ready;
  write(root, { 'real/settings.yaml': 'a: 22\n' });
  await clock.advance(4999);
  expect(told.count).toBe(0);
  const next = told.next();
  await clock.advance(1);
  expect(await next).toEqual(['settings.yaml']);
});

test('the comparison goes on after it told something, and tells nothing twice', async () => {
  const root = folder();
  const file = path.join(root, 'settings.yaml');
  const clock = createManualClock(0);
  const told = watching([file], clock);
  for (const text of ['a: 1\n', 'a: 22\n']) {
    writeFileSync(file, text);
    const next = told.next();
    await told.watch.check();
    expect(await next).toEqual(['settings.yaml']);
    await told.watch.check();
  }
  expect(told.count).toBe(2);
});

test('a burst of changes between two looks is one telling of all files', async () => {
  const root = folder();
  const files = ['a', 'b', 'c'].map((name) => path.join(root, name));
  const told = watching(files, createManualClock(0));
  for (const text of ['1', '22', '333']) for (const file of files) writeFileSync(file, text);
  await Promise.all([told.watch.check(), told.watch.check()]);
  expect(await told.next()).toEqual(['a', 'b', 'c']);
  expect(told.count).toBe(1);
});

test('a torn write is told again when the rest of it is there', async () => {
  const root = folder();
  const file = path.join(root, 'settings.yaml');
  writeFileSync(file, 'whole: true\n');
  const told = watching([file], createManualClock(0));
  writeFileSync(file, 'who');
  await told.watch.check();
  writeFileSync(file, 'whole: false\n');
  await told.watch.check();
  expect(told.count).toBe(2);
});

test('what changed between the call and the first look is told', async () => {
  const root = folder();
  const file = path.join(root, 'settings.yaml');
  writeFileSync(file, 'a: 1\n');
  const told = watching([file], createManualClock(0));
  writeFileSync(file, 'a: 22\n');
  await told.watch.check();
  expect(told.count).toBe(1);
});

test('the set of files may change while it watches', async () => {
  const root = folder();
  const [first, second] = ['one/a', 'two/b'].map((name) => path.join(root, name)) as [string, string];
  write(root, { 'one/a': '1' });
  let files = [first];
  const told = watching(() => files, systemClock);
  await told.watch.ready;
  mkdirSync(path.join(root, 'two'));
  writeFileSync(second, '1');
  files = [first, second];
  await told.watch.check();
  expect(await told.next()).toEqual(['b']);
});

test('after the signal nothing is told and nothing is held open', async () => {
  const root = folder();
  const file = path.join(root, 'settings.yaml');
  const clock = createManualClock(0);
  const told = watching([file], clock);
  await told.watch.ready;
  await told.stop();
  expect(clock.timers).toBe(0);
  writeFileSync(file, 'a: 1\n');
  await told.watch.check();
  expect(told.count).toBe(0);
});

test('a signal that has already aborted starts nothing', async () => {
  const abort = new AbortController();
  abort.abort();
  const clock = createManualClock(0);
  const nothing = { paths: () => [], mayHang: () => false, onChange: () => {}, noticeFolders: systemNotices };
  const watch = watchSettings({ ...nothing, compareMs: COMPARE_MS, clock, signal: abort.signal });
  await Promise.all([watch.ready, watch.closed]);
  expect(clock.timers).toBe(0);
});
