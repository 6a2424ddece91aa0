// Messages in the file: put, delivered under a lease, acknowledged, given back, dead. Each bounded by its queue's size.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import { messageOf, type NewMessage, refusedWarning } from '#core/queue';
import type { Run } from '#core/run';
import type { Delivery, QueueCounts, StoredMessage } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database, Row } from './database.ts';

const GROW = `INSERT INTO queues (name, size) SELECT :queue, 1 WHERE :max > 0
  ON CONFLICT (name) DO UPDATE SET size = size + 1 WHERE size < :max`;
const SHRINK = 'UPDATE queues SET size = size - :by WHERE name = :queue';
const INSERT = `INSERT INTO messages (queue, body, run_id, put_at, due_at) VALUES (?, ?, ?, ?, ?) RETURNING seq`;
const WARN = `UPDATE runs SET warnings = json_insert(coalesce(warnings, '[]'), '$[#]', :warning) WHERE run_id = :runId`;
/** A queue that a job names is there before its first message. */
const NAMED = `SELECT body ->> '$.resultQueue' AS name FROM policies UNION SELECT body ->> '$.errorQueue' FROM policies`;
const NAMES = `SELECT name FROM (SELECT name FROM queues UNION ${NAMED}) WHERE name IS NOT NULL ORDER BY name`;
const IS_THERE = `SELECT 1 WHERE :name IN (SELECT name FROM queues UNION ${NAMED})`;
/** A lease that ran out after the last delivery has made a dead letter, whether anybody has looked since or not. */
const HAS_RUN_OUT = '(dead_at IS NULL AND due_at <= :at AND deliveries > :maxRetries)';
const COUNT = `SELECT
    count(*) FILTER (WHERE dead_at IS NOT NULL OR ${HAS_RUN_OUT}) AS dead,
    count(*) FILTER (WHERE dead_at IS NULL AND due_at <= :at AND deliveries <= :maxRetries) AS waiting,
    count(*) FILTER (WHERE dead_at IS NULL AND due_at > :at AND receipt IS NULL) AS delayed,
    count(*) FILTER (WHERE dead_at IS NULL AND due_at > :at AND receipt IS NOT NULL) AS leased
  FROM messages WHERE queue = :queue`;
const PEEK = `SELECT * FROM messages WHERE queue = :queue AND dead_at IS NULL
    AND (receipt IS NULL OR due_at <= :at) AND NOT ${HAS_RUN_OUT}
  ORDER BY due_at, seq LIMIT :limit`;
const DUE = `SELECT * FROM messages WHERE queue = :queue AND dead_at IS NULL AND due_at <= :at
  ORDER BY due_at, seq LIMIT :limit`;
const DELIVER = 'UPDATE messages SET due_at = ?, deliveries = deliveries + 1, receipt = ? WHERE seq = ?';
const BURY = `UPDATE messages SET dead_at = :at, receipt = NULL, error = :error WHERE seq = :seq`;
const OF_RECEIPT = 'SELECT * FROM messages WHERE seq = :seq AND receipt = :receipt AND dead_at IS NULL';
const ACK = 'DELETE FROM messages WHERE seq = :seq AND receipt = :receipt RETURNING queue';
const GIVE_BACK =
  'UPDATE messages SET due_at = :dueAt, receipt = NULL, error = coalesce(:error, error) WHERE seq = :seq';
const DEAD = `SELECT * FROM messages WHERE queue = :queue AND (dead_at IS NOT NULL OR ${HAS_RUN_OUT})
  ORDER BY seq LIMIT :limit`;
const REVIVE = `UPDATE messages SET dead_at = NULL, receipt = NULL, deliveries = 0, due_at = :at
  WHERE queue = :queue AND (dead_at IS NOT NULL OR ${HAS_RUN_OUT})`;
const CLEAR_ALL = 'DELETE FROM messages WHERE queue = :queue';
const CLEAR_DEAD = `DELETE FROM messages WHERE queue = :queue AND (dead_at IS NOT NULL OR ${HAS_RUN_OUT})`;
const NEXT = 'SELECT min(due_at) AS at FROM messages WHERE queue = :queue AND dead_at IS NULL';
const MOVE_BACK = 'UPDATE messages SET due_at = due_at - :by WHERE due_at > :at';

const NOBODY_ANSWERED = 'the lease of the last delivery ran out: nobody acknowledged it';

/** Tells the queue of its job, in the transaction that ends the run; one that is full is a warning on it. */
export function putMessageOf(db: Database, run: Run): void {
  const message = messageOf(run);
  if (message === null || putMessage(db, message, message.dueAt) !== null) return;
  warnRun(db, run.runId, [refusedWarning(message.queue, db.queueLimits)]);
}

export function warnRun(db: Database, runId: string, warnings: readonly string[]): void {
  for (const warning of warnings) db.run(WARN, { runId, warning });
}

export function putMessage(db: Database, message: NewMessage, at: EpochMs): number | null {
  const { queue, body, runId, dueAt } = message;
  if (db.run(GROW, { queue, max: db.queueLimits.maxSize }) === 0) return null;
  return db.insert(INSERT, [queue, JSON.stringify(body), runId, at, dueAt]);
}

export function countQueues(db: Database, at: EpochMs): QueueCounts[] {
  const { maxRetries } = db.queueLimits;
  return db.all(NAMES).map(({ name }) => {
    const counts = db.get(COUNT, { queue: name!, at, maxRetries })!;
    const [waiting, delayed, leased, dead] = ['waiting', 'delayed', 'leased', 'dead'].map((each) =>
      Number(counts[each]),
    ) as [number, number, number, number];
    return { name: String(name), waiting, delayed, leased, dead };
  });
}

export function hasQueue(db: Database, name: string): boolean {
  return db.get(IS_THERE, { name }) !== undefined;
}

export function peekMessages(db: Database, queue: string, at: EpochMs, limit: number): StoredMessage[] {
  return db.all(PEEK, { queue, at, limit, maxRetries: db.queueLimits.maxRetries }).map(readMessage);
}

export function isAnyDue(db: Database, queue: string, at: EpochMs): boolean {
  return db.get(DUE, { queue, at, limit: 1 }) !== undefined;
}

export function leaseMessages(
  db: Database,
  queue: string,
  at: EpochMs,
  request: { limit: number; forMs: number },
  newReceipt: () => string,
): Delivery[] {
  const deliveries: Delivery[] = [];
  const dueAt = at + request.forMs;
  for (;;) {
    const limit = request.limit - deliveries.length;
    const due = limit > 0 ? db.all(DUE, { queue, at, limit }).map(readMessage) : [];
    if (due.length === 0) return deliveries;
    for (const message of due) {
      const { id } = message;
      if (message.deliveries > db.queueLimits.maxRetries) {
        db.run(BURY, { seq: id, at, error: message.error ?? NOBODY_ANSWERED });
        continue;
      }
      const receipt = `${id}.${newReceipt()}`;
      db.runList(DELIVER, [dueAt, receipt, id]);
      deliveries.push({ ...message, dueAt, deliveries: message.deliveries + 1, receipt });
    }
  }
}

export function ackMessage(db: Database, receipt: string): boolean {
  const acked = db.get(ACK, { seq: seqOf(receipt), receipt });
  if (acked) db.run(SHRINK, { queue: acked.queue!, by: 1 });
  return acked !== undefined;
}

export function nackMessage(
  db: Database,
  receipt: string,
  at: EpochMs,
  { delayMs, error }: { delayMs: number; error: string | null },
): 'waiting' | 'dead' | 'lost' {
  const row = db.get(OF_RECEIPT, { seq: seqOf(receipt), receipt });
  if (!row) return 'lost';
  const message = readMessage(row);
  if (message.deliveries > db.queueLimits.maxRetries) {
    db.run(BURY, { seq: message.id, at, error: error ?? message.error ?? 'given back too often' });
    return 'dead';
  }
  db.run(GIVE_BACK, { seq: message.id, dueAt: at + delayMs, error });
  return 'waiting';
}

export function readDead(db: Database, queue: string, at: EpochMs, limit: number): StoredMessage[] {
  return db
    .all(DEAD, { queue, at, limit, maxRetries: db.queueLimits.maxRetries })
    .map((row) => readMessage(row.dead_at === null ? { ...row, error: row.error ?? NOBODY_ANSWERED } : row));
}

export function reviveDead(db: Database, queue: string, at: EpochMs, by: string): number {
  const revived = db.run(REVIVE, { queue, at, maxRetries: db.queueLimits.maxRetries });
  const after = { queue, messages: revived };
  if (revived > 0) recordChange(db, { jobUid: null, at, what: 'queue_revived', before: null, after, by });
  return revived;
}

export function clearQueue(
  db: Database,
  queue: string,
  which: 'all' | 'dead',
  at: EpochMs,
  by: string,
): number {
  const { maxRetries } = db.queueLimits;
  const cleared =
    which === 'all' ? db.run(CLEAR_ALL, { queue }) : db.run(CLEAR_DEAD, { queue, at, maxRetries });
  db.run(SHRINK, { queue, by: cleared });
  const before = { queue, which, messages: cleared };
  if (cleared > 0) recordChange(db, { jobUid: null, at, what: 'queue_cleared', before, after: null, by });
  return cleared;
}

export function nextDelivery(db: Database, queue: string): EpochMs | null {
  const at = db.get(NEXT, { queue })?.at ?? null;
  return at === null ? null : Number(at);
}

/** After a clock was set back: what waited for an instant waits as long as before, what was due is (rule 13). */
export function moveMessagesBack(db: Database, { was, at }: { was: EpochMs; at: EpochMs }): void {
  db.run(MOVE_BACK, { at, by: was - at });
}

/** A receipt begins with the id of its message; what is no receipt names none. */
function seqOf(receipt: string): number {
  const [, seq = '-1'] = /^(\d{1,15})\./.exec(receipt) ?? [];
  return Number(seq);
}

function readMessage(row: Row): StoredMessage {
  return {
    id: Number(row.seq),
    queue: String(row.queue),
    body: JSON.parse(String(row.body)) as Json,
    runId: row.run_id === null ? null : String(row.run_id),
    putAt: Number(row.put_at),
    dueAt: Number(row.due_at),
    deliveries: Number(row.deliveries),
    error: row.error === null ? null : String(row.error),
  };
}
