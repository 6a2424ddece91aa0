// The vault in, its blocks and everything that is wrong with it out. Files that are as they were last time are not read.

import type { Finding } from './findings.ts';
import { type Block, type NoteFault, parseNote } from './grammar.ts';
import { type ReadOutcome, readAsListed, readNote } from './read.ts';
import type { KnownFile } from './state.ts';
import { findNotes, type NoteFile, type Tier, type VaultPlaces, type Walk } from './walk.ts';

/** A block and where it stands. */
export interface VaultBlock extends Block {
  /** Vault-relative, with `/`. */
  readonly file: string;
  readonly tier: Tier;
}

/** A note that was read. */
export interface ReadFile {
  readonly note: NoteFile;
  readonly stamp: string;
  readonly ids: readonly string[];
  readonly faults: readonly NoteFault[];
}

export interface VaultScan {
  /** Of the files that were read: in the order of paths and, within a note, of markers. An id may come more than once. */
  readonly blocks: readonly VaultBlock[];
  readonly findings: readonly Finding[];
  readonly read: readonly ReadFile[];
  /** As they were last time, and so not read. */
  readonly unchanged: readonly NoteFile[];
  /** Known files that are no longer there. */
  readonly removed: readonly string[];
  readonly filesUnreadable: number;
  /** How many notes each tier has; nothing can be said of a tier that was not walked. */
  readonly tierNotes: ReadonlyMap<Tier, number>;
  tierOf(file: string): Tier | null;
}

export interface ScanOptions extends VaultPlaces {
  readonly maxFileMb: number;
  readonly signal: AbortSignal;
  /** What is known of the files; without it, all are read. */
  readonly known?: ReadonlyMap<string, KnownFile>;
  /** Reads every file, also those that are as they were. */
  readonly full?: boolean;
  /** Looks at these files only. */
  readonly only?: readonly string[];
  /** The clock that stamps files; without it, no file is taken for one that was written just now. */
  readonly clock?: { seconds(): number; sleep(ms: number): Promise<void> };
  /** Called after each file that was read. */
  onFile?(done: number, total: number): void;
}

/** Files between two turns of the event loop, in which a stop is heard. */
const FILES_PER_TURN = 64;

/** Looks at every note of the vault. What is wrong with one file never keeps the others from being read. */
export async function scanVault(options: ScanOptions): Promise<VaultScan> {
  const { signal, known = new Map<string, KnownFile>(), only } = options;
  const walk = await findNotes(options, signal, only);
  const { toRead, unchanged, oldFindings } = sort(walk, known, options.full ?? false);
  const reading = await readNotes(toRead, options);
  const listed = new Set(walk.notes.map(({ file }) => file));
  const looked = only ? only.filter((file) => known.has(file)) : [...known.keys()];
  return {
    ...reading,
    findings: [...walk.findings, ...oldFindings, ...reading.findings],
    unchanged,
    removed: looked.filter((file) => !listed.has(file)),
    tierNotes: countTiers(walk.notes),
    tierOf: walk.tierOf,
  };
}

function sort(walk: Walk, known: ReadonlyMap<string, KnownFile>, full: boolean) {
  const toRead: NoteFile[] = [];
  const unchanged: NoteFile[] = [];
  const oldFindings: Finding[] = [];
  for (const note of walk.notes) {
    const last = known.get(note.file);
    if (full || !last || last.stamp === null || last.stamp !== note.stamp || last.tier !== note.tier)
      toRead.push(note);
    else {
      unchanged.push(note);
      for (const fault of last.faults) oldFindings.push(findingOf(note.file, fault));
    }
  }
  return { toRead, unchanged, oldFindings };
}

function countTiers(notes: readonly NoteFile[]): Map<Tier, number> {
  const counts = new Map<Tier, number>();
  for (const { tier } of notes) counts.set(tier, (counts.get(tier) ?? 0) + 1);
  return counts;
}

type Reading = Pick<VaultScan, 'blocks' | 'findings' | 'read' | 'filesUnreadable'>;

/** Reads and parses notes, in their order. One that vanished meanwhile is left out. */
export async function readNotes(
  notes: readonly NoteFile[],
  { maxFileMb, signal, clock, onFile }: Omit<ScanOptions, keyof VaultPlaces>,
): Promise<Reading> {
  const blocks: VaultBlock[] = [];
  const findings: Finding[] = [];
  const read: ReadFile[] = [];
  let filesUnreadable = 0;
  let now = 0;
  for (const [index, note] of notes.entries()) {
    if (index % FILES_PER_TURN === 0) {
      await nextTurn(signal);
      now = clock?.seconds() ?? 0;
    }
    const listed = note.stamp === null ? null : readAsListed(note.path, note.stamp, maxFileMb, now);
    const outcome = listed ?? (await readNote(note.path, maxFileMb, clock?.sleep));
    if (outcome.kind === 'text') read.push(addNote(note, outcome, blocks, findings));
    else if (outcome.kind === 'bad') {
      filesUnreadable++;
      const { why: kind, message } = outcome;
      findings.push({ level: 'error', kind, file: note.file, line: null, message });
    }
    onFile?.(index + 1, notes.length);
  }
  return { blocks, findings, read, filesUnreadable };
}

function addNote(
  note: NoteFile,
  { text, stamp }: ReadOutcome & { kind: 'text' },
  blocks: VaultBlock[],
  findings: Finding[],
): ReadFile {
  const { file, tier } = note;
  const parsed = parseNote(text);
  const ids = new Set<string>();
  for (const { id, version, text, hash, type, line } of parsed.blocks) {
    blocks.push({ id, version, text, hash, type, line, file, tier });
    ids.add(id);
  }
  for (const fault of parsed.faults) findings.push(findingOf(file, fault));
  return { note, stamp, ids: [...ids], faults: parsed.faults };
}

function findingOf(file: string, { level, kind, line, message }: NoteFault): Finding {
  return { level, kind, file, line, message };
}

/** Lets the event loop turn, then stops if it is time to. */
function nextTurn(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => (signal.aborted ? reject(signal.reason) : resolve()));
  });
}
