// Which files a sync reads, how, and what it says about those it does not, on real directories.

import { appendFile, chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readNote } from '../../../jobs/vault-sync/read.ts';
import { scanVault, type VaultScan } from '../../../jobs/vault-sync/scan.ts';

let outside: string;
let vault: string;

beforeEach(async () => {
  outside = await realpath(await mkdtemp(path.join(tmpdir(), 'vault-scan-')));
  vault = path.join(outside, 'vault');
  for (const tier of ['conversations', 'summaries', 'concepts'])
    await mkdir(path.join(vault, tier), { recursive: true });
});
afterEach(() => rm(outside, { recursive: true }));

async function put(file: string, content: string | Uint8Array = note(file)): Promise<void> {
  await mkdir(path.dirname(path.join(vault, file)), { recursive: true });
  await writeFile(path.join(vault, file), content);
}

const note = (name: string): string =>
  `About ${name} <!-- aclarai:id=${name.replaceAll(/[^\w.]/g, '_')} -->\n\nEnd.\n`;

interface Options {
  root?: string;
  tiers?: [string, string, string];
  exclude?: string[];
  maxFileMb?: number;
}

function scan({
  root = vault,
  tiers = ['conversations', 'summaries', 'concepts'],
  exclude = [],
  maxFileMb = 64,
}: Options = {}): Promise<VaultScan> {
  const [a, b, c] = tiers.map((tier) => path.resolve(root, tier)) as [string, string, string];
  return scanVault({
    vault: root,
    tiers: [a, b, c],
    exclude,
    maxFileMb,
    signal: new AbortController().signal,
  });
}

const files = ({ blocks }: VaultScan): string[] => blocks.map(({ file, tier }) => `${tier} ${file}`);
const findings = (found: VaultScan): string[] =>
  found.findings.map(({ level, kind, file }) => `${level} ${kind} ${file}`);

describe('which files', () => {
  test('notes of every tier, in path order, in any case of the ending', async () => {
    for (const file of [
      'summaries/b.md',
      'conversations/z.MD',
      'conversations/a/x.Md',
      'concepts/c.md',
      'other/d.md',
    ])
      await put(file);
    await put('concepts/e.txt');
    const found = await scan();
    expect(files(found)).toEqual([
      '3 concepts/c.md',
      '1 conversations/a/x.Md',
      '1 conversations/z.MD',
      '2 summaries/b.md',
    ]);
    expect(found).toMatchObject({ read: { length: 4 }, filesUnreadable: 0, findings: [] });
  });

  test('not hidden, temporary or excluded ones, nor directories named like notes', async () => {
    for (const file of [
      '.obsidian/a.md',
      'sub/.trash/a.md',
      '.a.md',
      'b.md.tmp',
      'c.md~',
      'd.excalidraw.md',
      'e.md/f.md',
    ])
      await put(`concepts/${file}`);
    await put('Templates/t.md');
    await put('concepts/Templates/kept.md');
    const found = await scan({ tiers: ['.', '.', 'concepts'], exclude: ['Templates/**', '*.excalidraw.md'] });
    expect(files(found)).toEqual(['3 concepts/Templates/kept.md', '3 concepts/e.md/f.md']);
  });

  test('globs without a slash match at any depth, folders too', async () => {
    for (const file of ['concepts/drafts/a.md', 'concepts/x/drafts/b.md', 'concepts/c.md']) await put(file);
    expect(files(await scan({ exclude: ['drafts/'] }))).toEqual(['3 concepts/c.md']);
  });

  test('tiers inside each other are read once; the deepest counts, the lowest on a tie', async () => {
    for (const file of ['a.md', 'notes/b.md', 'notes/deep/c.md']) await put(file);
    expect(files(await scan({ tiers: ['notes', '.', 'notes/deep'] }))).toEqual([
      '2 a.md',
      '1 notes/b.md',
      '3 notes/deep/c.md',
    ]);
    expect(files(await scan({ tiers: ['notes', 'notes', 'notes'] }))).toEqual([
      '1 notes/b.md',
      '1 notes/deep/c.md',
    ]);
  });
});

describe('what is missing', () => {
  test('a tier is a warning', async () => {
    await put('concepts/a.md');
    await rm(path.join(vault, 'summaries'), { recursive: true });
    const found = await scan();
    expect(files(found)).toEqual(['3 concepts/a.md']);
    expect(findings(found)).toEqual(['warning tier_missing null']);
  });

  test('so is the vault', async () => {
    expect(findings(await scan({ root: path.join(vault, 'nowhere') }))).toEqual([
      'warning vault_missing null',
    ]);
  });

  test('and a tier outside the vault, which is not read', async () => {
    await mkdir(path.join(outside, 'other'));
    await writeFile(path.join(outside, 'other', 'a.md'), note('a'));
    await symlink(path.join(outside, 'other'), path.join(vault, 'linked'));
    const found = await scan({ tiers: ['../other', 'linked', 'concepts'] });
    expect(files(found)).toEqual([]);
    expect(findings(found)).toEqual(['warning tier_outside null', 'warning tier_outside null']);
  });
});

describe('links', () => {
  test('the vault itself may be one', async () => {
    await put('concepts/a.md');
    await symlink(vault, path.join(outside, 'link'));
    expect(files(await scan({ root: path.join(outside, 'link') }))).toEqual(['3 concepts/a.md']);
  });

  test('out of the vault are not followed', async () => {
    await writeFile(path.join(outside, 'secret.md'), note('secret'));
    await symlink(path.join(outside, 'secret.md'), path.join(vault, 'concepts/secret.md'));
    await symlink(outside, path.join(vault, 'concepts/up'));
    const found = await scan();
    expect(files(found)).toEqual([]);
    expect(findings(found)).toEqual([
      'warning link_outside concepts/secret.md',
      'warning link_outside concepts/up',
    ]);
  });

  test('within the vault are, each file once and under its own name', async () => {
    await put('concepts/z.md');
    await put('archive/old.md');
    await symlink('z.md', path.join(vault, 'concepts/a.md'));
    await symlink('../archive', path.join(vault, 'concepts/archive'));
    await symlink('.', path.join(vault, 'concepts/loop'));
    expect(files(await scan())).toEqual(['3 concepts/archive/old.md', '3 concepts/z.md']);
  });

  test('that lead nowhere are errors', async () => {
    await symlink('gone.md', path.join(vault, 'concepts/a.md'));
    await symlink('b.md', path.join(vault, 'concepts/b.md'));
    expect(findings(await scan())).toEqual([
      'error unreadable concepts/a.md',
      'error unreadable concepts/b.md',
    ]);
  });
});

describe('files that cannot be used are named, and the others are read', () => {
  test.each([
    ['not_utf8', Buffer.from([0x41, 0xff, 0x42])],
    ['not_utf8', Buffer.from('caf\u00e9', 'latin1')],
    ['binary', Buffer.from('a\0b')],
    ['binary', Buffer.from('\uFEFFabc', 'utf16le')],
    ['too_large', Buffer.alloc(1_100_000, 'a')],
  ])('%s', async (kind, content) => {
    await put('concepts/bad.md', content);
    await put('concepts/good.md');
    const found = await scan({ maxFileMb: 1 });
    expect(files(found)).toEqual(['3 concepts/good.md']);
    expect(findings(found)).toEqual([`error ${kind} concepts/bad.md`]);
    expect(found).toMatchObject({ read: { length: 1 }, filesUnreadable: 1 });
  });

  test('without the right to read', async () => {
    await put('concepts/bad.md');
    await put('concepts/closed/x.md');
    await put('concepts/good.md');
    await chmod(path.join(vault, 'concepts/bad.md'), 0o000);
    await chmod(path.join(vault, 'concepts/closed'), 0o000);
    await chmod(outside, 0o755);
    const found = await asOrdinaryUser(() => scan());
    await chmod(path.join(vault, 'concepts/closed'), 0o755);
    expect(files(found)).toEqual(['3 concepts/good.md']);
    expect(findings(found)).toEqual(['error unreadable concepts/closed', 'error unreadable concepts/bad.md']);
  });

  test('with a bad marker: the error has its line', async () => {
    await put('concepts/a.md', `One\n\nTwo <!-- aclarai:id=a ver=x -->\n\nThree <!-- aclarai:id=b -->\n`);
    const found = await scan();
    expect(found.blocks.map(({ id }) => id)).toEqual(['b']);
    expect(found.findings).toMatchObject([
      { level: 'error', kind: 'bad_marker', file: 'concepts/a.md', line: 3 },
    ]);
  });
});

describe('a file that changes while it is read', () => {
  test('is read again', async () => {
    await put('concepts/a.md', 'old');
    let reads = 0;
    const outcome = await readNote(path.join(vault, 'concepts/a.md'), 64, undefined, async (handle) => {
      const bytes = await handle.readFile();
      if (reads++ === 0) await appendFile(path.join(vault, 'concepts/a.md'), ' and new');
      return bytes;
    });
    expect(outcome).toEqual({ kind: 'text', text: 'old and new', stamp: expect.any(String) });
    expect(reads).toBe(2);
  });

  test('is given up when it never rests', async () => {
    await put('concepts/a.md', 'old');
    const outcome = await readNote(path.join(vault, 'concepts/a.md'), 64, undefined, async (handle) => {
      await appendFile(path.join(vault, 'concepts/a.md'), '.');
      return handle.readFile();
    });
    expect(outcome).toMatchObject({ kind: 'bad', why: 'restless' });
  });

  test('or is gone, has vanished', async () => {
    await put('concepts/a.md', 'old');
    const file = path.join(vault, 'concepts/a.md');
    const outcome = await readNote(file, 64, undefined, async (handle) => {
      await rm(file);
      return handle.readFile();
    });
    expect(outcome).toEqual({ kind: 'vanished' });
    expect(await readNote(file, 64)).toEqual({ kind: 'vanished' });
  });
});

test('a scan stops for the signal', async () => {
  await put('concepts/a.md');
  const signal = AbortSignal.abort(new Error('stop'));
  const tiers = ['a', 'b', 'concepts'].map((tier) => path.join(vault, tier)) as [string, string, string];
  await expect(scanVault({ vault, tiers, exclude: [], maxFileMb: 64, signal })).rejects.toThrow('stop');
});

/** Root may read everything: these tests then act as `nobody`. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
