// The SQLite store only: several processes on one file, and the service lock that only one of them can hold.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import { acquireServiceLock } from '#store/sqlite/service-lock';
import { type Child, startChild } from '../../support/child.ts';
import { addJobs, aJob, MINUTE, T0 } from '../../support/ledger.ts';

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'ledger-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function child(...args: string[]): Child {
  const started = startChild('store-child.ts', args);
  onTestFinished(() => void started.process.kill('SIGKILL'));
  return started;
}

describe('several processes on one file', () => {
  it('give every slot one row and every attempt to one of them', { timeout: 60_000 }, async () => {
    const stateDir = directory();
    const jobs = Array.from({ length: 5 }, (_, n) => aJob(`job-${n}`, {}, { maxInstances: 100 }));
    const slots = 40;
    const racers = ['one', 'two', 'three', 'four'].map((name) => child('race', stateDir, name));
    expect(await Promise.all(racers.map((racer) => racer.answer()))).toEqual(Array(4).fill('ready'));
    const store = await openSqliteStore({ stateDir });
    onTestFinished(() => store.close());
    await addJobs(store, ...jobs);
    for (const racer of racers) racer.process.stdin?.write(`${T0 + slots * MINUTE}\n`);
    const answers = (await Promise.all(racers.map((racer) => racer.answer()))) as {
      claims: string[];
      odd: string[];
    }[];

    expect(answers.flatMap((answer) => answer.odd)).toEqual([]);
    const expected = jobs.flatMap((job) =>
      Array.from({ length: slots }, (_, n) => `${job.id}@${T0 + (n + 1) * MINUTE}`),
    );
    const rows = await store.runs({ limit: 10_000 });
    expect(rows.map((run) => run.runId).toSorted()).toEqual(expected.toSorted());
    expect(rows.filter((run) => run.state !== 'succeeded')).toEqual([]);
    const attempts = rows.flatMap((run) => run.attempts.map((attempt) => `${run.runId} ${attempt.n}`));
    expect(answers.flatMap((answer) => answer.claims).toSorted()).toEqual(attempts.toSorted());
    for (const job of await store.jobs())
      expect(job).toMatchObject({
        admittedCount: slots,
        runCount: slots,
        successCount: slots,
        failureCount: 0,
      });
    const busy = answers.filter((answer) => answer.claims.length > 0);
    expect(busy.length).toBeGreaterThan(1);
  });
});

describe('the service lock', () => {
  it('is held by one, until it is released', () => {
    const stateDir = directory();
    const lock = acquireServiceLock(stateDir);
    expect(lock.kind).toBe('held');
    expect(acquireServiceLock(stateDir).kind).toBe('busy');
    if (lock.kind === 'held') lock.release();
    const next = acquireServiceLock(stateDir);
    expect(next.kind).toBe('held');
    if (next.kind === 'held') next.release();
  });

  it('is freed by the system when its holder is killed', async () => {
    const stateDir = join(directory(), 'new');
    const holder = child('lock', stateDir);
    expect(await holder.answer()).toBe('held');
    expect(acquireServiceLock(stateDir).kind).toBe('busy');
    holder.process.kill('SIGKILL');
    await holder.ended;
    const lock = acquireServiceLock(stateDir);
    expect(lock.kind).toBe('held');
    if (lock.kind === 'held') lock.release();
  });

  it('keeps nobody from the ledger', async () => {
    const stateDir = directory();
    const lock = acquireServiceLock(stateDir);
    const store = await openSqliteStore({ stateDir });
    await addJobs(store, aJob('a'));
    await store.close();
    if (lock.kind === 'held') lock.release();
  });
});
