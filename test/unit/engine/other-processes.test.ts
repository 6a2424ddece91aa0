// When rows of other processes are looked for: by the interval alone, and by what the store tells of writes.

import { expect, onTestFinished, test } from 'vitest';
import type { Log } from '#core/log';
import { OtherProcesses } from '#engine/other-processes';
import { createManualClock } from '../../support/manual-clock.ts';

const INTERVAL = 1_000;

/** A store that writes down when it was asked, and a hand on what it tells. */
function watched(tells: boolean) {
  const clock = createManualClock(0);
  const looks: number[] = [];
  const errors: string[] = [];
  const answers: (boolean | Error)[] = [];
  let changes = 0;
  let ended = 0;
  const told: { write: () => void; lost: () => void } = { write() {}, lost() {} };
  const log = { at: () => log, error: (text: string) => errors.push(text) } as unknown as Log;
  const others = new OtherProcesses({
    clock,
    log,
    checkIntervalMs: () => INTERVAL,
    store: {
      async changedElsewhere() {
        looks.push(clock.monotonic());
        const answer = answers.shift() ?? false;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      onWrite(write, lost) {
        Object.assign(told, { write, lost });
        return tells ? () => void ended++ : null;
      },
    },
    onChange: async () => void changes++,
  });
  others.start();
  onTestFinished(() => others.stop());
  return {
    clock,
    others,
    looks,
    errors,
    answers,
    told,
    get changes() {
      return changes;
    },
    get ended() {
      return ended;
    },
  };
}

test('where nothing tells of writes: every interval, and a change is passed on', async () => {
  const w = watched(false);
  w.answers.push(false, true, false);
  await w.clock.advance(3_500);
  expect(w.looks).toEqual([1000, 2000, 3000]);
  expect(w.changes).toBe(1);
});

test('where the store tells: two looks at the start for what came before, then none', async () => {
  const w = watched(true);
  await w.clock.advance(3_600_000);
  expect(w.looks).toEqual([100, 1100]);
});

test('a write: one look soon after, and one an interval later for a commit that took long', async () => {
  const w = watched(true);
  await w.clock.advance(60_000);
  w.looks.length = 0;
  w.told.write();
  w.answers.push(false, true);
  await w.clock.advance(60_000);
  expect(w.looks).toEqual([60_100, 61_100]);
  expect(w.changes).toBe(1);
});

test('writes without end: never twice within the interval', async () => {
  const w = watched(true);
  for (let ms = 0; ms < 5_000; ms += 10) {
    w.told.write();
    await w.clock.advance(10);
  }
  expect(w.looks).toEqual([100, 1100, 2100, 3100, 4100]);
});

test('a store that tells no more is asked every interval', async () => {
  const w = watched(true);
  await w.clock.advance(60_000);
  w.looks.length = 0;
  w.told.lost();
  await w.clock.advance(2_500);
  expect(w.looks).toEqual([60_000, 61_000, 62_000]);
});

test('a look that failed is told and made again', async () => {
  const w = watched(true);
  w.answers.push(new Error('busy'), new Error('busy'), true);
  await w.clock.advance(60_000);
  expect(w.errors).toHaveLength(2);
  expect(w.changes).toBe(1);
});

test.each([true, false])('stopped, nothing is looked at and nothing is held (tells: %s)', async (tells) => {
  const w = watched(tells);
  w.others.stop();
  w.told.write();
  await w.clock.advance(60_000);
  expect(w.looks).toEqual([]);
  expect(w.ended).toBe(tells ? 1 : 0);
  expect(w.clock.timers).toBe(0);
});
