// All jobs of the ledger, a page at a time, so that 100,000 of them do not stop the loops of the process that asks.

import type { StoredJob } from '#core/job';
import type { Store } from '#store/store';

/** Some milliseconds each to read, and to make shapes of. */
const PAGE = 200;

/** By id. What is made or removed meanwhile may be among them or not. */
export async function allJobs(store: Pick<Store, 'jobs'>): Promise<StoredJob[]> {
  const all: StoredJob[] = [];
  for (let after = ''; ; ) {
    const page = await store.jobs({ page: { after, limit: PAGE } });
    all.push(...page);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return all;
    after = last.id;
    await turn();
  }
}

/** As `map`, with a turn for everybody else between the pages. */
export async function inTurns<From, To>(all: readonly From[], shape: (one: From) => To): Promise<To[]> {
  const shapes: To[] = [];
  for (const [n, one] of all.entries()) {
    if (n > 0 && n % PAGE === 0) await turn();
    shapes.push(shape(one));
  }
  return shapes;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
