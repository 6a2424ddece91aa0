// The inner loop of who writes a job: `run --watch` runs it again at each change, and waits out what does not load.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '#core/clock';
import { runCli } from '#faces/cli/cli';
import { createHost } from '../../src/app.ts';
import { createLog } from '../../src/log.ts';
import { fakeIo } from '../unit/cli/support.ts';

const JOB = `import { word } from './lib/word.ts';
export default class { runJob(ctx) { return { word, slot: ctx.slot, attempt: ctx.attempt }; } }
`;
const word = (text: string) => `export const word = '${text}';\n`;

interface Watched {
  dir: string;
  write(name: string, text: string): Promise<void>;
  /** Resolves when it waits for the nth change, with all that was printed until then. */
  waits(n: number): Promise<string>;
  end(): Promise<number>;
}

async function watching(...args: string[]): Promise<Watched> {
  const dir = await mkdtemp(path.join(tmpdir(), 'run-watch-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const write = async (name: string, text: string) => {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), text);
  };
  await write('settings/aclarai.config.yaml', 'scheduler: { jobs: { talk: { enabled: false } } }\n');
  await write('jobs/talk.ts', JOB);
  await write('jobs/lib/word.ts', word('one'));
  let printed = '';
  const hearers: (() => void)[] = [];
  const hear = (text: string) => {
    printed += text;
    for (const hearer of hearers) hearer();
  };
  const log = createLog({ clock: systemClock, level: 'error', sink: { write: () => {} }, pretty: false });
  const process = { env: {}, cwd: dir, pid: 1, random: () => 0.5 };
  const io = fakeIo(createHost({ ...process, clock: systemClock, log, version: 'test' }));
  io.stdout.write = hear;
  io.stderr.write = hear;
  const aborter = new AbortController();
  onTestFinished(() => aborter.abort());
  const ended = runCli(['run', 'talk', '--force', '--watch', '--json', ...args], {
    ...io,
    clock: systemClock,
    signal: aborter.signal,
  });
  return {
    ...{ dir, write },
    waits: (n) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const look = () => printed.split('waiting for a change').length > n && resolve(printed);
      hearers.push(look);
      look();
      return promise;
    },
    end: async () => {
      aborter.abort();
      return await ended;
    },
  };
}

it('the file, an import of it and the settings start it again; broken code is told and waited out', async () => {
  const loop = await watching('--inline');
  expect(await loop.waits(1)).toContain('"word": "one"');
  await loop.write('jobs/lib/word.ts', word('two'));
  expect(await loop.waits(2)).toContain('"word": "two"');
  await loop.write('jobs/talk.ts', 'export default {');
  expect(await loop.waits(3)).toContain('talk.ts');
  await loop.write('jobs/talk.ts', JOB.replace('word, slot', 'word: word + "!", slot'));
  expect(await loop.waits(4)).toContain('"word": "two!"');
  await loop.write(
    'settings/aclarai.config.yaml',
    'scheduler: { jobs: { talk: { enabled: yes please } } }\n',
  );
  expect(await loop.waits(5)).toContain('settings/aclarai.config.yaml');
  expect(await loop.end()).toBe(0);
});

it('slot and attempt are what the job is told', async () => {
  const loop = await watching('--slot', '2026-03-01T04:00:00Z', '--attempt', '2');
  const printed = await loop.waits(1);
  expect(printed).toContain(`"slot": ${Date.parse('2026-03-01T04:00:00Z')}`);
  expect(printed).toContain('"attempt": 2');
  expect(await loop.end()).toBe(0);
});
