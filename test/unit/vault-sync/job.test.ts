// The job as the scheduler calls it: whole runs over a vault on disk, against a real graph.

import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import job from '../../../jobs/vault-sync/index.ts';
import { line, SyncBench } from './sync-bench.ts';

let bench: SyncBench;
beforeEach(async () => {
  bench = await SyncBench.make();
});
afterEach(() => bench.remove());

describe('the definition', () => {
  test('has the name of the settings, a schedule, and a strict input', () => {
    expect(job).toMatchObject({ handler: 'vault_sync', defaults: { cron: '*/30 * * * *' } });
    expect(job.input!.parse({})).toEqual({
      full: false,
      full_every: '7d',
      dry_run: false,
      allow_mass_archive: false,
      allow_mass_update: false,
      adopt: false,
      max_file_mb: 64,
    });
    for (const bad of [{ dryrun: true }, { max_file_mb: 0 }, { full: 'yes' }, { full_every: '1 fortnight' }])
      expect(job.input!.safeParse(bad).success).toBe(false);
  });
});

describe('a run', () => {
  test('fills an empty graph, and finds nothing to do the next time', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'Ann: Hello.') + line('blk_2', 'Bob: Hi.', 4));
    await bench.put('concepts/c.md', '# Tide\n\nText.\n\n<!-- aclarai:id=concept_tide -->\n');
    const first = await bench.run();
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
    expect(bench.versions()).toEqual(['blk_1 v1', 'blk_2 v4', 'concept_tide v1']);
    expect(
      bench.graph(
        "SELECT tier, block_type, source_file, needs_reprocessing FROM block WHERE id = 'concept_tide'",
      ),
    ).toEqual([{ tier: 3, block_type: 'file', source_file: 'concepts/c.md', needs_reprocessing: 1 }]);
    const before = bench.graph('SELECT * FROM block');
    const second = await bench.run();
    expect(second.result).toMatchObject({
      blocks_new: 0,
      blocks_unchanged: 3,
      blocks_processed: 3,
      items_updated: 0,
    });
    expect(bench.graph('SELECT * FROM block')).toEqual(before);
  });

  test('counts edits, moves and raised versions, and never takes an edit for a conflict', async () => {
    await bench.put(
      'conversations/a.md',
      line('blk_1', 'One.') + line('blk_2', 'Two.') + line('blk_3', 'Three.') + line('blk_4', 'Four.'),
    );
    await bench.run();
    await bench.put(
      'conversations/a.md',
      line('blk_1', 'One, edited.') + line('blk_2', 'Two.', 5) + line('blk_4', 'Four.'),
    );
    await bench.put('conversations/b.md', line('blk_3', 'Three.'));
    const { result } = await bench.run();
    expect(result).toMatchObject({
      blocks_updated: 1,
      blocks_moved: 1,
      blocks_unchanged: 2,
      items_updated: 2,
      blocks_processed: 4,
    });
    expect(bench.versions()).toEqual(['blk_1 v2', 'blk_2 v5', 'blk_3 v1', 'blk_4 v1']);
    expect(bench.graph("SELECT source_file FROM block WHERE id = 'blk_3'")).toEqual([
      { source_file: 'conversations/b.md' },
    ]);
    for (let edit = 3; edit <= 5; edit++) {
      await bench.put('conversations/a.md', line('blk_1', `Edit ${edit}.`));
      expect((await bench.run()).result).toMatchObject({ blocks_updated: 1, conflicts: 0 });
      expect(bench.versions()[0]).toBe(`blk_1 v${edit}`);
    }
  });

  test('reports a conflict with both versions and writes neither side', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.run();
    bench.graph(
      "UPDATE block SET hash = 'theirs', text = 'Theirs.', version = 7 WHERE id = 'blk_1' RETURNING id",
    );
    await bench.put('conversations/a.md', line('blk_1', 'Ours.', 3));
    for (let again = 0; again < 2; again++) {
      const { result, ctx } = await bench.run();
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
    expect(bench.graph('SELECT text, version FROM block')).toEqual([{ text: 'Theirs.', version: 7 }]);
    await bench.put('conversations/a.md', line('blk_1', 'Ours.', 8));
    expect((await bench.run()).result).toMatchObject({ conflicts: 0, blocks_updated: 1 });
    expect(bench.versions()).toEqual(['blk_1 v8']);
  });

  test('takes a bare node of another service for an update', async () => {
    await bench.run();
    bench.graph("INSERT INTO block (id) VALUES ('blk_1') RETURNING id");
    await bench.put('conversations/a.md', line('blk_1', 'One.', 3));
    expect((await bench.run()).result).toMatchObject({ blocks_new: 0, blocks_updated: 1 });
    expect(bench.versions()).toEqual(['blk_1 v3']);
  });

  test('counts an id that stands twice once, and keeps its winner', async () => {
    await bench.put('conversations/b.md', line('blk_1', 'First.'));
    await bench.run();
    await bench.put('conversations/a.md', line('blk_1', 'A copy.'));
    const { result, ctx } = await bench.run();
    expect(result).toMatchObject({ duplicates: 1, blocks_processed: 1, blocks_unchanged: 1 });
    const report = ctx.lines.find(({ level }) => level === 'warn')?.message;
    expect(report).toContain('conversations/a.md:1, conversations/b.md:1; conversations/b.md:1 is used');
    expect(bench.versions()).toEqual(['blk_1 v1']);
  });

  test('names bad files and markers, counts them, syncs the rest and succeeds', async () => {
    await bench.put('conversations/bad.md', Buffer.from([0xff, 0xfe]));
    await bench.put(
      'conversations/a.md',
      `${line('blk_1', 'One.')}Two. <!-- aclarai:id=blk_2 ver=x -->\n\n- <!-- aclarai:id=blk_3 -->\n`,
    );
    await rm(path.join(bench.vault, 'summaries'), { recursive: true });
    const { result, ctx } = await bench.run();
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
    await bench.put('conversations/a.md', '- <!-- aclarai:id=x -->\n\n'.repeat(50));
    const { result, ctx } = await bench.run();
    expect(result).toMatchObject({ warnings: 50 });
    expect(ctx.lines.filter(({ level }) => level === 'warn')).toHaveLength(21);
    expect(ctx.lines.at(-1)?.message).toContain('30 more');
  });

  test('without a vault is a warning and writes nothing', async () => {
    await rm(bench.vault, { recursive: true });
    expect((await bench.run()).result).toMatchObject({
      success: true,
      warnings: 1,
      files_scanned: 0,
      blocks_processed: 0,
    });
  });

  test('never writes into the vault', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    const look = async () => [
      await readdir(bench.vault, { recursive: true }),
      (await stat(path.join(bench.vault, 'conversations/a.md'))).mtimeMs,
    ];
    const before = await look();
    await bench.run();
    expect(await look()).toEqual(before);
  });

  test('stops for the signal', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await expect(bench.run({ signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  test('knows nothing of a graph that was made anew', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.', 2));
    await bench.run();
    for (const file of await readdir(bench.stateDir))
      if (file.startsWith('graph.db')) await rm(path.join(bench.stateDir, file));
    expect((await bench.run()).result).toMatchObject({ blocks_new: 1 });
    expect(bench.versions()).toEqual(['blk_1 v2']);
  });
});

test('the example vault syncs without a fault', async () => {
  bench.vault = path.resolve(import.meta.dirname, '../../../examples/vault');
  const { result } = await bench.run();
  expect(result).toMatchObject({ success: true, errors: 0, warnings: 0, duplicates: 0, conflicts: 0 });
  const kinds = bench.graph<{ tier: number; block_type: string }>(
    'SELECT DISTINCT tier, block_type FROM block ORDER BY 1, 2',
  );
  expect(kinds).toEqual(
    expect.arrayContaining([
      { tier: 1, block_type: 'inline' },
      { tier: 2, block_type: 'inline' },
      { tier: 3, block_type: 'file' },
    ]),
  );
  const result2 = (await bench.run()).result;
  expect(result2).toMatchObject({ blocks_unchanged: result.blocks_new, items_updated: 0 });
});
