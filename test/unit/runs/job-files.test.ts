// Which paths are watched for job code: whatever comes, goes or moves, the list is that of a fresh search.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findJobFiles, WatchedJobPaths } from '#runs/handlers/job-files';

let folder: string;
let jobs: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'job-files-'));
  jobs = path.join(folder, 'jobs');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (...names: string[]) => {
  const file = path.join(jobs, ...names);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, 'export default {};\n');
};

/** A change and what is watched after it. */
const steps: [what: string, change: () => void, watched: string[]][] = [
  ['no directory', () => {}, []],
  ['the directory comes', () => mkdirSync(jobs), []],
  ['a file', () => write('one.ts'), ['one.ts']],
  ['a folder without code', () => mkdirSync(path.join(jobs, 'two')), ['one.ts']],
  ['code in that folder', () => write('two', 'index.js'), ['one.ts', 'two/index.js']],
  ['what is no job', () => write('two', 'helper.js'), ['one.ts', 'two/index.js']],
  ['a test', () => write('one.test.ts'), ['one.ts', 'two/index.js']],
  [
    'a linked folder',
    () => {
      const elsewhere = path.join(folder, 'elsewhere');
      mkdirSync(elsewhere);
      writeFileSync(path.join(elsewhere, 'index.mjs'), 'export default {};\n');
      symlinkSync(elsewhere, path.join(jobs, 'linked'));
    },
    ['linked/index.mjs', 'one.ts', 'two/index.js'],
  ],
  [
    'code goes from the linked folder',
    () => rmSync(path.join(folder, 'elsewhere', 'index.mjs')),
    ['one.ts', 'two/index.js'],
  ],
  ['a file goes', () => rmSync(path.join(jobs, 'one.ts')), ['two/index.js']],
  [
    'a folder gets another name',
    () => renameSync(path.join(jobs, 'two'), path.join(jobs, 'three')),
    ['three/index.js'],
  ],
  ['the directory goes', () => rmSync(jobs, { recursive: true }), []],
];

test('one look after each change, three where nothing changes', async () => {
  const paths = new WatchedJobPaths();
  for (const [what, change, watched] of steps) {
    change();
    for (let look = 0; look < 3; look++) {
      const files = paths.of([jobs]).filter((file) => /\.(ts|js|mjs)$/.test(file));
      expect(files.map((file) => path.relative(jobs, file)).sort(), what).toEqual(watched);
    }
    expect(paths.of([jobs])[0]).toBe(jobs);
    expect((await findJobFiles(jobs)).map((file) => path.relative(jobs, file)).sort()).toEqual(watched);
  }
});

test('folders of found code are watched too, and a file of two directories once', () => {
  write('two', 'index.js');
  const paths = new WatchedJobPaths().of([jobs, jobs]);
  const inside = path.join(jobs, 'two');
  expect(paths).toEqual([jobs, jobs, inside, path.join(inside, 'index.js')]);
});
