// A Neo4j of its own that is killed in the middle of a sync and started again, and one that takes no writes.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { appConfig } from '../../support/job-context.ts';
import { line, type RunOptions, SyncBench } from './sync-bench.ts';

const PORT = '7693';
const { SERVICES_SCRIPTS = '' } = process.env;
const skipped = SERVICES_SCRIPTS === '' ? ' (skipped: no scripts to start one, set SERVICES_SCRIPTS)' : '';

/** The script that starts and kills a server answers with `export` lines. */
function neo4j(...command: string[]): string {
  const { NEO4J_TEST_PASSWORD: _password, ...env } = process.env;
  return execFileSync(path.join(SERVICES_SCRIPTS, 'neo4j'), command, {
    env: { ...env, NEO4J_PORT: PORT },
    stdio: ['ignore', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
}

describe.skipIf(SERVICES_SCRIPTS === '')(`a Neo4j that is killed${skipped}`, { timeout: 240_000 }, () => {
  let bench: SyncBench;
  let on: RunOptions;
  beforeAll(() => {
    const said = neo4j('start');
    const word = (name: string) => new RegExp(`${name}=(\\S+)`).exec(said)?.[1] ?? '';
    const server = { uri: word('URI'), user: word('USER'), password: word('PASSWORD'), database: null };
    const { vault } = appConfig('');
    on = { config: { vault: { ...vault, graph: 'neo4j' }, databases: { neo4j: server, rabbitmq: null } } };
  }, 240_000);
  afterAll(() => void neo4j('wipe'), 120_000);
  beforeEach(async () => {
    bench = await SyncBench.make();
  });
  afterEach(() => bench.remove());

  test('in the middle of a sync: the run fails, and the next carries on without a conflict', async () => {
    const blocks = (word: string) =>
      Array.from({ length: 9000 }, (_, n) => line(`blk_${n}`, `${word} ${n}.`)).join('');
    await bench.put('conversations/a.md', blocks('Text'));
    let batches = 0;
    const onProgress = (_done: number, _total: number | undefined, note: string | undefined) => {
      if (note === 'writing blocks' && ++batches === 2) neo4j('kill');
    };
    const { result } = await bench.run({ ...on, onProgress });
    expect(result).toMatchObject({ success: false, error: { code: 'DATABASE_ERROR' } });
    expect(result).toMatchObject({ blocks_new: 4000 });
    neo4j('start');
    await bench.put('conversations/a.md', blocks('Edited'));
    const again = { ...on, input: { allow_mass_update: true } };
    expect((await bench.run(again)).result).toMatchObject({
      success: true,
      blocks_processed: 9000,
      conflicts: 0,
      errors: 0,
    });
    expect((await bench.run(on)).result).toMatchObject({ blocks_unchanged: 9000, items_updated: 0 });
  });

  test('a database that takes no writes: one error that says so, and nothing is tried again', async () => {
    const server = await startAgain(['server.databases.read_only=neo4j']);
    try {
      await bench.put('conversations/a.md', line('blk_readonly', 'Text.'));
      const { result, ctx } = await bench.run({ ...on, input: { full: true } });
      const error = {
        message: expect.stringContaining('read-only'),
        fix: expect.stringContaining('read_only'),
      };
      expect(result).toMatchObject({ success: false, retryable: false, error });
      expect(ctx.slept).toEqual([]);
      expect(ctx.lines.filter(({ level }) => level === 'error' || level === 'warn')).toHaveLength(0);
    } finally {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
  });
});

/** The server as the script starts it, with more settings: the script has none to give. */
async function startAgain(settings: readonly string[]): Promise<ChildProcess> {
  neo4j('start');
  const [program = '', ...args] = commandOf(`home-${PORT}`);
  neo4j('kill');
  const home = args.find((arg) => arg.startsWith('--home-dir='))!.slice('--home-dir='.length);
  appendFileSync(path.join(home, 'conf/neo4j.conf'), `${settings.join('\n')}\n`);
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: server.stdout! })) if (line.includes('Started.')) break;
  server.stdout!.resume();
  return server;
}

/** The command line of the process that has this in it. */
function commandOf(part: string): string[] {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const words = commandLine(pid);
    if (words[0]?.endsWith('java') && words.some((word) => word.endsWith(part))) return words;
  }
  throw new Error(`no server runs in ${part}`);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
