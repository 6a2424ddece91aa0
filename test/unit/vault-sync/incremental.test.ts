// What a run reads and compares when it knows what the last one saw, and when it must look at everything.

import { copyFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GRAMMAR_VERSION } from '../../../jobs/vault-sync/grammar.ts';
import { line, SyncBench } from './sync-bench.ts';

let bench: SyncBench;
beforeEach(async () => {
  bench = await SyncBench.make();
});
afterEach(() => bench.remove());

const at = (file: string): string => path.join(bench.vault, file);
const why = async (options = {}): Promise<string> =>
  (await bench.run(options)).ctx.lines.map(({ message }) => message).join('\n');

describe('files that did not change', () => {
  test('are not read, and their blocks are counted', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
    await bench.put('conversations/b.md', line('blk_3', 'Three.'));
    await bench.run();
    await bench.put('conversations/b.md', line('blk_3', 'Three, edited.') + line('blk_4', 'Four.'));
    expect((await bench.run()).result).toMatchObject({
      files_scanned: 2,
      files_processed: 1,
      files_skipped_unchanged: 1,
      blocks_processed: 4,
      blocks_unchanged: 2,
      blocks_updated: 1,
      blocks_new: 1,
    });
    expect((await bench.run()).result).toMatchObject({
      files_processed: 0,
      files_skipped_unchanged: 2,
      blocks_unchanged: 4,
    });
  });

  test('are told by size, time and inode', async () => {
    const text = line('blk_1', 'One.');
    await bench.put('conversations/a.md', text);
    await bench.run();
    const { atime, mtime } = await stat(at('conversations/a.md'));
    await bench.put('conversations/a.md', line('blk_1', 'Two.'));
    await utimes(at('conversations/a.md'), atime, new Date(mtime.getTime() + 1000));
    expect((await bench.run()).result).toMatchObject({ files_processed: 1, blocks_updated: 1 });
    const now = (await stat(at('conversations/a.md'))).mtime;
    await writeFile(at('conversations/new'), line('blk_1', 'Six.'));
    await utimes(at('conversations/new'), now, now);
    await rename(at('conversations/new'), at('conversations/a.md'));
    expect((await bench.run()).result).toMatchObject({ files_processed: 1, blocks_updated: 1 });
    await utimes(at('conversations/a.md'), now, new Date(now.getTime() + 2000));
    expect((await bench.run()).result).toMatchObject({ files_processed: 1, blocks_unchanged: 1 });
  });

  test('are read again in another tier', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.run();
    const { paths } = (await bench.run()).ctx.config;
    const swapped = { ...paths, tier1: paths.tier2, tier2: paths.tier1 };
    expect((await bench.run({ config: { paths: swapped } })).result).toMatchObject({ files_processed: 1 });
  });

  test('keep their faults', async () => {
    await bench.put('conversations/a.md', `${line('blk_1', 'One.')}Two. <!-- aclarai:id=blk_2 ver=x -->\n`);
    await bench.run();
    const { result, ctx } = await bench.run();
    expect(result).toMatchObject({ files_processed: 0, errors: 1 });
    expect(ctx.lines.at(-1)?.message).toContain('conversations/a.md:4: version "x" of blk_2');
  });

  test('are read again as long as they are in conflict', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.run();
    bench.graph("UPDATE block SET hash = 'theirs', version = 7 RETURNING id");
    await bench.put('conversations/a.md', line('blk_1', 'Ours.', 2));
    for (let run = 0; run < 2; run++)
      expect((await bench.run()).result).toMatchObject({ conflicts: 1, files_processed: 1, success: true });
  });
});

describe('duplicates', () => {
  test('of a file that did not change are found, told in every run, and gone when one is', async () => {
    await bench.put('conversations/b.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
    await bench.run();
    await copyFile(at('conversations/b.md'), at('conversations/a.md'));
    for (let run = 0; run < 2; run++) {
      const { result, ctx } = await bench.run();
      expect(result).toMatchObject({
        duplicates: 2,
        blocks_processed: 2,
        blocks_unchanged: 2,
        items_updated: 0,
      });
      expect(ctx.lines.map(({ message }) => message).join('\n')).toContain(
        'blk_2 stands in 2 places: conversations/a.md:4, conversations/b.md:4; conversations/b.md:4 is used',
      );
    }
    await rm(at('conversations/b.md'));
    expect((await bench.run()).result).toMatchObject({ duplicates: 0, blocks_moved: 2, blocks_archived: 0 });
    expect((await bench.run()).result).toMatchObject({ duplicates: 0, blocks_unchanged: 2 });
  });

  test('of which the one that counts is gone: the other takes its place, though its file did not change', async () => {
    await bench.put('conversations/b.md', line('blk_1', 'Here.') + line('blk_2', 'Two.'));
    await bench.run();
    await bench.put('conversations/c.md', line('blk_1', 'There.'));
    await bench.run();
    await bench.put('conversations/b.md', line('blk_2', 'Two.'));
    expect((await bench.run()).result).toMatchObject({
      duplicates: 0,
      blocks_updated: 1,
      blocks_unchanged: 1,
    });
    expect(bench.graph("SELECT text, source_file FROM block WHERE id = 'blk_1'")).toEqual([
      { text: 'There.', source_file: 'conversations/c.md' },
    ]);
  });

  test('a vault of copies ends in one readable report', async () => {
    const copies = Array.from({ length: 5000 }, (_, n) => line('blk_1', `Copy ${n}.`)).join('');
    await bench.put('conversations/a.md', copies);
    const { ctx, result } = await bench.run();
    expect(result).toMatchObject({ duplicates: 1, blocks_new: 1, blocks_processed: 1 });
    const warnings = ctx.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain('5000 places');
    expect(warnings[0]?.message.length).toBeLessThan(3000);
  });
});

describe('a full pass', () => {
  beforeEach(async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.') + line('blk_2', 'Two.'));
    await bench.run();
  });

  test('by wish reads everything and mends what somebody did to the graph', async () => {
    bench.graph("UPDATE block SET hash = 'lost' WHERE id = 'blk_1' RETURNING id");
    expect((await bench.run()).result).toMatchObject({ blocks_unchanged: 2 });
    const { result } = await bench.run({ input: { full: true } });
    expect(result).toMatchObject({ files_processed: 1, blocks_updated: 1, blocks_unchanged: 1 });
  });

  test.each([
    [
      'a graph that lost blocks',
      'the graph has 1 blocks and had 2',
      () => bench.graph("DELETE FROM block WHERE id = 'blk_2' RETURNING id"),
    ],
    [
      'an older grammar',
      `version ${GRAMMAR_VERSION}`,
      () => bench.known('UPDATE graph SET grammar = 0 RETURNING key'),
    ],
    [
      'a week',
      'long enough ago',
      () => bench.known('UPDATE graph SET full_at = full_at - 604801 RETURNING key'),
    ],
    [
      'a clock that was put back',
      'long enough ago',
      () => bench.known('UPDATE graph SET full_at = full_at + 5000 RETURNING key'),
    ],
  ])('follows %s', async (_, reason, cause) => {
    cause();
    expect(await why()).toContain(reason);
    expect(bench.versions()).toEqual(['blk_1 v1', 'blk_2 v1']);
    expect(await why()).not.toContain('all files are read');
  });

  test('comes when full_every says, or never by itself', async () => {
    bench.known('UPDATE graph SET full_at = full_at - 604801 RETURNING key');
    expect(await why({ input: { full_every: null } })).not.toContain('all files are read');
    expect(await why({ input: { full_every: '30d' } })).not.toContain('all files are read');
    expect(await why({ input: { full_every: 3600 } })).toContain('all files are read');
  });

  test('follows another graph, and says so', async () => {
    for (const file of ['graph.db', 'graph.db-wal', 'graph.db-shm'])
      await rm(path.join(bench.stateDir, file), { force: true });
    expect(await why()).toContain('this is another graph than before');
    expect(bench.versions()).toEqual(['blk_1 v1', 'blk_2 v1']);
  });

  test('does not follow nodes that others add', async () => {
    bench.graph("INSERT INTO block (id) VALUES ('stub') RETURNING id");
    expect(await why()).not.toContain('all files are read');
  });
});

test('a known state of the first version is brought up to date, and forgets no base', async () => {
  await bench.put('conversations/a.md', line('blk_1', 'One.'));
  await bench.run();
  for (const table of ['file', 'duplicate', 'missing', 'pending', 'outbox'])
    bench.known(`DROP TABLE ${table}`);
  for (const column of ['grammar', 'blocks', 'full_at'])
    bench.known(`ALTER TABLE graph DROP COLUMN ${column}`);
  bench.known('PRAGMA user_version = 1');
  bench.graph("UPDATE block SET version = 5, hash = 'v5' RETURNING id");
  bench.known("UPDATE base SET version = 5, hash = 'v5' RETURNING id");
  await bench.put('conversations/a.md', line('blk_1', 'One, edited.'));
  expect((await bench.run({ dryRun: true })).result).toMatchObject({ success: true });
  expect((await bench.run()).result).toMatchObject({ blocks_updated: 1, conflicts: 0 });
});

describe('some files only', () => {
  test('are looked at, and nothing is archived', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.put('conversations/b.md', line('blk_2', 'Two.'));
    await bench.run();
    await bench.put('conversations/a.md', line('blk_1', 'One, edited.'));
    await bench.put('conversations/b.md', line('blk_2', 'Two, edited.'));
    const only = {
      input: { files: ['conversations/a.md', 'conversations/none.md', '../x.md', 'Templates/t.md'] },
    };
    expect((await bench.run(only)).result).toMatchObject({
      files_scanned: 1,
      blocks_updated: 1,
      blocks_processed: 2,
    });
    await rm(at('conversations/a.md'));
    expect((await bench.run(only)).result).toMatchObject({ blocks_archived: 0, archive_deferred: 1 });
    expect((await bench.run()).result).toMatchObject({ blocks_archived: 1, blocks_updated: 1 });
  });

  test('a renamed file is a move', async () => {
    await bench.put('conversations/a.md', line('blk_1', 'One.'));
    await bench.run();
    await rename(at('conversations/a.md'), at('conversations/z.md'));
    const input = { files: ['conversations/a.md', 'conversations/z.md'] };
    expect((await bench.run({ input })).result).toMatchObject({ blocks_moved: 1, blocks_processed: 1 });
    expect((await bench.run()).result).toMatchObject({ blocks_unchanged: 1, blocks_processed: 1 });
  });
});
