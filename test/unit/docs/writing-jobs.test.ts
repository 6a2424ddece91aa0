// The example of docs/writing-jobs.md, taken from the page and run by the service as a reader would.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '#core/clock';
import type { RunShape } from '#service/shapes';
import { createHost } from '../../../src/app.ts';
import { createLog } from '../../../src/log.ts';
import { nodeTests } from '../../support/node-tests.ts';

const page = await readFile(new URL('../../../docs/writing-jobs.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
  language,
  text: text!,
}));
const [example, classForm, testOfExample] = blocks
  .filter((block) => block.language === 'ts')
  .map((block) => block.text);
const yaml = blocks.find((block) => block.language === 'yaml')?.text ?? '';

async function runJob(files: Record<string, string>, settings: string, job: string): Promise<RunShape> {
  const dir = await mkdtemp(path.join(tmpdir(), 'writing-jobs-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ ...files, 'settings/aclarai.config.yaml': settings })) {
    await mkdir(path.join(dir, path.dirname(name)), { recursive: true });
    await writeFile(path.join(dir, name), text);
  }
  const log = createLog({ clock: systemClock, level: 'error', sink: { write: () => {} }, pretty: false });
  const options = {
    env: {},
    cwd: dir,
    clock: systemClock,
    log,
    version: 'test',
    pid: process.pid,
    random: () => 0.5,
  };
  const loaded = await createHost(options).load({ settings: path.join(dir, 'settings/aclarai.config.yaml') });
  if (loaded.kind === 'faults') throw new Error(JSON.stringify(loaded.faults));
  const signal = new AbortController().signal;
  const { run } = await loaded.installation.run(job, {
    by: 'test',
    wait: true,
    signal,
    onProgress: () => {},
  });
  await loaded.installation.close();
  return run;
}

it('the complete example works as printed', async () => {
  expect(parse(yaml).scheduler.jobs.word_count).toMatchObject({ enabled: true });
  const run = await runJob(
    {
      'jobs/word-count.ts': example!,
      'vault/summaries/a.md': 'one two three',
      'vault/summaries/b.md': 'four',
    },
    `paths: { vault: vault }\n${yaml}`,
    'word_count',
  );
  expect(run).toMatchObject({
    state: 'succeeded',
    statistics: { items_processed: 2, words: 4, new_words: 4 },
  });
});

it('an empty folder is a skip', async () => {
  const run = await runJob(
    { 'jobs/word-count.ts': example!, 'vault/summaries/a.txt': '' },
    `paths: { vault: vault }\n${yaml}`,
    'word_count',
  );
  expect(run).toMatchObject({
    state: 'skipped',
    reason: 'by_handler',
    error: { message: 'no notes in summaries' },
  });
});

it('the class of the setup guide works as printed', async () => {
  const run = await runJob(
    { 'jobs/my-custom-job.js': classForm! },
    'scheduler: { jobs: { nightly: { enabled: true, handler: my_custom_job, cron: "0 2 * * *" } } }\n',
    'nightly',
  );
  expect(run).toMatchObject({ state: 'succeeded', statistics: { items_processed: 42, items_updated: 3 } });
});

it('the function module works as printed', async () => {
  const [module] = blocks.filter((block) => block.language === 'js').map((block) => block.text);
  const [, entry] = blocks.filter((block) => block.language === 'yaml').map((block) => block.text);
  const run = await runJob(
    { 'jobs/maintenance.js': module!, 'package.json': '{"type":"module"}' },
    entry!,
    'nightly_maintenance',
  );
  expect(run).toMatchObject({
    state: 'succeeded',
    input: { full_maintenance: true },
    statistics: { success: true, details: { full_maintenance: true, items_processed: 42 } },
  });
});

it('the test of the example passes as printed', async () => {
  const files = { 'word-count.ts': example!, 'word-count.test.ts': testOfExample! };
  expect(await nodeTests(files)).toContain('# pass 2');
});
