// The vault in, all its blocks and everything that is wrong with it out.

import type { Finding } from './findings.ts';
import { type Block, parseNote } from './grammar.ts';
import { type ReadOutcome, readNote } from './read.ts';
import { findNotes, type NoteFile, type Tier, type VaultPlaces } from './walk.ts';

/** A block and where it stands. */
export interface VaultBlock extends Block {
  /** Vault-relative, with `/`. */
  readonly file: string;
  readonly tier: Tier;
}

export interface VaultScan {
  /** In the order of paths and, within a note, of markers. An id may come more than once. */
  readonly blocks: readonly VaultBlock[];
  readonly findings: readonly Finding[];
  readonly filesProcessed: number;
  readonly filesUnreadable: number;
}

export interface ScanOptions extends VaultPlaces {
  readonly maxFileMb: number;
  readonly signal: AbortSignal;
  /** Called after each file. */
  onFile?(done: number, total: number): void;
}

/** Files that are being read while one is being parsed. */
const READ_AHEAD = 4;

/** Reads every note of the vault. What is wrong with one file never keeps the others from being read. */
export async function scanVault(options: ScanOptions): Promise<VaultScan> {
  const { notes, findings: walkFindings } = await findNotes(options, options.signal);
  const blocks: VaultBlock[] = [];
  const findings: Finding[] = [...walkFindings];
  let filesProcessed = 0;
  let filesUnreadable = 0;
  let done = 0;
  for await (const { note, outcome } of readInOrder(notes, options)) {
    if (outcome.kind === 'text') {
      filesProcessed++;
      addNote(note, outcome.text, blocks, findings);
    } else if (outcome.kind === 'bad') {
      filesUnreadable++;
      findings.push({
        level: 'error',
        kind: outcome.why,
        file: note.file,
        line: null,
        message: outcome.message,
      });
    }
    options.onFile?.(++done, notes.length);
  }
  return { blocks, findings, filesProcessed, filesUnreadable };
}

async function* readInOrder(
  notes: readonly NoteFile[],
  { maxFileMb, signal }: ScanOptions,
): AsyncGenerator<{ note: NoteFile; outcome: ReadOutcome }> {
  const ahead: Promise<ReadOutcome>[] = [];
  for (const [index, note] of notes.entries()) {
    signal.throwIfAborted();
    for (let next = index + ahead.length; next < Math.min(notes.length, index + READ_AHEAD); next++)
      ahead.push(readNote(notes[next]!.path, maxFileMb));
    yield { note, outcome: await ahead.shift()! };
  }
}

function addNote({ file, tier }: NoteFile, text: string, blocks: VaultBlock[], findings: Finding[]): void {
  const note = parseNote(text);
  for (const block of note.blocks) blocks.push({ ...block, file, tier });
  for (const { level, kind, line, message } of note.faults)
    findings.push({ level, kind, file, line, message });
}
