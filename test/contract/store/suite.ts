// One suite for every store: a test for each promise of src/store/store.ts.

import { describe } from 'vitest';
import type { Store } from '#store/store';
import type { StillClock } from '../../support/ledger.ts';
import { claimPromises } from './promises/claim.ts';
import { endingPromises } from './promises/endings.ts';
import { firePromises } from './promises/fire.ts';
import { gapPromises } from './promises/gaps.ts';
import { jobPromises } from './promises/jobs.ts';
import { pausePromises } from './promises/pauses.ts';
import { queryPromises } from './promises/queries.ts';
import { recoverPromises } from './promises/recover.ts';

export interface OpenedLedger {
  store: Store;
  /** The same ledger as another process sees it. */
  another: Store;
  clock: StillClock;
}

/** A new, empty ledger; called within a test, closed when the test is over. */
export type OpenLedger = () => Promise<OpenedLedger>;

export function storeContract(name: string, open: OpenLedger): void {
  describe(`${name}: the promises of a store`, () => {
    jobPromises(open);
    firePromises(open);
    gapPromises(open);
    claimPromises(open);
    endingPromises(open);
    recoverPromises(open);
    pausePromises(open);
    queryPromises(open);
  });
}
