// Names of one folder in, what the disk says or did of each out: plain columns, so that other threads can do it too.

import { type BigIntStats, constants, lstatSync, unlinkSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';

/** Names are their bytes, one character each (latin1): none is lost, whatever its encoding. */
export interface StatColumns {
  /** Those that were there, are regular files and could be looked at. */
  names: string[];
  devices: BigUint64Array;
  inodes: BigUint64Array;
  mtimesNs: BigInt64Array;
  mtimesMs: Float64Array;
  sizes: Float64Array;
  links: Uint32Array;
  faults: NamedFault[];
}

export interface NamedFault {
  name: string;
  reason: string;
}

/** What must still hold of a file when it is deleted. */
export interface Proofs {
  names: string[];
  devices: BigUint64Array;
  inodes: BigUint64Array;
  mtimesNs: BigInt64Array;
  sizes: Float64Array;
}

/** Names that vanished meanwhile are left out: there is nothing to keep or remove. Oldest first. */
export function statAll(base: string, names: readonly string[]): StatColumns {
  const found = emptyColumns(names.length);
  const pathOf = pathsBelow(base);
  let count = 0;
  for (const name of names) {
    try {
      const stats = lstatSync(pathOf(name), { bigint: true });
      if (isFile(stats)) keep(found, count++, name, stats);
    } catch (thrown) {
      if ((thrown as { code?: string }).code !== 'ENOENT')
        found.faults.push({ name, reason: reasonOf(thrown) });
    }
  }
  return oldestFirst(found, count);
}

/** Into columns at once: what is remembered as objects costs the collector more than the disk took. */
function keep(columns: StatColumns, place: number, name: string, stats: BigIntStats): void {
  columns.names[place] = name;
  columns.devices[place] = stats.dev;
  columns.inodes[place] = stats.ino;
  columns.mtimesNs[place] = stats.mtimeNs;
  columns.mtimesMs[place] = Number(stats.mtimeNs) / 1e6;
  columns.sizes[place] = Number(stats.size);
  columns.links[place] = Number(stats.nlink);
}

/** As `stats.isFile()`, which makes big integers of its own for every file. */
function isFile({ mode }: BigIntStats): boolean {
  return (Number(mode) & constants.S_IFMT) === constants.S_IFREG;
}

function oldestFirst(found: StatColumns, count: number): StatColumns {
  const { mtimesMs } = found;
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  order.sort((a, b) => mtimesMs[a]! - mtimesMs[b]!);
  const sorted = { ...emptyColumns(count), faults: found.faults };
  for (let place = 0; place < count; place++) {
    const from = order[place]!;
    sorted.names[place] = found.names[from]!;
    sorted.devices[place] = found.devices[from]!;
    sorted.inodes[place] = found.inodes[from]!;
    sorted.mtimesNs[place] = found.mtimesNs[from]!;
    sorted.mtimesMs[place] = mtimesMs[from]!;
    sorted.sizes[place] = found.sizes[from]!;
    sorted.links[place] = found.links[from]!;
  }
  return sorted;
}

/** Deletes each file that is as its proof says; answers those that stay, each with the reason. */
export function removeAll(base: string, proofs: Proofs): NamedFault[] {
  const kept: NamedFault[] = [];
  const pathOf = pathsBelow(base);
  for (const [place, name] of proofs.names.entries()) {
    try {
      const path = pathOf(name);
      if (isAsProven(lstatSync(path, { bigint: true }), proofs, place)) unlinkSync(path);
      else kept.push({ name, reason: 'it changed since it was listed' });
    } catch (thrown) {
      kept.push({ name, reason: reasonOf(thrown) });
    }
  }
  return kept;
}

/** The system's words for an error, without the path, which is one of ours: `permission denied (EACCES)`. */
export function reasonOf(thrown: unknown): string {
  const { errno, code, message } = thrown as { errno?: number; code?: string; message?: string };
  if (typeof errno === 'number') return `${getSystemErrorMessage(errno)} (${code})`;
  return message ?? String(thrown);
}

function isAsProven(now: BigIntStats, proofs: Proofs, place: number): boolean {
  return (
    isFile(now) &&
    now.ino === proofs.inodes[place] &&
    now.dev === proofs.devices[place] &&
    now.mtimeNs === proofs.mtimesNs[place] &&
    Number(now.size) === proofs.sizes[place]
  );
}

function emptyColumns(count: number): StatColumns {
  return {
    names: new Array<string>(count),
    devices: new BigUint64Array(count),
    inodes: new BigUint64Array(count),
    mtimesNs: new BigInt64Array(count),
    mtimesMs: new Float64Array(count),
    sizes: new Float64Array(count),
    links: new Uint32Array(count),
    faults: [],
  };
}

const NOT_ASCII = /[\x80-\xff]/;

/** `base` ends with a slash. Text is quicker than bytes, and the same where all is ASCII. */
function pathsBelow(base: string): (name: string) => string | Buffer {
  const isPlain = !NOT_ASCII.test(base);
  return (name) => (isPlain && !NOT_ASCII.test(name) ? base + name : Buffer.from(base + name, 'latin1'));
}
