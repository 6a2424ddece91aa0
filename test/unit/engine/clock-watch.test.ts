// A clock that was set, told from time that passed: the edges of rule 13 to the millisecond.
import { expect, it } from 'vitest';
import { ClockWatch } from '#engine/clock-watch';
import { createManualClock } from '../../support/manual-clock.ts';

const T0 = Date.UTC(2026, 10, 21, 10);
const HOUR = 3_600_000;

function watched(): { clock: ReturnType<typeof createManualClock>; watch: ClockWatch } {
  const clock = createManualClock(T0);
  return { clock, watch: new ClockWatch(clock) };
}

it.each([2_000, -2_000])('a drift of exactly %d ms is no jump', (ms) => {
  const { clock, watch } = watched();
  clock.block(30_000);
  clock.jumpWall(ms);
  expect(watch.wasSet()).toBe(false);
  clock.jumpWall(ms);
  expect(watch.look()).toBeNull();
  expect(watch.forward).toEqual([]);
});

it.each([2_001, -2_001])('one of %d ms is', (ms) => {
  const { clock, watch } = watched();
  clock.block(30_000);
  clock.jumpWall(ms);
  expect(watch.wasSet()).toBe(true);
  const jump = { from: T0 + 30_000, to: T0 + 30_000 + ms };
  expect(watch.look()).toEqual(jump);
  expect(watch.forward).toEqual(ms > 0 ? [jump] : []);
});

it('a drift counts from look to look, and a look that finds nothing is one', () => {
  const { clock, watch } = watched();
  for (let n = 0; n < 5; n++) {
    clock.jumpWall(1_500);
    expect(watch.wasSet()).toBe(false);
  }
});

it('set back by exactly three hours is no correction, a millisecond more is', () => {
  const { clock, watch } = watched();
  clock.jumpWall(-3 * HOUR);
  watch.look();
  expect(watch.isSetFarBack).toBe(false);
  clock.jumpWall(-1);
  watch.look();
  expect(watch.isSetFarBack).toBe(true);
});

it('it is measured from the latest time that was shown, however often the clock is set', () => {
  const { clock, watch } = watched();
  for (let n = 0; n < 2; n++) {
    clock.jumpWall(-2 * HOUR);
    watch.look();
  }
  expect(watch.isSetFarBack).toBe(true);
  watch.correct();
  expect(watch.isSetFarBack).toBe(false);
  expect(watch.highest).toBe(T0 - 4 * HOUR);
});
