// The ledger file tells that somebody wrote to it: events of the real file system, awaited and never timed.

import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import type { Store } from '#store/store';
import { addJobs, aJob } from '../../support/ledger.ts';

function directory(): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function opened(stateDir: string, tellsOfWrites?: boolean): Promise<Store> {
  const store = await openSqliteStore({ stateDir, ...(tellsOfWrites !== undefined && { tellsOfWrites }) });
  onTestFinished(() => store.close());
  return store;
}

it.each(['another process', 'itself'])('a write of %s is told, until nobody wants to know', async (who) => {
  const stateDir = directory();
  const [store, another] = [await opened(stateDir, true), await opened(stateDir)];
  const { promise: told, resolve } = Promise.withResolvers<void>();
  const end = store.onWrite(resolve, () => {});
  expect(end).not.toBeNull();
  await addJobs(who === 'itself' ? store : another, aJob('a'));
  await told;
  end!();
  expect(await store.changedElsewhere()).toBe(who !== 'itself');
});

it('a file that is not the ledger any more is told as lost', async () => {
  const stateDir = directory();
  const store = await opened(stateDir, true);
  await addJobs(store, aJob('a'));
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  store.onWrite(() => {}, resolve);
  const wal = path.join(stateDir, 'scheduler.db-wal');
  renameSync(wal, `${wal}.moved`);
  await lost;
});

it('nothing is told where it was not asked for', async () => {
  const store = await opened(directory());
  expect(
    store.onWrite(
      () => {},
      () => {},
    ),
  ).toBeNull();
});
