// The programs of docs/library.md, taken from the page and run as a reader would; the client's is type-checked by its own test.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { EVENT_TYPES } from '#service/events';
import packageJson from '../../../package.json' with { type: 'json' };

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '../../..');
const page = await readFile(path.join(root, 'docs/library.md'), 'utf8');
const programs = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text]) => text!);

/** Given to Node as text in the project, where the package finds itself. */
async function output(program: string): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'library-docs-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const node = path.join(root, 'node_modules/.bin/node');
  const text = program.replaceAll("stateDir: '", `stateDir: '${dir}/`);
  return (await run(node, ['--input-type=module', '--eval', text], { cwd: root })).stdout;
}

test('there are three programs', () => {
  expect(programs).toHaveLength(3);
});

test('the first makes a job, runs it and hears of it', async () => {
  const said = await output(programs[0]!);
  expect(said).toMatch(/^\S+ took [\d.]+ s$/m);
  expect(said).toContain('succeeded { greeted: 1 }');
});

test('the second speaks of events', async () => {
  expect(await output(programs[1]!)).toMatch(/success: true,\s+data: \{[\s\S]*kept_days: 7/);
});

test('the third speaks of tasks', async () => {
  const said = await output(programs[2]!);
  expect(said).toMatch(/^executed /m);
  expect(said).toMatch(/^completed /m);
  expect(said).toContain("output: { type: 'full' }");
});

test('every event is named', () => {
  expect(EVENT_TYPES.filter((type) => !page.includes(type))).toEqual([]);
});

test('every subpath is named on some page', async () => {
  const others = await Promise.all(
    ['writing-jobs', 'agents'].map((name) => readFile(path.join(root, `docs/${name}.md`), 'utf8')),
  );
  const all = [page, ...others].join('\n');
  const subpaths = Object.keys(packageJson.exports).map((key) => path.posix.join(packageJson.name, key));
  expect(subpaths.filter((name) => !all.includes(name))).toEqual([]);
});
