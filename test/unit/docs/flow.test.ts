// docs/flow.md names files: each is there, and every file it walks through is named in the order of the flow.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '../../..');
const page = readFileSync(path.join(root, 'docs/flow.md'), 'utf8');
const named = [...page.matchAll(/`((?:src|jobs|pack)\/[\w./-]+)`/g)].map(([, file]) => file!);

test('every file that the flow names is there', () => {
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test('it passes through every part of the house', () => {
  const parts = ['config', 'schedule', 'engine', 'store', 'runs', 'service', 'faces', 'housekeeper', 'core'];
  expect(parts.filter((part) => !named.some((file) => file.startsWith(`src/${part}/`)))).toEqual([]);
});
