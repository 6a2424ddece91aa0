// A process that puts or consumes messages until it is killed, for tests: what it did stands in a diary in the order of doing.
// Started as `node queue-child.ts <put|consume|drain> <state directory> <diary>`; a line of JSON for each step.

import { appendFileSync } from 'node:fs';
import { systemClock } from '#core/clock';
import { Queues } from '#service/queues';
import { openSqliteStore } from '#store/sqlite/open';

const [task, stateDir = '', diary = ''] = process.argv.slice(2);
/** Short: what a killed consumer held has to come again while the test runs. */
const LEASE_MS = 300;

const store = await openSqliteStore({ stateDir, clock: systemClock, tellsOfWrites: true });
store.limitQueues({ maxRetries: 1_000, maxSize: 100_000 });
const queues = new Queues({
  store,
  clock: systemClock,
  timezone: () => 'UTC',
  queueLimits: () => ({ maxRetries: 1_000, maxSize: 100_000 }),
  checkIntervalMs: () => 100,
});

// Ends with the test that started it, however that ends.
process.stdin.resume().on('end', () => process.exit(1));

const over = new AbortController();

if (task === 'put') for (;;) await put();
await endWhenEmpty();
for await (const message of queues.consume('work', { signal: over.signal, leaseMs: LEASE_MS })) {
  note('seen', message.id);
  if (await message.ack()) note('acked', message.id);
  await endWhenEmpty();
}
await store.close();
process.stdin.destroy();

async function put(): Promise<void> {
  const { id } = await queues.put('work', {});
  note('put', id);
}

async function endWhenEmpty(): Promise<void> {
  if (task === 'drain' && (await store.nextDelivery('work')) === null) over.abort();
}

/** In the diary first: what is told to the test is what it may kill after. */
function note(what: string, id: number): void {
  appendFileSync(diary, `${what} ${id}\n`);
  process.stdout.write(`${JSON.stringify(what)}\n`);
}
