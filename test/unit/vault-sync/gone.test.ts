// Blocks that are gone from the vault, edits that are too many, and what another aclarai wrote: the guards of the sync.

import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { line, SyncBench } from './sync-bench.ts';

let bench: SyncBench;
beforeEach(async () => {
  bench = await SyncBench.make();
});
afterEach(() => bench.remove());

const at = (file: string): string => path.join(bench.vault, file);
const many = (count: number, text = 'Text', from = 0): string =>
  Array.from({ length: count }, (_, n) => line(`blk_${n + from}`, `${text} ${n + from}.`)).join('');
const archived = (): unknown[] =>
  bench
    .graph('SELECT id FROM block WHERE archived = 1 AND archived_at IS NOT NULL ORDER BY id')
    .map(({ id }) => id);

describe('a block that is in no file any more', () => {
  beforeEach(async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
    await bench.put('conversations/b.md', line('blk_3', 'Three.'));
    await bench.run();
  });

  test('is archived once, with the time, and keeps all else', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await rm(at('conversations/b.md'));
    expect((await bench.run()).result).toMatchObject({
      blocks_archived: 2,
      blocks_processed: 1,
      items_updated: 2,
    });
    expect(archived()).toEqual(['blk_2', 'blk_3']);
    const before = bench.graph('SELECT * FROM block');
    expect((await bench.run()).result).toMatchObject({ blocks_archived: 0, blocks_processed: 1 });
    expect((await bench.run({ input: { full: true } })).result).toMatchObject({ blocks_archived: 0 });
    expect(bench.graph('SELECT * FROM block')).toEqual(before);
    expect(before).toContainEqual(expect.objectContaining({ id: 'blk_3', text: 'Three.', version: 1 }));
  });

  test('is not when it stands in another file', async () => {
    await rename(at('conversations/b.md'), at('summaries/b.md'));
    expect((await bench.run()).result).toMatchObject({ blocks_moved: 1, blocks_archived: 0 });
    expect(archived()).toEqual([]);
  });

  test('comes back as it was, or edited, in its version', async () => {
    await bench.put('conversations/a.md', 'Nothing.\n');
    await bench.run();
    expect(archived()).toEqual(['blk_1', 'blk_2']);
    await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two, edited.'));
    expect((await bench.run()).result).toMatchObject({ blocks_updated: 2, blocks_archived: 0, conflicts: 0 });
    expect(archived()).toEqual([]);
    expect(bench.versions()).toEqual(['blk_1 v1', 'blk_2 v2', 'blk_3 v1']);
  });

  test('waits while a file cannot be read or a marker is bad, and is archived when all is well', async () => {
    for (const bad of [Buffer.from([0xff]), `Bad <!-- aclarai:id=x ver=y -->\n`]) {
      await bench.put('conversations/bad.md', bad);
      await rm(at('conversations/b.md'), { force: true });
      for (let run = 0; run < 2; run++)
        expect((await bench.run()).result).toMatchObject({
          success: true,
          blocks_archived: 0,
          archive_deferred: 1,
        });
    }
    await rm(at('conversations/bad.md'));
    expect((await bench.run()).result).toMatchObject({ blocks_archived: 1 });
    expect(archived()).toEqual(['blk_3']);
  });

  test('waits when its marker cannot be read any more', async () => {
    await bench.put('conversations/b.md', 'Three. <!-- aclarai:id=blk_3 ver=x -->\n');
    expect((await bench.run()).result).toMatchObject({ errors: 1, blocks_archived: 0 });
    await bench.put('conversations/b.md', '- <!-- aclarai:id=blk_3 -->\n');
    expect((await bench.run()).result).toMatchObject({ warnings: 1, blocks_archived: 0 });
    expect(archived()).toEqual([]);
  });

  test.each(['conversations', '.'])('waits while %s is empty or missing', async (folder) => {
    await rename(at(folder), `${bench.root}/away`);
    for (const full of [false, true])
      expect((await bench.run({ input: { full } })).result).toMatchObject({
        success: true,
        blocks_archived: 0,
      });
    await mkdir(at(folder), { recursive: true });
    expect((await bench.run()).result).toMatchObject({ success: true, blocks_archived: 0 });
    await rm(at(folder), { recursive: true });
    await rename(`${bench.root}/away`, at(folder));
    expect((await bench.run()).result).toMatchObject({
      warnings: 0,
      blocks_unchanged: 3,
      blocks_archived: 0,
    });
  });

  test('is found by a full pass in the graph alone, where it has a file', async () => {
    bench.graph(
      "INSERT INTO block (id, hash, version, source_file) VALUES ('old', 'h', 1, 'conversations/x.md') RETURNING id",
    );
    bench.graph(
      "INSERT INTO block (id, hash, version, source_file) VALUES ('else', 'h', 1, 'other/x.md') RETURNING id",
    );
    bench.graph("INSERT INTO block (id) VALUES ('stub') RETURNING id");
    expect((await bench.run()).result).toMatchObject({ blocks_archived: 0 });
    expect((await bench.run({ input: { full: true } })).result).toMatchObject({ blocks_archived: 1 });
    expect(archived()).toEqual(['old']);
  });
});

describe('more than half at once', () => {
  test('gone of twenty is refused, said, not tried again; all else is written; and allowed by name', async () => {
    await bench.put('conversations/a.md', many(11));
    await bench.put('conversations/b.md', many(9, 'Text', 11));
    await bench.run();
    await rm(at('conversations/a.md'));
    await bench.put('conversations/b.md', many(10, 'Text', 11));
    const { result } = await bench.run();
    expect(result).toMatchObject({
      success: false,
      retryable: false,
      blocks_archived: 0,
      blocks_new: 1,
      archive_deferred: 11,
      error: { code: 'PRECONDITION_FAILED', fix: expect.stringContaining('allow_mass_archive') },
    });
    expect(bench.versions()).toHaveLength(21);
    expect((await bench.run()).result).toMatchObject({ success: false, archive_deferred: 11 });
    expect((await bench.run({ input: { allow_mass_archive: true } })).result).toMatchObject({
      success: true,
      blocks_archived: 11,
    });
  });

  test('gone of nineteen, or half of twenty, is archived', async () => {
    await bench.put('conversations/a.md', many(18));
    await bench.put('conversations/b.md', many(1, 'Text', 18));
    await bench.run();
    await rm(at('conversations/a.md'));
    expect((await bench.run()).result).toMatchObject({ success: true, blocks_archived: 18 });
    await bench.put('conversations/c.md', many(20, 'Text', 100));
    await bench.run();
    await bench.put('conversations/c.md', many(10, 'Text', 100));
    expect((await bench.run()).result).toMatchObject({ success: true, blocks_archived: 10 });
  });

  test('changed of a hundred is refused, and the rest is written; and allowed by name', async () => {
    await bench.put('conversations/a.md', many(60));
    await bench.put('conversations/b.md', many(40, 'Text', 60));
    await bench.run();
    await bench.put('conversations/a.md', many(60, 'Edited'));
    await bench.put('conversations/c.md', line('new', 'New.'));
    for (let run = 0; run < 2; run++)
      expect((await bench.run()).result).toMatchObject({
        success: false,
        retryable: false,
        blocks_updated: 0,
        blocks_new: run === 0 ? 1 : 0,
        error: { code: 'PRECONDITION_FAILED', fix: expect.stringContaining('allow_mass_update') },
      });
    expect(bench.graph('SELECT count(*) AS n FROM block WHERE version > 1')).toEqual([{ n: 0 }]);
    expect((await bench.run({ input: { allow_mass_update: true } })).result).toMatchObject({
      success: true,
      blocks_updated: 60,
    });
  });
});

describe('adopt', () => {
  test('takes over what another aclarai wrote under the same version, without reprocessing', async () => {
    await bench.run();
    for (const [id, version] of [
      ['blk_1', 1],
      ['blk_2', 4],
    ])
      bench.graph(
        `INSERT INTO block (id, text, hash, version, source_file) VALUES ('${id}', 'old', 'other', ${version}, 'conversations/a.md') RETURNING id`,
      );
    await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
    const dry = await bench.run({ dryRun: true, input: { adopt: true } });
    expect(dry.ctx.lines.map(({ message }) => message).join('\n')).toContain('adopt     blk_1 v1 → v1');
    expect((await bench.run({ input: { adopt: true } })).result).toMatchObject({
      blocks_updated: 1,
      conflicts: 1,
    });
    expect(bench.graph('SELECT id, text, version, needs_reprocessing FROM block ORDER BY id')).toEqual([
      { id: 'blk_1', text: 'One.', version: 1, needs_reprocessing: 0 },
      { id: 'blk_2', text: 'old', version: 4, needs_reprocessing: 0 },
    ]);
  });

  test('after an upgrade of the grammar concerns files that did not change', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.put('conversations/b.md', line('blk_2', 'Two.'));
    await bench.run();
    bench.graph("UPDATE block SET hash = 'older', version = 3, needs_reprocessing = 0 RETURNING id");
    bench.known("UPDATE base SET hash = 'older', version = 3 RETURNING id");
    bench.known('UPDATE graph SET grammar = 0 RETURNING key');
    await bench.put('conversations/b.md', line('blk_2', 'Two, edited.'));
    expect((await bench.run({ input: { adopt: true } })).result).toMatchObject({ blocks_updated: 2 });
    expect(bench.graph('SELECT id, version, needs_reprocessing FROM block ORDER BY id')).toEqual([
      { id: 'blk_1', version: 3, needs_reprocessing: 0 },
      { id: 'blk_2', version: 4, needs_reprocessing: 1 },
    ]);
  });
});
