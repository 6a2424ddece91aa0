// A slice of the fuzz: the same cases every time, and some that nobody has seen, whose seed is in the failure.

import { expect, test } from 'vitest';
import { fuzz } from './dst.ts';
import { enumerateWorld } from './dst-cases.ts';
import { REASONS } from './dst-reasons.ts';

const world = enumerateWorld();

test('every zone is there, with what makes zones hard', () => {
  expect(world.zones.length).toBeGreaterThan(400);
  expect(world.changes.length).toBeGreaterThan(15_000);
  const shifts = world.byShift.map(([first]) => first!.shift);
  // A day skipped, half an hour back, Troll's two hours, Monrovia's 44 min 30 s, Vostok's seven hours back.
  expect(shifts).toEqual(expect.arrayContaining([86_400, -1800, 7200, 2670, -25_200]));
});

test('the same cases as always: no bug, and croner differs for every reason on the list', () => {
  const { totals, reasons, bugs } = fuzz(500, 11, world);
  expect(bugs.join('\n')).toBe('');
  expect(totals.equal).toBeGreaterThan(400);
  expect(Object.keys(REASONS).filter((reason) => !reasons[reason as keyof typeof REASONS])).toEqual([]);
});

test('cases that nobody has seen: no bug', () => {
  const { bugs } = fuzz(200, Date.now() % 2 ** 31, world);
  expect(bugs.join('\n')).toBe('');
});
