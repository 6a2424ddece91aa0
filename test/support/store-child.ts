// Another process on a ledger, for tests: opens it, holds it or the service lock, or races for slots and runs.
// Started as `node store-child.ts <task> <state directory> [name]`; answers in lines of JSON.

import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isBusy } from '#store/sqlite/database';
import { openSqliteStore } from '#store/sqlite/open';
import { acquireServiceLock } from '#store/sqlite/service-lock';
import type { Store } from '#store/store';
import { admitNext, anEnding } from './ledger.ts';

const [task, stateDir = '', name = ''] = process.argv.slice(2);
const tell = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);

try {
  if (task === 'open') await open();
  else if (task === 'hold') await holdFile();
  else if (task === 'lock') await holdLock();
  else await race();
} catch (error) {
  const { code, message, fix } = error as { code?: string; message?: string; fix?: string };
  tell({ code, message, fix });
}

async function open(): Promise<void> {
  const store = await openSqliteStore({ stateDir });
  tell('opened');
  await store.close();
}

/** Nobody else can write until the next word on standard input. */
async function holdFile(): Promise<void> {
  const file = new DatabaseSync(join(stateDir, 'scheduler.db'));
  file.exec('BEGIN IMMEDIATE');
  tell('held');
  await once(process.stdin, 'data');
  file.exec('ROLLBACK');
  file.close();
  tell('free');
  process.stdin.destroy();
}

/** Until it is killed, though nobody keeps what would release it. */
async function holdLock(): Promise<void> {
  const { kind } = acquireServiceLock(stateDir);
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await nextTurn();
  }
  tell(kind);
  await once(process.stdin.resume(), 'end');
}

/** Waits for one word on standard input, then fires, claims and settles until nothing is left. */
async function race(): Promise<void> {
  const store = await insist(() => openSqliteStore({ stateDir, busyTimeoutMs: 0 }));
  tell('ready');
  const [end] = await once(process.stdin.setEncoding('utf8'), 'data');
  const claims: string[] = [];
  const odd: string[] = [];
  while (await oneRound(store, Number(end), claims, odd));
  tell({ claims, odd });
  await store.close();
  process.stdin.destroy();
}

/** Asks again while another process is writing: SQLite's own waiting would let the first one have it all. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isBusy(error)) throw error;
      await nextTurn();
    }
  }
}

async function oneRound(store: Store, at: number, claims: string[], odd: string[]): Promise<boolean> {
  const { decided, dropped } = await insist(() => store.fire(at, admitNext));
  for (const { jobId, error } of dropped) odd.push(`dropped ${jobId}: ${error}`);
  const taken = await insist(() => store.claim({ at, bootId: name, places: 7, cap: 1_000 }));
  const claimed = taken.map(({ run }) => run);
  claims.push(...claimed.map((run) => `${run.runId} ${run.attempt}`));
  const endings = claimed.map((run) => {
    const fails = run.attempt === 1 && (run.slot ?? 0) % 3 === 0;
    return fails
      ? anEnding(run, 'failed', { verdict: { kind: 'retry', notBefore: at } })
      : anEnding(run, 'succeeded');
  });
  if ((await insist(() => store.settle(endings))).answers.some((answer) => answer !== 'settled'))
    odd.push('an ending was lost');
  if ((await insist(() => store.settle(endings))).answers.some((answer) => answer !== 'lost'))
    odd.push('an ending was written twice');
  const left = await store.counts();
  return decided.length > 0 || left.queued + left.running > 0;
}
