// What the file system tells of a vault: notes only, whichever way an editor saves.

import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchTree } from '#service/vault-watch';

test('notes that are made, written, renamed over and removed are told; nothing else is', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'vault-watch-'));
  const tier = path.join(root, 'conversations');
  await mkdir(path.join(tier, 'deep'), { recursive: true });
  await writeFile(path.join(tier, 'old.md'), 'old');
  const told: string[] = [];
  const waiting = new Map<string, () => void>();
  const ready = Promise.withResolvers<void>();
  const stop = watchTree([tier], {
    change(file) {
      const name = path.relative(tier, file);
      told.push(name);
      waiting.get(name)?.();
    },
    error: (cause) => ready.reject(cause),
    ready: ready.resolve,
  });
  onTestFinished(async () => {
    await stop();
    await rm(root, { recursive: true });
  });
  await ready.promise;
  const toldOf = (name: string) => new Promise<void>((resolve) => waiting.set(name, resolve));
  const saved = async (name: string, save: () => Promise<unknown>) => {
    const heard = toldOf(name);
    await save();
    await heard;
  };
  await saved('new.md', () => writeFile(path.join(tier, 'new.md'), 'new'));
  await saved('deep/er.MD', () => writeFile(path.join(tier, 'deep/er.MD'), 'deep'));
  await writeFile(path.join(tier, 'picture.png'), 'no note');
  await writeFile(path.join(tier, '.hidden.md'), 'hidden');
  await writeFile(path.join(tier, 'old.md.tmp'), 'by rename');
  await saved('old.md', () => rename(path.join(tier, 'old.md.tmp'), path.join(tier, 'old.md')));
  await saved('new.md', () => rm(path.join(tier, 'new.md')));
  expect(new Set(told)).toEqual(new Set(['new.md', 'deep/er.MD', 'old.md']));
});
