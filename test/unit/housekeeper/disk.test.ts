import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesFreed, type Listing, listFiles, removeFiles } from '#housekeeper/disk';
import type { ListedFile } from '#housekeeper/listed';
import { OpenDirectory } from '#housekeeper/open-directory';
import { compilePattern } from '#housekeeper/pattern';
import { put, tempFolder, tree, withoutRoot } from './support.ts';

/** Both ways to a file: through the open directory, and by path where the system has no /proc. */
describe.each([{ descriptors: true }, { descriptors: false }])('descriptors: $descriptors', (how) => {
  const viaDescriptor = how.descriptors && existsSync('/proc/self/fd');
  const list = async (folder: string, recursive = false, pattern = '*') => {
    await using root = await OpenDirectory.openRoot(folder, how);
    const listing = await listFiles(root, compilePattern(pattern), { recursive });
    listing.files.sort((a, b) => Buffer.compare(a.path, b.path));
    return listing;
  };
  const remove = async (folder: string, { root: listedRoot, files }: Listing, signal?: AbortSignal) => {
    await using root = await OpenDirectory.openRoot(folder, how);
    return await removeFiles(root, listedRoot, files, signal);
  };
  const names = (files: ListedFile[]) => files.map((file) => file.path.toString());
  const kept = (removals: Awaited<ReturnType<typeof remove>>) =>
    removals.flatMap((removal) => (removal.deleted ? [] : [`${removal.file.path}: ${removal.reason}`]));

  test('looks names up where it says', async () => {
    await using root = await OpenDirectory.openRoot(tempFolder(), how);
    expect((await root.locate(Buffer.from('x'))).toString().startsWith('/proc/self/fd/')).toBe(viaDescriptor);
  });

  test('lists matching regular files of the folder only, never through a link', async () => {
    const folder = tempFolder();
    const outside = tempFolder();
    put(outside, 'far.log');
    for (const name of ['a.log', 'b.txt', '.c.log', 'sub/d.log', '.dot/e.log', 'dir.log/f.log'])
      put(folder, name);
    symlinkSync(outside, join(folder, 'linked'));
    symlinkSync(join(outside, 'far.log'), join(folder, 'far.log'));
    expect(names((await list(folder, false, '*.log')).files)).toEqual(['a.log']);
    expect(names((await list(folder, true, '*.log')).files)).toEqual(['a.log', 'dir.log/f.log', 'sub/d.log']);
  });

  test('deletes what it listed, folders stay', async () => {
    const folder = tempFolder();
    for (const name of ['a', 'sub/b', 'sub/deep/c']) put(folder, name, 9, '12345');
    const listing = await list(folder, true);
    expect(bytesFreed(listing.files)).toBe(15);
    expect(kept(await remove(folder, listing))).toEqual([]);
    expect(tree(folder)).toEqual([]);
    expect(existsSync(join(folder, 'sub/deep'))).toBe(true);
  });

  test('a folder a[1] is that folder, not a1', async () => {
    const parent = tempFolder();
    put(parent, 'a[1]/x');
    put(parent, 'a1/x');
    await remove(join(parent, 'a[1]'), await list(join(parent, 'a[1]')));
    expect(tree(parent)).toEqual(['a1/x']);
  });

  test('names that are no UTF-8 are listed and deleted as they are', async () => {
    const folder = tempFolder();
    put(folder, Buffer.from([0x61, 0xff, 0x2e, 0x6c]));
    put(folder, Buffer.from([0x61, 0xfe, 0x2e, 0x6d]));
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xfd])]));
    put(folder, Buffer.from([0xfd, 0x2f, 0x62, 0x2e, 0x6c]));
    const listing = await list(folder, true, '*.l');
    expect(listing.files).toHaveLength(2);
    expect(kept(await remove(folder, listing))).toEqual([]);
    expect((await list(folder, true)).files.map((file) => [...file.path])).toEqual([
      [0x61, 0xfe, 0x2e, 0x6d],
    ]);
  });

  test('a file swapped for a link, a folder or another file stays, and so does the target', async () => {
    const folder = tempFolder();
    const outside = tempFolder();
    put(outside, 'precious');
    for (const name of ['link', 'folder', 'other', 'twin', 'gone', 'plain']) put(folder, name);
    const listing = await list(folder);
    for (const name of ['link', 'folder', 'other', 'gone']) unlinkSync(join(folder, name));
    renameSync(join(folder, 'twin'), join(outside, 'twin'));
    put(folder, 'twin'); // same name, time and size, but another file
    symlinkSync(join(outside, 'precious'), join(folder, 'link'));
    mkdirSync(join(folder, 'folder'));
    put(folder, 'keep-the-inode-busy');
    put(folder, 'other', 1);
    expect(kept(await remove(folder, listing)).toSorted()).toEqual([
      'folder: it changed since it was listed',
      'gone: no such file or directory (ENOENT)',
      'link: it changed since it was listed',
      'other: it changed since it was listed',
      'twin: it changed since it was listed',
    ]);
    expect(tree(folder)).toEqual(['keep-the-inode-busy', 'link', 'other', 'twin']);
    expect(tree(outside)).toEqual(['precious', 'twin']);
  });

  test('a file written to since stays', async () => {
    const folder = tempFolder();
    put(folder, 'grown', 9, 'x');
    put(folder, 'touched', 9, 'x');
    const listing = await list(folder);
    put(folder, 'grown', 9, 'xx');
    put(folder, 'touched', 8, 'x');
    expect(kept(await remove(folder, listing))).toHaveLength(2);
    expect(tree(folder)).toEqual(['grown', 'touched']);
  });

  test('a folder below that was swapped for a link or for its like deletes nothing in either', async () => {
    const folder = tempFolder();
    const outside = tempFolder();
    for (const name of ['one/x', 'two/x', 'three/x']) put(folder, name);
    put(outside, 'x');
    const listing = await list(folder, true);
    renameSync(join(folder, 'one'), join(outside, 'one'));
    symlinkSync(outside, join(folder, 'one'));
    renameSync(join(folder, 'two'), join(outside, 'two'));
    mkdirSync(join(folder, 'two'));
    linkSync(join(outside, 'two/x'), join(folder, 'two/x')); // the very file, in a folder that is another
    expect(kept(await remove(folder, listing))).toHaveLength(2);
    expect(tree(outside)).toEqual(['one/x', 'two/x', 'x']);
    expect(tree(folder)).toEqual(['one', 'two/x']);
  });

  test('the folder itself swapped for a link or for its like deletes nothing anywhere', async () => {
    const parent = tempFolder();
    const outside = tempFolder();
    put(parent, 'logs/x');
    put(outside, 'x');
    const listing = await list(join(parent, 'logs'));
    renameSync(join(parent, 'logs'), join(parent, 'moved'));
    symlinkSync(outside, join(parent, 'logs'));
    await expect(remove(join(parent, 'logs'), listing)).rejects.toThrow(/ENOTDIR|ELOOP/);
    unlinkSync(join(parent, 'logs'));
    put(parent, 'logs/x');
    await expect(remove(join(parent, 'logs'), listing)).rejects.toMatchObject({ code: 'CLEANUP_ERROR' });
    expect(tree(parent)).toEqual(['logs/x', 'moved/x']);
    expect(tree(outside)).toEqual(['x']);
  });

  test('a folder swapped for a link while it is open deletes nothing behind the link', async () => {
    const parent = tempFolder();
    const outside = tempFolder();
    put(parent, 'logs/x');
    const folder = join(parent, 'logs');
    linkSync(join(folder, 'x'), join(outside, 'x')); // so that no look at the file itself can tell
    const listing = await list(folder);
    await using root = await OpenDirectory.openRoot(folder, how);
    renameSync(folder, join(parent, 'moved'));
    symlinkSync(outside, folder);
    const lookup = root.locate(Buffer.from('x'));
    if (viaDescriptor) await lookup;
    else await expect(lookup).rejects.toMatchObject({ code: 'CLEANUP_ERROR' });
    await removeFiles(root, listing.root, listing.files);
    expect(tree(outside)).toEqual(['x']);
  });

  test('a name with other names frees nothing, the last one does', async () => {
    const folder = tempFolder();
    const outside = tempFolder();
    put(folder, 'both', 9, '12345');
    put(folder, 'here', 9, '1234567');
    linkSync(join(folder, 'both'), join(folder, 'both-again'));
    linkSync(join(folder, 'here'), join(outside, 'there'));
    const listing = await list(folder);
    expect(bytesFreed(listing.files)).toBe(5);
    expect(bytesFreed(listing.files.filter((file) => file.name.toString() !== 'both-again'))).toBe(0);
    expect(kept(await remove(folder, listing))).toEqual([]);
    expect(tree(outside)).toEqual(['there']);
  });

  test('without permission every file stays, with the reason', async () => {
    const folder = tempFolder();
    put(folder, 'shut/x');
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'shut'), 0o555);
    await withoutRoot(async () => {
      const listing = await list(folder, true);
      expect(kept(await remove(folder, listing))).toEqual(['shut/x: permission denied (EACCES)']);
    });
    expect(tree(folder)).toEqual(['shut/x']);
  });

  test('a folder below that cannot be read is named, the rest is listed', async () => {
    const folder = tempFolder();
    put(folder, 'open/x');
    put(folder, 'dark/x');
    put(folder, 'blind/x');
    chmodSync(folder, 0o755);
    chmodSync(join(folder, 'dark'), 0o000);
    chmodSync(join(folder, 'blind'), 0o444);
    await withoutRoot(async () => {
      const { files, unreadable } = await list(folder, true);
      expect(names(files)).toEqual(['open/x']);
      const named = unreadable.map(({ path, kind, reason }) => `${kind} ${path}: ${reason}`).toSorted();
      const reason = 'permission denied (EACCES)';
      expect(named).toEqual([`folder blind: ${reason}`, `folder dark: ${reason}`]);
    });
    chmodSync(join(folder, 'dark'), 0o755);
    chmodSync(join(folder, 'blind'), 0o755);
  });

  test('a path that leads through a link is not opened', async () => {
    const parent = tempFolder();
    put(parent, 'real/logs/x');
    symlinkSync(join(parent, 'real'), join(parent, 'link'));
    const opening = OpenDirectory.openRoot(join(parent, 'link/logs'), how);
    await expect(opening).rejects.toMatchObject({ code: 'CLEANUP_ERROR' });
  });

  test('stops when told to', async () => {
    const folder = tempFolder();
    for (let index = 0; index < 30; index++) put(folder, `f${index}`);
    const removals = await remove(folder, await list(folder), AbortSignal.abort());
    expect(removals.every((removal) => !removal.deleted)).toBe(true);
    expect(tree(folder)).toHaveLength(30);
  });

  test('so many that threads help are looked at and deleted like a few, and what changed stays', async () => {
    const folder = tempFolder();
    for (let index = 0; index < 2_500; index++) writeFileSync(join(folder, `f${index}`), '');
    const listing = await list(folder);
    expect(listing.files).toHaveLength(2_500);
    unlinkSync(join(folder, 'f7'));
    writeFileSync(join(folder, 'f2000'), 'grown');
    writeFileSync(join(folder, 'later'), '');
    expect(kept(await remove(folder, listing)).toSorted()).toEqual([
      'f2000: it changed since it was listed',
      'f7: no such file or directory (ENOENT)',
    ]);
    expect(tree(folder)).toEqual(['f2000', 'later']);
  });

  test('takes a thousand files and a hundred folders', async () => {
    const folder = tempFolder();
    for (let index = 0; index < 100; index++) mkdirSync(join(folder, `d${index}`));
    for (let index = 0; index < 1000; index++) writeFileSync(join(folder, `d${index % 100}`, `${index}`), '');
    const listing = await list(folder, true);
    expect(listing.files).toHaveLength(1000);
    expect(kept(await remove(folder, listing))).toEqual([]);
  });
});

test('folders to avoid are not entered', async () => {
  const folder = tempFolder();
  put(folder, 'mounted/x');
  put(folder, 'plain/x');
  await using root = await OpenDirectory.openRoot(folder);
  await using mounted = await root.openBelow(Buffer.from('mounted'));
  const avoid = new Set([mounted.identity]);
  const { files } = await listFiles(root, compilePattern('*'), { recursive: true, avoid });
  expect(files.map((file) => file.path.toString())).toEqual(['plain/x']);
  rmSync(join(folder, 'plain'), { recursive: true });
});
