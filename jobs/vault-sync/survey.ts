// A scan, the known state and the graph in; all that the plan has to compare, and no more, out.

import { type Applying, listRows, readRows } from './apply.ts';
import type { Finding } from './findings.ts';
import type { GraphRow } from './graph.ts';
import type { Base } from './plan.ts';
import { type ScanOptions, scanVault, type VaultBlock, type VaultScan } from './scan.ts';
import type { KnownFile, KnownState, Place } from './state.ts';

export interface Survey {
  readonly blocks: readonly VaultBlock[];
  readonly rows: ReadonlyMap<string, GraphRow>;
  readonly bases: ReadonlyMap<string, Base>;
  /** Ids that are compared in this run; of all others nothing changed. */
  readonly concerned: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  /** Files that are gone for sure: their tier has others. */
  readonly removed: readonly string[];
  /** Duplicates of before that this run does not look at. */
  readonly oldDuplicates: ReadonlyMap<string, readonly Place[]>;
  /** Known blocks that are not archived, before this run. */
  readonly known: number;
  /** Blocks in files that were not read, and that are not concerned. */
  readonly untouched: number;
  readonly findings: readonly Finding[];
}

interface Sources {
  readonly scan: VaultScan;
  readonly files: ReadonlyMap<string, KnownFile>;
  readonly state: KnownState;
  readonly on: Applying;
  readonly full: boolean;
  readonly options: ScanOptions;
}

/** Reads from the graph what a full pass, or the changed files, ask for. */
export async function surveyVault(sources: Sources): Promise<Survey> {
  const { scan, state, files, full, on, options } = sources;
  const hasNotes = (file: string): boolean => (scan.tierNotes.get(files.get(file)!.tier) ?? 0) > 0;
  const removed = scan.removed.filter((file) => options.only !== undefined || hasNotes(file));
  const read = new Set(scan.read.map(({ note }) => note.file));
  const looked = [...removed, ...scan.read.map(({ note }) => note.file).filter((file) => files.has(file))];
  const before = state.missing();
  const concerned = new Set([...before, ...looked.flatMap((file) => state.idsOf(file))]);
  for (const { id } of scan.blocks) concerned.add(id);
  const rows = full ? await listRows(on) : await readRows([...concerned], on);
  const unread = unreadFiles(files, read, removed);
  const others = await readOthers(sources, rows, concerned, unread);
  const blocks = inPathOrder([...scan.blocks, ...others.blocks]);
  const gone = goneIds(sources, { blocks, concerned, rows, unread });
  for (const id of gone) concerned.add(id);
  const duplicates = state.duplicates();
  return {
    blocks,
    rows,
    concerned,
    gone,
    removed,
    bases: state.bases(concerned),
    oldDuplicates: new Map([...duplicates].filter(([id]) => !concerned.has(id))),
    known: knownBlocks(files.values(), duplicates) + before.length,
    untouched: untouchedBlocks(unread, duplicates, others.blocks),
    findings: others.findings,
  };
}

function unreadFiles(
  files: ReadonlyMap<string, KnownFile>,
  read: ReadonlySet<string>,
  removed: readonly string[],
): Map<string, KnownFile> {
  const unread = new Map(files);
  for (const file of [...read, ...removed]) unread.delete(file);
  return unread;
}

/**
 * An id of a changed file may stand in another that did not change, too: the graph names it, or it was a duplicate
 * before. Of these files only the blocks in question count.
 */
async function readOthers(
  { scan, state, options }: Sources,
  rows: ReadonlyMap<string, GraphRow>,
  concerned: ReadonlySet<string>,
  unread: ReadonlyMap<string, KnownFile>,
): Promise<Pick<VaultScan, 'blocks' | 'findings'>> {
  const files = new Set<string>();
  for (const [id, places] of state.duplicates())
    if (concerned.has(id)) for (const { file } of places) if (unread.has(file)) files.add(file);
  const elsewhere = new Map<string, string[]>();
  for (const { id, file } of scan.blocks) {
    const other = rows.get(id)?.sourceFile ?? file;
    if (other !== file && unread.has(other)) elsewhere.set(other, [...(elsewhere.get(other) ?? []), id]);
  }
  for (const [file, ids] of elsewhere) {
    const known = new Set(state.idsOf(file));
    if (ids.some((id) => known.has(id))) files.add(file);
  }
  if (files.size === 0) return { blocks: [], findings: [] };
  const { known: _, onFile: __, ...rest } = options;
  const found = await scanVault({ ...rest, full: true, only: [...files] });
  return {
    blocks: found.blocks.filter(({ id }) => concerned.has(id)),
    findings: found.findings.filter(({ level }) => level === 'error'),
  };
}

/** Ids that stood in the vault, or that a full pass met in the graph, and that no file holds or may hold. */
function goneIds(
  { scan, state, full, options }: Sources,
  seen: Pick<Survey, 'blocks' | 'rows' | 'concerned'> & { unread: ReadonlyMap<string, KnownFile> },
): Set<string> {
  const here = new Set(seen.blocks.map(({ id }) => id));
  // A marker that marks no text, or has a bad version, still names its block.
  for (const { faults } of scan.read) for (const { id } of faults) if (id !== null) here.add(id);
  const unchanged = new Set(scan.unchanged.map(({ file }) => file));
  if (options.only === undefined)
    for (const file of seen.unread.keys())
      if (full || !unchanged.has(file)) for (const id of state.idsOf(file)) here.add(id);
  const gone = new Set([...seen.concerned].filter((id) => !here.has(id)));
  if (full)
    // What lies in no tier of ours may be of another vault.
    for (const { id, sourceFile, archived } of seen.rows.values())
      if (sourceFile !== null && !archived && !here.has(id) && scan.tierOf(sourceFile) !== null) gone.add(id);
  return gone;
}

function knownBlocks(files: Iterable<KnownFile>, duplicates: ReadonlyMap<string, readonly Place[]>): number {
  let count = 0;
  for (const { blocks } of files) count += blocks;
  for (const places of duplicates.values()) count -= filesOf(places).size - 1;
  return count;
}

function untouchedBlocks(
  unread: ReadonlyMap<string, KnownFile>,
  duplicates: ReadonlyMap<string, readonly Place[]>,
  planned: readonly VaultBlock[],
): number {
  let count = 0;
  for (const { blocks } of unread.values()) count += blocks;
  const ids = new Set(planned.map(({ id }) => id));
  for (const [id, places] of duplicates) {
    if (ids.has(id)) continue;
    const here = [...filesOf(places)].filter((file) => unread.has(file)).length;
    count -= Math.max(0, here - 1);
  }
  return count - new Set(planned.map(({ id, file }) => `${file}\n${id}`)).size;
}

function filesOf(places: readonly Place[]): Set<string> {
  return new Set(places.map(({ file }) => file));
}

function inPathOrder(blocks: VaultBlock[]): VaultBlock[] {
  const files = blocks.map(({ file }) => file);
  const sorted = files.every((file, index) => index === 0 || files[index - 1]! <= file);
  return sorted ? blocks : blocks.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}
