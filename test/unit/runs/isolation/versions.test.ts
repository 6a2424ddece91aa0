// A thread runs the code that was loaded, with the module rules of job files, whatever the disk holds by then.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { jobFile, jobFolder, startJob } from '../../../support/job-thread.ts';

const withPart = jobFile(
  'return { n, m: more.m };',
  `import { n } from './parts/n.ts';\nimport more from './more.json' with { type: 'json' };`,
);
const files = { 'job.ts': withPart, 'parts/n.ts': 'export const n: number = 1;', 'more.json': '{ "m": 2 }' };

it('local imports, TypeScript and JSON, come along', async () => {
  const { answer } = await startJob(await jobFolder(files), 'job');
  expect((await answer).result.statistics).toEqual({ n: 1, m: 2 });
});

it('bare imports resolve from the job first, then from the application', async () => {
  const folder = await jobFolder({
    'node_modules/mine/package.json': '{"name":"mine","type":"module","exports":"./index.js"}',
    'node_modules/mine/index.js': 'export const mine = 5;',
    'job.ts': jobFile('return { mine, zod: z.number().parse(3) };', `import { mine } from 'mine';`),
  });
  const { answer } = await startJob(folder, 'job');
  expect((await answer).result.statistics).toEqual({ mine: 5, zod: 3 });
});

it('code that no longer loads runs as it last did', async () => {
  const folder = await jobFolder(files);
  await folder.write('job.ts', 'export default {');
  const { answer } = await startJob(folder, 'job');
  expect((await answer).result.statistics).toEqual({ n: 1, m: 2 });
});

it('so does code whose files are gone', async () => {
  const folder = await jobFolder(files);
  for (const name of ['parts', 'more.json', 'job.ts'])
    await rm(path.join(folder.dir, name), { recursive: true });
  const { answer } = await startJob(folder, 'job');
  expect((await answer).result.statistics).toEqual({ n: 1, m: 2 });
});

it('changed code of a local import is taken by the next thread, with its version', async () => {
  const folder = await jobFolder(files);
  const before = (await folder.registry.load('job')).code;
  await folder.write('parts/n.ts', 'export const n: number = 7;');
  const { answer } = await startJob(folder, 'job');
  expect((await answer).result.statistics).toMatchObject({ n: 7 });
  expect((await folder.registry.load('job')).code?.hash).not.toBe(before?.hash);
});

it('a file that is only imported while the job runs comes from the disk', async () => {
  const folder = await jobFolder({
    'job.ts': jobFile(`const { n } = await import('./late.ts'); return { n };`),
    'late.ts': 'export const n: number = 4;',
  });
  const { answer } = await startJob(folder, 'job');
  expect((await answer).result.statistics).toEqual({ n: 4 });
});

it('a module of the old kind works as well', async () => {
  const folder = await jobFolder({
    'package.json': '{"type":"commonjs"}',
    'old.js': `const { n } = require('./part.js'); module.exports = class { runJob() { return { n }; } };`,
    'part.js': 'exports.n = 6;',
  });
  const { answer } = await startJob(folder, 'old');
  expect((await answer).result.statistics).toEqual({ n: 6 });
});
