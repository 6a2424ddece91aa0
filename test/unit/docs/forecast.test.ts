// The examples of docs/forecast.md, run as a reader would: what the page prints is what the program prints.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '#faces/cli/cli';
import { createHost } from '../../../src/app.ts';
import { createLog } from '../../../src/log.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { screen } from '../cli/support.ts';

const root = path.join(import.meta.dirname, '../../..');
const page = await readFile(path.join(root, 'docs/forecast.md'), 'utf8');
const blocks = [...page.matchAll(/```(console|yaml)\n([\s\S]*?)```/g)].map(([, language, text]) => ({
  language,
  text: text!,
}));
const examples = blocks.filter(({ language }) => language === 'console').map(({ text }) => example(text));
const [changed] = blocks.filter(({ language }) => language === 'yaml');
let dir = '';

/** `$ aclarai-scheduler <arguments>`, then what it prints. */
function example(text: string): { line: string; args: string[]; prints: string } {
  const [, line = '', prints = ''] = /^\$ aclarai-scheduler (.*)\n([\s\S]*)$/.exec(text) ?? [];
  return { line, args: line.split(' '), prints };
}

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'forecast-'));
  await cp(path.join(root, 'settings'), path.join(dir, 'settings'), { recursive: true });
  await mkdir(path.join(dir, 'examples/vault'), { recursive: true });
  await writeFile(path.join(dir, 'new.yaml'), changed!.text);
  return () => rm(dir, { recursive: true, force: true });
});

/** The day before the clocks go forward in Paris. */
async function print(args: readonly string[]): Promise<string> {
  const clock = createManualClock(Date.parse('2026-03-28T11:00:00Z'));
  const log = createLog({ clock, level: 'error', sink: { write: () => {} }, pretty: false });
  const host = createHost({
    ...{ clock, log, cwd: dir, env: { TZ: 'Europe/Paris' }, version: 'test', pid: 1, random: () => 0.5 },
  });
  const [stdout, stderr] = [screen(), screen()];
  const io = {
    host,
    clock,
    log,
    user: 'anna',
    version: 'test',
    service: { url: null, token: null },
    stdout,
    stderr,
    onHangup: () => {},
  };
  const named = args.map((arg) => (arg === 'new.yaml' ? path.join(dir, arg) : arg));
  const exit = await runCli(named, { ...io, signal: new AbortController().signal });
  return `${stdout.text}${stderr.text}${exit === 0 ? '' : `exit ${exit}\n`}`.replaceAll(dir, '/srv');
}

describe('docs/forecast.md', () => {
  it('has examples', () => expect(examples.length).toBeGreaterThan(3));

  it.each(examples)('$line', async ({ args, prints }) => {
    expect(await print(args)).toBe(prints);
  });
});
