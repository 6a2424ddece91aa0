// Messages put, delivered and acknowledged, each step durable for itself, beside the same three writes in bare SQLite.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#core/clock';
import { Queues } from '#service/queues';
import { openSqliteStore } from '#store/sqlite/open';
import { type Figure, figure, median } from './figure.ts';

const MESSAGES = 1_000;
const ROUNDS = 5;
const BODY = { job_id: 'report', agentool: 'report', result: { pages: 3 }, status: 'success' };

export async function figures(): Promise<Figure[]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'bench-queue-'));
  try {
    const store = await openSqliteStore({ stateDir: path.join(dir, 'state') });
    const queues = new Queues({
      store,
      clock: systemClock,
      timezone: () => 'UTC',
      queueLimits: () => ({ maxRetries: 3, maxSize: 10_000 }),
      checkIntervalMs: () => 1_000,
    });
    const floor = bareFile(path.join(dir, 'floor.db'));
    const own: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      own.push(await perSecond(() => one(queues)));
      bare.push(await perSecond(floor.one));
    }
    await store.close();
    floor.close();
    return [
      figure({
        figure: 'queue, put + lease + ack',
        value: median(own),
        unit: 'messages/s',
        yardstick: 'node:sqlite, insert + update + delete',
        yardstick_value: median(bare),
        better: 'higher',
        ratio: median(own.map((value, round) => value / bare[round]!)),
        goal: 0.5,
      }),
    ];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function perSecond(work: () => Promise<void> | void): Promise<number> {
  const begun = performance.now();
  for (let n = 0; n < MESSAGES; n++) await work();
  return (MESSAGES * 1000) / (performance.now() - begun);
}

async function one(queues: Queues): Promise<void> {
  await queues.put('results', BODY);
  const [delivery] = await queues.lease('results', { limit: 1, forMs: 60_000 });
  const { acked } = await queues.ack([delivery?.receipt ?? '']);
  if (acked !== 1) throw new Error('a message was not acknowledged');
}

/** Three transactions a message, each on the disk when it answers: less cannot keep the promise. */
function bareFile(file: string): { one(): void; close(): void } {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE messages (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, due_at INTEGER NOT NULL) STRICT;
    CREATE INDEX messages_due ON messages (due_at, seq)`);
  const insert = db.prepare('INSERT INTO messages (body, due_at) VALUES (?, ?)');
  const lease = db.prepare(
    'UPDATE messages SET due_at = ? WHERE seq = (SELECT seq FROM messages WHERE due_at <= ? ORDER BY due_at, seq LIMIT 1) RETURNING seq',
  );
  const ack = db.prepare('DELETE FROM messages WHERE seq = ?');
  return {
    one() {
      const now = Date.now();
      insert.run(JSON.stringify(BODY), now);
      const leased = lease.get(now + 60_000, now);
      ack.run(leased?.seq ?? null);
    },
    close: () => db.close(),
  };
}
