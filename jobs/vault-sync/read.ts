// A file's path in, its text out, or why there is none. Reads again what changes meanwhile.

import { type FileHandle, open, stat } from 'node:fs/promises';
import { codeOf } from './walk.ts';

export type ReadOutcome =
  | { kind: 'text'; text: string }
  /** Gone since the directory was listed: no error, and not "gone" before the next run. */
  | { kind: 'vanished' }
  | { kind: 'bad'; why: 'unreadable' | 'too_large' | 'binary' | 'not_utf8' | 'restless'; message: string };

/** A file that is written to all the time is given up after this many reads. */
const READS = 5;
const MEGABYTE = 1024 * 1024;

type ReadBytes = (handle: FileHandle) => Promise<Buffer>;

/** Reads one note whole, as it was at one moment. A byte order mark is kept. `maxMb` counts in MiB. */
export async function readNote(
  path: string,
  maxMb: number,
  readBytes: ReadBytes = readAll,
): Promise<ReadOutcome> {
  for (let reads = 0; reads < READS; reads++) {
    const outcome = await readOnce(path, maxMb, readBytes);
    if (outcome.kind !== 'changed') return outcome;
  }
  return { kind: 'bad', why: 'restless', message: `the file changed each of the ${READS} times it was read` };
}

async function readOnce(
  path: string,
  maxMb: number,
  readBytes: ReadBytes,
): Promise<ReadOutcome | { kind: 'changed' }> {
  try {
    await using handle = await open(path, 'r');
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) return { kind: 'bad', why: 'unreadable', message: 'this is no regular file' };
    if (Number(before.size) > maxMb * MEGABYTE) return tooLarge(Number(before.size), maxMb);
    const bytes = await readBytes(handle);
    const after = await stat(path, { bigint: true });
    const same = before.ino === after.ino && before.size === after.size && before.mtimeNs === after.mtimeNs;
    return same && BigInt(bytes.length) === after.size ? decode(bytes) : { kind: 'changed' };
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'vanished' };
    return { kind: 'bad', why: 'unreadable', message: `the file cannot be read (${code})` };
  }
}

function decode(bytes: Buffer): ReadOutcome {
  if (bytes.includes(0))
    return {
      kind: 'bad',
      why: 'binary',
      message: 'the file is binary or UTF-16 (it has NUL bytes); save it as UTF-8',
    };
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { kind: 'bad', why: 'not_utf8', message: 'the file is not UTF-8; save it as UTF-8' };
  }
}

function tooLarge(size: number, maxMb: number): ReadOutcome {
  const message = `the file has ${(size / MEGABYTE).toFixed(1)} MB, more than max_file_mb (${maxMb})`;
  return { kind: 'bad', why: 'too_large', message };
}

function readAll(handle: FileHandle): Promise<Buffer> {
  return handle.readFile();
}
