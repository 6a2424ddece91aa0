// The job as the scheduler calls it: whole runs over a vault on disk, against a real graph.

import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { z } from 'aclarai-scheduler';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import job from '../../../jobs/vault-sync/index.ts';
import { appConfig, type FakeJobContext, jobContext } from '../../support/job-context.ts';

type Input = z.output<NonNullable<typeof job.input>>;
type Statistics = Record<string, unknown>;

let root: string;
let vault: string;
let stateDir: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'vault-job-'));
  vault = path.join(root, 'vault');
  stateDir = path.join(root, 'state');
  for (const folder of ['vault/conversations', 'vault/summaries', 'vault/concepts', 'state'])
    await mkdir(path.join(root, folder), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

const put = (file: string, text: string | Uint8Array): Promise<void> =>
  writeFile(path.join(vault, file), text);
const line = (id: string, text: string, ver = 1): string =>
  `${text} <!-- aclarai:id=${id} ver=${ver} -->\n^${id}\n\n`;

interface RunOptions {
  input?: Partial<Input>;
  dryRun?: boolean;
  config?: Parameters<typeof appConfig>[1];
  signal?: AbortSignal;
}

async function run(options: RunOptions = {}): Promise<{ ctx: FakeJobContext<Input>; result: Statistics }> {
  const { input = {}, config = {}, ...rest } = options;
  const ctx = jobContext<Input>({
    input: job.input!.parse(input),
    config: appConfig(vault, config),
    stateDir,
    ...rest,
  });
  return { ctx, result: (await job.run(ctx)) as Statistics };
}

/** Looks into the graph, past the job. */
function graph<T = Record<string, unknown>>(sql: string, ...parameters: string[]): T[] {
  const database = new DatabaseSync(path.join(stateDir, 'graph.db'));
  try {
    return database.prepare(sql).all(...parameters) as T[];
  } finally {
    database.close();
  }
}
const versions = (): string[] =>
  graph<{ id: string; version: number }>('SELECT id, version FROM block ORDER BY id').map(
    ({ id, version }) => `${id} v${version}`,
  );

describe('the definition', () => {
  test('has the name of the settings, a schedule, and a strict input', () => {
    expect(job).toMatchObject({ handler: 'vault_sync', defaults: { cron: '*/30 * * * *' } });
    expect(job.input!.parse({})).toEqual({ full: false, dry_run: false, max_file_mb: 64 });
    for (const bad of [{ dryrun: true }, { max_file_mb: 0 }, { full: 'yes' }, { adopt: true }])
      expect(job.input!.safeParse(bad).success).toBe(false);
  });
});

describe('a run', () => {
  test('fills an empty graph, and finds nothing to do the next time', async () => {
    await put('conversations/a.md', line('blk_1', 'Ann: Hello.') + line('blk_2', 'Bob: Hi.', 4));
    await put('concepts/c.md', '# Tide\n\nText.\n\n<!-- aclarai:id=concept_tide -->\n');
    const first = await run();
    expect(first.result).toEqual({
      success: true,
      graph: 'embedded',
      files_scanned: 2,
      files_processed: 2,
      files_skipped_unchanged: 0,
      blocks_processed: 3,
      blocks_new: 3,
      blocks_updated: 0,
      blocks_unchanged: 0,
      blocks_moved: 0,
      blocks_archived: 0,
      conflicts: 0,
      duplicates: 0,
      warnings: 0,
      errors: 0,
      items_processed: 3,
      items_updated: 3,
      duration: expect.any(Number),
    });
    expect(first.ctx.progressed).toContainEqual([2, 2, 'reading notes']);
    expect(first.ctx.progressed).toContainEqual([3, 3, 'writing blocks']);
    expect(versions()).toEqual(['blk_1 v1', 'blk_2 v4', 'concept_tide v1']);
    expect(
      graph("SELECT tier, block_type, source_file, needs_reprocessing FROM block WHERE id = 'concept_tide'"),
    ).toEqual([{ tier: 3, block_type: 'file', source_file: 'concepts/c.md', needs_reprocessing: 1 }]);
    const before = graph('SELECT * FROM block');
    const second = await run();
    expect(second.result).toMatchObject({
      blocks_new: 0,
      blocks_unchanged: 3,
      blocks_processed: 3,
      items_updated: 0,
    });
    expect(graph('SELECT * FROM block')).toEqual(before);
  });

  test('counts edits, moves and raised versions, and never takes an edit for a conflict', async () => {
    await put(
      'conversations/a.md',
      line('blk_1', 'One.') + line('blk_2', 'Two.') + line('blk_3', 'Three.') + line('blk_4', 'Four.'),
    );
    await run();
    await put(
      'conversations/a.md',
      line('blk_1', 'One, edited.') + line('blk_2', 'Two.', 5) + line('blk_4', 'Four.'),
    );
    await put('conversations/b.md', line('blk_3', 'Three.'));
    const { result } = await run();
    expect(result).toMatchObject({
      blocks_updated: 1,
      blocks_moved: 1,
      blocks_unchanged: 2,
      items_updated: 2,
      blocks_processed: 4,
    });
    expect(versions()).toEqual(['blk_1 v2', 'blk_2 v5', 'blk_3 v1', 'blk_4 v1']);
    expect(graph("SELECT source_file FROM block WHERE id = 'blk_3'")).toEqual([
      { source_file: 'conversations/b.md' },
    ]);
    for (let edit = 3; edit <= 5; edit++) {
      await put('conversations/a.md', line('blk_1', `Edit ${edit}.`));
      expect((await run()).result).toMatchObject({ blocks_updated: 1, conflicts: 0 });
      expect(versions()[0]).toBe(`blk_1 v${edit}`);
    }
  });

  test('reports a conflict with both versions and writes neither side', async () => {
    await put('conversations/a.md', line('blk_1', 'One.'));
    await run();
    graph("UPDATE block SET hash = 'theirs', text = 'Theirs.', version = 7 WHERE id = 'blk_1' RETURNING id");
    await put('conversations/a.md', line('blk_1', 'Ours.', 3));
    for (let again = 0; again < 2; again++) {
      const { result, ctx } = await run();
      expect(result).toMatchObject({
        success: true,
        conflicts: 1,
        blocks_processed: 1,
        blocks_updated: 0,
        warnings: 0,
      });
      expect(ctx.lines.filter(({ level }) => level === 'warn')).toMatchObject([
        { message: expect.stringMatching(/conversations\/a\.md:1.*v3.*v7/) },
      ]);
    }
    expect(graph('SELECT text, version FROM block')).toEqual([{ text: 'Theirs.', version: 7 }]);
    await put('conversations/a.md', line('blk_1', 'Ours.', 8));
    expect((await run()).result).toMatchObject({ conflicts: 0, blocks_updated: 1 });
    expect(versions()).toEqual(['blk_1 v8']);
  });

  test('takes a bare node of another service for an update', async () => {
    await run();
    graph("INSERT INTO block (id) VALUES ('blk_1') RETURNING id");
    await put('conversations/a.md', line('blk_1', 'One.', 3));
    expect((await run()).result).toMatchObject({ blocks_new: 0, blocks_updated: 1 });
    expect(versions()).toEqual(['blk_1 v3']);
  });

  test('counts an id that stands twice once, and keeps its winner', async () => {
    await put('conversations/b.md', line('blk_1', 'First.'));
    await run();
    await put('conversations/a.md', line('blk_1', 'A copy.'));
    const { result, ctx } = await run();
    expect(result).toMatchObject({ duplicates: 1, blocks_processed: 1, blocks_unchanged: 1 });
    const report = ctx.lines.find(({ level }) => level === 'warn')?.message;
    expect(report).toContain('conversations/a.md:1, conversations/b.md:1; conversations/b.md:1 is used');
    expect(versions()).toEqual(['blk_1 v1']);
  });

  test('names bad files and markers, counts them, syncs the rest and succeeds', async () => {
    await put('conversations/bad.md', Buffer.from([0xff, 0xfe]));
    await put(
      'conversations/a.md',
      `${line('blk_1', 'One.')}Two. <!-- aclarai:id=blk_2 ver=x -->\n\n- <!-- aclarai:id=blk_3 -->\n`,
    );
    await rm(path.join(vault, 'summaries'), { recursive: true });
    const { result, ctx } = await run();
    expect(result).toMatchObject({
      success: true,
      files_scanned: 2,
      files_processed: 1,
      errors: 2,
      warnings: 2,
      blocks_new: 1,
    });
    const messages = ctx.lines.map(({ level, message }) => `${level} ${message}`).join('\n');
    for (const part of [
      'error conversations/bad.md: ',
      'error conversations/a.md:4: ',
      'warn conversations/a.md:6: ',
      'summaries',
    ])
      expect(messages).toContain(part);
  });

  test('says the same thing twenty times at most, and how often it left it out', async () => {
    await put('conversations/a.md', '- <!-- aclarai:id=x -->\n\n'.repeat(50));
    const { result, ctx } = await run();
    expect(result).toMatchObject({ warnings: 50 });
    expect(ctx.lines.filter(({ level }) => level === 'warn')).toHaveLength(21);
    expect(ctx.lines.at(-1)?.message).toContain('30 more');
  });

  test('without a vault is a warning and writes nothing', async () => {
    await rm(vault, { recursive: true });
    expect((await run()).result).toMatchObject({
      success: true,
      warnings: 1,
      files_scanned: 0,
      blocks_processed: 0,
    });
  });

  test('never writes into the vault', async () => {
    await put('conversations/a.md', line('blk_1', 'One.'));
    const look = async () => [
      await readdir(vault, { recursive: true }),
      (await stat(path.join(vault, 'conversations/a.md'))).mtimeMs,
    ];
    const before = await look();
    await run();
    expect(await look()).toEqual(before);
  });

  test('stops for the signal', async () => {
    await put('conversations/a.md', line('blk_1', 'One.'));
    await expect(run({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  test('knows nothing of a graph that was made anew', async () => {
    await put('conversations/a.md', line('blk_1', 'One.', 2));
    await run();
    for (const file of await readdir(stateDir))
      if (file.startsWith('graph.db')) await rm(path.join(stateDir, file));
    expect((await run()).result).toMatchObject({ blocks_new: 1 });
    expect(versions()).toEqual(['blk_1 v2']);
  });
});

describe('a dry run', () => {
  test.each([{ dryRun: true }, { input: { dry_run: true } }])(
    'with %j prints the plan and writes nothing',
    async (how) => {
      await put('conversations/a.md', line('blk_1', 'One.'));
      const { result, ctx } = await run(how);
      expect(result).toMatchObject({ success: true, blocks_new: 1, items_updated: 1 });
      expect(await readdir(stateDir)).toEqual([]);
      const printed = ctx.lines.filter(({ level }) => level === 'info').map(({ message }) => message);
      expect(printed[0]).toContain('1 changes');
      expect(printed[1]).toMatch(/^create +blk_1 v1 +conversations\/a\.md:1/);
    },
  );

  test('leaves a graph and a known state that are there as they are', async () => {
    await put('conversations/a.md', line('blk_1', 'One.'));
    await run();
    const before = graph('SELECT * FROM block');
    const known = await readFile(path.join(stateDir, 'sync.db'));
    await put('conversations/a.md', line('blk_1', 'Two.') + line('blk_2', 'New.'));
    expect((await run({ dryRun: true })).result).toMatchObject({ blocks_new: 1, blocks_updated: 1 });
    expect(graph('SELECT * FROM block')).toEqual(before);
    expect(await readFile(path.join(stateDir, 'sync.db'))).toEqual(known);
    expect((await run()).result).toMatchObject({ blocks_new: 1, blocks_updated: 1 });
  });
});

describe('without its graph', () => {
  const neo4j = { uri: 'bolt://127.0.0.1:9', user: 'neo4j', password: 'hidden', database: null };
  const choose = (server: typeof neo4j | { [key: string]: unknown } | null) =>
    ({
      databases: { neo4j: server, rabbitmq: null },
      vault: { ...appConfig('').vault, graph: 'neo4j' },
    }) as RunOptions['config'] & object;

  test('a run fails with one clear error and all statistics', { timeout: 10_000 }, async () => {
    await put('conversations/a.md', line('blk_1', 'One.'));
    const { result, ctx } = await run({ config: choose(neo4j) });
    expect(result).toMatchObject({
      success: false,
      graph: 'neo4j',
      blocks_processed: 0,
      error: { code: 'DATABASE_ERROR', message: expect.stringContaining('127.0.0.1:9') },
    });
    expect(ctx.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
    expect(JSON.stringify([result, ctx.lines])).not.toContain('hidden');
    expect(existsSync(path.join(stateDir, 'graph.db'))).toBe(false);
  });

  test.each([
    ['NEO4J_PASSWORD', { ...neo4j, password: null }],
    ['NEO4J_URI', null],
  ])('%s is named when it is missing', async (name, server) => {
    const { result } = await run({ config: choose(server) });
    expect(result).toMatchObject({ success: false, error: { fix: expect.stringContaining(name) } });
  });
});

test('the example vault syncs without a fault', async () => {
  vault = path.resolve(import.meta.dirname, '../../../examples/vault');
  const { result } = await run();
  expect(result).toMatchObject({ success: true, errors: 0, warnings: 0, duplicates: 0, conflicts: 0 });
  const kinds = graph<{ tier: number; block_type: string }>(
    'SELECT DISTINCT tier, block_type FROM block ORDER BY 1, 2',
  );
  expect(kinds).toEqual(
    expect.arrayContaining([
      { tier: 1, block_type: 'inline' },
      { tier: 2, block_type: 'inline' },
      { tier: 3, block_type: 'file' },
    ]),
  );
  const result2 = (await run()).result;
  expect(result2).toMatchObject({ blocks_unchanged: result.blocks_new, items_updated: 0 });
});
