// Consumers and producers of one queue killed with -9 again and again: each message comes at least once, an acknowledged one never again.

import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSqliteStore } from '#store/sqlite/open';
import { startChild } from '../support/child.ts';
import { fastFolder } from '../support/fast-folder.ts';
import { type Random, randomFrom } from './random.ts';

const LIVES = 4;
const AT_A_TIME = 3;

/** Lets a process take some steps, each at its own instant within the step, and ends it where it stands. */
async function oneLife(task: string, dir: string, diary: string, steps: number): Promise<void> {
  const child = startChild('queue-child.ts', [task, dir, diary]);
  for (let step = 0; step < steps; step++) await child.answer();
  child.process.kill('SIGKILL');
  await child.ended;
}

async function livesOf(task: string, dir: string, diary: string, random: Random): Promise<void> {
  for (let life = 0; life < LIVES; life++) await oneLife(task, dir, diary, 1 + random.below(25));
}

it('loses no message and repeats none that was acknowledged', async () => {
  const dir = await fastFolder('queue-chaos-');
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const diary = path.join(dir, 'diary');
  const random = randomFrom(20_261_201);
  // One life that only puts, so that consumers have something to begin with.
  await oneLife('put', dir, diary, 50);
  let isConsumed = false;
  // No consumer waits for ever: there are producers as long as there are consumers.
  const producing = (async () => {
    while (!isConsumed) await oneLife('put', dir, diary, 20 + random.below(40));
  })();
  await Promise.all(Array.from({ length: AT_A_TIME }, () => livesOf('consume', dir, diary, random)));
  isConsumed = true;
  await producing;
  const last = startChild('queue-child.ts', ['drain', dir, diary]);
  last.process.stdout?.resume();
  expect(await last.ended).toEqual([0, null]);

  const lines = (await readFile(diary, 'utf8')).trimEnd().split('\n');
  const steps = lines.map((line) => line.split(' ') as [what: string, id: string]);
  const ids = (what: string) => new Set(steps.flatMap(([step, id]) => (step === what ? [id] : [])));
  const [put, seen] = [ids('put'), ids('seen')];
  expect(put.size).toBeGreaterThanOrEqual(50);
  expect([...put].filter((id) => !seen.has(id))).toEqual([]);
  const acked = new Set<string>();
  const repeated: string[] = [];
  for (const [what, id] of steps) {
    if (what === 'acked') acked.add(id);
    else if (what === 'seen' && acked.has(id)) repeated.push(id);
  }
  expect(repeated).toEqual([]);
  // The kills have hit: something was delivered again, because who had it was gone before its acknowledgement.
  expect(steps.filter(([what]) => what === 'seen').length).toBeGreaterThan(seen.size);
  const store = await openSqliteStore({ stateDir: dir });
  expect(await store.queues(Date.now())).toEqual([
    { name: 'work', waiting: 0, delayed: 0, leased: 0, dead: 0 },
  ]);
  await store.close();
}, 120_000);
