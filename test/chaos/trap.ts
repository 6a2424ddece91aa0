// The order to die at a point, as a file that parent, service and job code share: set, looked at, sprung.

import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ALL_POINTS, type Point } from './points.ts';

const ORDER = 'trap';
const SPRUNG = 'sprung';
const PID = 'pid';

export function setTrap(dir: string, point: Point): void {
  rmSync(path.join(dir, SPRUNG), { force: true });
  writeFileSync(path.join(dir, ORDER), point);
}

export function clearTrap(dir: string): void {
  rmSync(path.join(dir, ORDER), { force: true });
  rmSync(path.join(dir, SPRUNG), { force: true });
}

/** The point at which the service killed itself; null = it did not. */
export function sprungAt(dir: string): Point | null {
  const note = path.join(dir, SPRUNG);
  // Two threads may have written it one after the other, or the kill came before the first had.
  const said = existsSync(note) ? readFileSync(note, 'utf8') : '';
  return ALL_POINTS.find((point) => said.startsWith(point)) ?? null;
}

/** Whom `spring` kills, because job code may run in a thread or a process of its own. */
export function noteService(dir: string, pid: number): void {
  writeFileSync(path.join(dir, PID), String(pid));
}

/** kill -9 of the service, here and now, where the order says so. Synchronous: nothing runs after it. */
export function spring(dir: string, point: Point): void {
  if (orderIn(dir) !== point) return;
  appendFileSync(path.join(dir, SPRUNG), point);
  process.kill(Number(readFileSync(path.join(dir, PID), 'utf8')), 'SIGKILL');
  // A process of its own has a moment left; it must not get further than the service did.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

function orderIn(dir: string): string | null {
  try {
    return readFileSync(path.join(dir, ORDER), 'utf8');
  } catch {
    return null;
  }
}
