// Node's own test runner on files of a test, in a folder outside the package.

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);
const FROM_APPLICATION = path.join(import.meta.dirname, '../../src/testing/from-application.ts');

/** The runner's answer as TAP. Throws with it when a test fails. */
export async function nodeTests(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'node-tests-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
  const args = ['--import', FROM_APPLICATION, '--test', '--test-reporter=tap', '*.test.ts'];
  const { NODE_TEST_CONTEXT: _inner, ...env } = process.env;
  const { stdout } = await run(process.execPath, args, { cwd: dir, env }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}`);
  });
  return stdout;
}
