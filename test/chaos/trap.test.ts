// What is left of a trap: the point at which the service killed itself, however the note of it was written.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { sprungAt } from './trap.ts';

it.each([
  ['handler entered', 'handler entered'],
  ['handler enteredhandler entered', 'handler entered'],
  ['', null],
])('a note that says "%s" is of %s', (said, point) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'trap-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  expect(sprungAt(dir)).toBeNull();
  writeFileSync(path.join(dir, 'sprung'), said);
  expect(sprungAt(dir)).toBe(point);
});
