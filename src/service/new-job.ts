// A name in, what a new job begins with out: its code, a test that passes, an entry that is off (`new`). Writes nothing over.

import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { withJob } from '#config/add-job';
import type { Settings } from '#config/settings';
import { SchedulerError } from '#core/errors';

export interface NewJob {
  id: string;
  /** Absolute. */
  code: string;
  test: string;
  settingsFile: string;
  /** Of its `enabled` in the settings file. */
  line: number;
  /** A file for `node --import`; null where the folder finds the package by itself. */
  importForTest: string | null;
}

const NAME = /^[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*$/;
const ENDINGS = ['.ts', '.js', '.mjs'];

/** In the first job directory of the settings. Throws INVALID_PARAMETERS for a bad name, CONFLICT for what is there already. */
export async function createJob(name: string, settings: Settings): Promise<NewJob> {
  const { id, base } = namesOf(name);
  const directory = settings.scheduler.jobDirectories[0]!;
  const code = path.join(directory, `${base}.ts`);
  const test = path.join(directory, `${base}.test.ts`);
  refuseTaken(id, base, directory, settings);
  const settingsFile = await realpath(settings.file);
  const before = await readFile(settingsFile, 'utf8');
  const after = withJob(before, { id, lines: ENTRY });
  await mkdir(directory, { recursive: true });
  // `wx`: what somebody made in this moment stays.
  await writeFile(code, codeOf(id), { flag: 'wx' });
  await writeFile(test, testOf(id, base), { flag: 'wx' });
  await replace(settingsFile, after);
  const line = lineOf(after, id);
  return { id, code, test, settingsFile: settings.file, line, importForTest: importFor(directory) };
}

function namesOf(name: string): { id: string; base: string } {
  if (!NAME.test(name) || name.length > 64)
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `"${name}" cannot be the name of a job file`,
      'use letters, digits, - and _, at most 64, e.g. word-count',
    );
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  return { id: words.replaceAll('-', '_'), base: words.replaceAll('_', '-') };
}

function refuseTaken(id: string, base: string, directory: string, { jobs }: Settings): void {
  const names = [base, base.replaceAll('-', '_')];
  const places = names.flatMap((each) => ['', ...ENDINGS, '.test.ts'].map((ending) => `${each}${ending}`));
  const file = places.map((each) => path.join(directory, each)).find((each) => existsSync(each));
  if (file !== undefined) throw taken(`${file} is there already`);
  const job = jobs.find((each) => each.id === id || each.handler === id);
  if (job) throw taken(`there is a job ${job.id} already${job.origin ? `, in ${job.origin}` : ''}`);
}

function taken(message: string): SchedulerError {
  return new SchedulerError('CONFLICT', message, 'choose another name; nothing was written');
}

/** At once, so that a service that watches never reads half of it; in place where the file is mounted alone. */
async function replace(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, text);
  await rename(fresh, file).catch(() => writeFile(file, text));
}

const ENTRY = [
  'enabled: false # true: it runs as `cron` says',
  'cron: "0 4 * * *"',
  'input: { greeting: hello }',
];

function lineOf(text: string, id: string): number {
  const rows = text.split('\n');
  const entry = rows.findIndex((row) => new RegExp(`^\\s*"?${id}"?:`).test(row));
  return rows.findIndex((row, n) => n >= entry && row.includes('enabled: false')) + 1;
}

/** Where the package is found from, the test needs no help. */
function importFor(directory: string): string | null {
  for (let dir = directory; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, 'node_modules/aclarai-scheduler'))) return null;
    const application = fileURLToPath(new URL('../..', import.meta.url));
    if (path.resolve(dir) === path.resolve(application)) return null;
    if (dir === path.dirname(dir)) return fileURLToPath(import.meta.resolve('#testing/from-application'));
  }
}

function codeOf(id: string): string {
  return `// What ${id} does, in one sentence.
import { defineJob, z } from 'aclarai-scheduler';

export default defineJob({
  description: 'What ${id} does, in one sentence',
  input: z.strictObject({ greeting: z.string() }),
  async run(ctx) {
    ctx.signal.throwIfAborted();
    ctx.log.info(ctx.input.greeting, { slot: ctx.slot });
    return { items_processed: 1 };
  },
});
`;
}

function testOf(id: string, base: string): string {
  return `// ${id} as the service calls it, and through a day of its schedule.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestScheduler, runJob } from 'aclarai-scheduler/testing';
import job from './${base}.ts';

test('says its greeting', async () => {
  const { outcome, result, logs } = await runJob(job, { input: { greeting: 'hello' } });
  assert.equal(outcome, 'succeeded');
  assert.deepEqual(result, { items_processed: 1 });
  assert.equal(logs[0]?.message, 'hello');
});

test('runs once a day', async () => {
  const jobs = { ${id}: { job, cron: '0 4 * * *', input: { greeting: 'hello' } } };
  await using scheduler = await createTestScheduler({ jobs });
  await scheduler.clock.advance('1d');
  const runs = await scheduler.runs();
  assert.deepEqual(runs.map((run) => run.state), ['succeeded']);
});
`;
}
