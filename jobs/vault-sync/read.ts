// A file's path in, its text out, or why there is none. Reads again what changes meanwhile.

import { isAscii, isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { codeOf, stampOf } from './walk.ts';

export type ReadOutcome =
  | { kind: 'text'; text: string; stamp: string }
  /** Gone since the directory was listed: no error, and not "gone" before the next run. */
  | { kind: 'vanished' }
  | { kind: 'bad'; why: 'unreadable' | 'too_large' | 'binary' | 'not_utf8' | 'restless'; message: string };

/** A file that is written to all the time is given up after this many reads. */
const READS = 5;
const MEGABYTE = 1024 * 1024;

/** File systems count time in steps: a file written again within one of them may keep its stamp. */
const CLOCK_STEP_S = 0.02;

type ReadBytes = (handle: FileHandle) => Promise<Buffer>;

/**
 * Reads a note at once if it is as it was listed, and was not written in this very moment; null otherwise: then it takes
 * `readNote`, which waits, and says what is wrong.
 */
export function readAsListed(
  path: string,
  stamp: string,
  maxMb: number,
  seconds: number,
): ReadOutcome | null {
  const [size, mtimeMs] = stamp.split(':', 2).map(Number);
  if (size! > maxMb * MEGABYTE || Math.abs(seconds - mtimeMs! / 1000) < CLOCK_STEP_S) return null;
  try {
    const bytes = readFileSync(path);
    const after = statSync(path);
    return bytes.length === size && stampOf(after) === stamp ? decode(bytes, stamp) : null;
  } catch {
    return null;
  }
}

/** Reads one note whole, as it was at one moment. A byte order mark is kept. `maxMb` counts in MiB. `sleep` outlasts a step of the file system's clock. */
export async function readNote(
  path: string,
  maxMb: number,
  sleep: (ms: number) => Promise<void> = async () => {},
  readBytes: ReadBytes = readAll,
): Promise<ReadOutcome> {
  for (let reads = 0; reads < READS; reads++) {
    const outcome = await readOnce(path, maxMb, sleep, readBytes);
    if (outcome.kind !== 'changed') return outcome;
  }
  return { kind: 'bad', why: 'restless', message: `the file changed each of the ${READS} times it was read` };
}

async function readOnce(
  path: string,
  maxMb: number,
  sleep: (ms: number) => Promise<void>,
  readBytes: ReadBytes,
): Promise<ReadOutcome | { kind: 'changed' }> {
  try {
    await using handle = await open(path, 'r');
    const before = await handle.stat();
    if (!before.isFile()) return { kind: 'bad', why: 'unreadable', message: 'this is no regular file' };
    if (before.size > maxMb * MEGABYTE) return tooLarge(before.size, maxMb);
    await sleep(CLOCK_STEP_S * 1000);
    const bytes = await readBytes(handle);
    const after = await stat(path);
    const same = stampOf(before) === stampOf(after) && bytes.length === after.size;
    return same ? decode(bytes, stampOf(after)) : { kind: 'changed' };
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'vanished' };
    return { kind: 'bad', why: 'unreadable', message: `the file cannot be read (${code})` };
  }
}

function decode(bytes: Buffer, stamp: string): ReadOutcome {
  if (bytes.includes(0))
    return {
      kind: 'bad',
      why: 'binary',
      message: 'the file is binary or UTF-16 (it has NUL bytes); save it as UTF-8',
    };
  if (isAscii(bytes)) return { kind: 'text', text: bytes.toString('latin1'), stamp };
  if (isUtf8(bytes)) return { kind: 'text', text: bytes.toString('utf8'), stamp };
  return { kind: 'bad', why: 'not_utf8', message: 'the file is not UTF-8; save it as UTF-8' };
}

function tooLarge(size: number, maxMb: number): ReadOutcome {
  const message = `the file has ${(size / MEGABYTE).toFixed(1)} MB, more than max_file_mb (${maxMb})`;
  return { kind: 'bad', why: 'too_large', message };
}

function readAll(handle: FileHandle): Promise<Buffer> {
  return handle.readFile();
}
