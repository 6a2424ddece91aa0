// The contract of a store, kept by the SQLite one.

import { rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import { fastFolder } from '../../support/fast-folder.ts';
import { stillClock } from '../../support/ledger.ts';
import { storeContract } from './suite.ts';

storeContract('sqlite', async () => {
  const stateDir = await fastFolder('ledger-');
  const clock = stillClock();
  const store = await openSqliteStore({ stateDir, clock });
  const another = await openSqliteStore({ stateDir, clock });
  onTestFinished(async () => {
    await Promise.all([store.close(), another.close()]);
    await rm(stateDir, { recursive: true });
  });
  return { store, another, clock };
});
