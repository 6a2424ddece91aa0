// One suite for every store: a test for each promise of src/store/store.ts.

import { describe } from 'vitest';
import type { Store } from '#store/store';
import type { StillClock } from '../../support/ledger.ts';
import { auditPromises } from './promises/audit.ts';
import { backfillPromises } from './promises/backfill.ts';
import { childPromises } from './promises/children.ts';
import { circuitPromises } from './promises/circuit.ts';
import { claimPromises } from './promises/claim.ts';
import { cleanupPromises } from './promises/cleanups.ts';
import { clockPromises } from './promises/clock.ts';
import { endingPromises } from './promises/endings.ts';
import { firePromises } from './promises/fire.ts';
import { gapPromises } from './promises/gaps.ts';
import { jobPromises } from './promises/jobs.ts';
import { keyPromises } from './promises/keys.ts';
import { pausePromises } from './promises/pauses.ts';
import { placePromises } from './promises/places.ts';
import { prunePromises } from './promises/prune.ts';
import { queryPromises } from './promises/queries.ts';
import { queuePromises } from './promises/queues.ts';
import { recoverPromises } from './promises/recover.ts';
import { removePromises } from './promises/remove.ts';
import { togetherPromises } from './promises/together.ts';

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
    removePromises(open);
    togetherPromises(open);
    prunePromises(open);
    placePromises(open);
    clockPromises(open);
    cleanupPromises(open);
    circuitPromises(open);
    backfillPromises(open);
    endingPromises(open);
    recoverPromises(open);
    pausePromises(open);
    queryPromises(open);
    queuePromises(open);
    keyPromises(open);
    childPromises(open);
    auditPromises(open);
  });
}
