// Code is versioned by its content: the next run uses what the files hold now, and what does not load changes nothing.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { createScenario, type Scenario } from '../support/scenario.ts';

const JOB = `import { word } from './lib/word.ts';
export default class { runJob() { return { word, from: 'one' }; } }
`;

/** As a service has it that goes on: the same process, the same registry, warm workers. */
async function up(
  isolation: string,
): Promise<{ s: Scenario; write(name: string, text: string): Promise<void> }> {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    scheduler: `jobs:\n  talk: { enabled: true, manual_only: true, isolation: ${isolation} }`,
  });
  await mkdir(path.join(s.dir, 'jobs/lib'));
  const write = (name: string, text: string) => writeFile(path.join(s.dir, 'jobs', name), text);
  await write('lib/word.ts', `export const word: string = 'hello';`);
  await write('talk.ts', JOB);
  await s.start();
  return { s, write };
}

async function said(s: Scenario): Promise<{ word: unknown; from: unknown; code: string | null }> {
  const { run_id } = await s.service.runNow('talk', { by: 'ann' });
  await s.quiet();
  const { state, statistics, code_hash } = await s.service.run(run_id);
  expect(state).toBe('succeeded');
  return { word: statistics?.word, from: statistics?.from, code: code_hash };
}

it.each(['thread', 'inline'])(
  '%s: an edited file, and an edited import of it, is used by the next run',
  async (isolation) => {
    const { s, write } = await up(isolation);
    const first = await said(s);
    expect(first).toMatchObject({ word: 'hello', from: 'one' });
    expect(await said(s)).toEqual(first);
    await write('talk.ts', JOB.replace('one', 'two'));
    const second = await said(s);
    expect(second).toMatchObject({ word: 'hello', from: 'two' });
    await write('lib/word.ts', `export const word: string = 'good evening';`);
    const third = await said(s);
    expect(third).toMatchObject({ word: 'good evening', from: 'two' });
    expect(new Set([first.code, second.code, third.code]).size).toBe(3);
    await write('talk.ts', JOB);
    await write('lib/word.ts', `export const word: string = 'hello';`);
    expect(await said(s)).toEqual(first);
  },
);

it.each([
  ['the file', 'talk.ts', 'export default {'],
  ['an import of it', 'lib/word.ts', 'export const word = ;'],
])('broken code of %s keeps the last good version, and the log says so', async (_name, file, text) => {
  const { s, write } = await up('thread');
  const good = await said(s);
  await write(file, text);
  expect(await said(s)).toEqual(good);
  const warning = s.lines.find((line) => String(line.msg).includes('the last good version runs'));
  expect(warning).toMatchObject({ level: 'WARN', job_name: 'talk' });
  expect(String(warning?.msg)).toContain('talk.ts');
});
