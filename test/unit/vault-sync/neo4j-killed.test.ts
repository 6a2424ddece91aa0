// A Neo4j of its own that is killed in the middle of a sync, and started again.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
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
});
