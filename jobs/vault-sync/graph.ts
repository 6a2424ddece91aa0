// The promises of a graph of blocks, whichever database keeps it. Both keep them under one contract suite.

import { SchedulerError } from 'aclarai-scheduler';

/** What the graph holds of a block. */
export interface GraphRow {
  readonly id: string;
  /** Null on a bare node that another service made. */
  readonly hash: string | null;
  /** Null where none was written, or none that is a number. */
  readonly version: number | null;
  readonly sourceFile: string | null;
  readonly blockType: string | null;
  readonly archived: boolean;
}

/** A block as it is written whole. */
export interface BlockData {
  readonly id: string;
  readonly text: string;
  readonly hash: string;
  readonly version: number;
  readonly sourceFile: string;
  readonly tier: number;
  readonly blockType: 'inline' | 'file';
}

/** The node as it was when the plan was made; a write does nothing if it is no longer so. */
export interface Seen {
  readonly hash: string | null;
  readonly version: number | null;
}

/** A block that stands in the vault is not archived: every write but `archive` takes the mark away. */
export type GraphWrite =
  /** A new node, or a bare one that appeared meanwhile. Asks for reprocessing. */
  | { readonly kind: 'create'; readonly data: BlockData }
  /** New text on a node that exists. Asks for reprocessing. */
  | { readonly kind: 'update'; readonly data: BlockData; readonly seen: Seen }
  /** The same text: `hash` and all that belongs to it, without reprocessing. Only `adopt` asks for it. */
  | { readonly kind: 'adopt'; readonly data: BlockData; readonly seen: Seen }
  /** Same text: where it stands and its version only; neither time nor reprocessing. */
  | { readonly kind: 'touch'; readonly data: Omit<BlockData, 'text'>; readonly seen: Seen }
  /** Gone from the vault: marked so, with the time. */
  | { readonly kind: 'archive'; readonly data: { readonly id: string } };

export interface Graph {
  readonly kind: 'embedded' | 'neo4j';
  /** Where it is, for people; no secrets. */
  readonly label: string;

  /** Connects. A text that differs for every other graph, also for one that was wiped and made again. */
  identity(): Promise<string>;

  /** Creates what the graph needs where it is absent. Answers what could not be had but does not stop a sync. */
  prepare(): Promise<readonly string[]>;

  /** How many blocks it has, archived and bare ones too. Costs next to nothing. */
  count(): Promise<number>;

  /** The rows of those ids that exist. One query; give it a batch. */
  read(ids: readonly string[]): Promise<GraphRow[]>;

  /** The next rows after an id, in an order of the graph's own; begin with `''`, fewer than `limit` are the last. */
  list(after: string, limit: number): Promise<GraphRow[]>;

  /** The texts of some blocks, for people to compare. */
  texts(ids: readonly string[]): Promise<Map<string, string>>;

  /**
   * All of a batch in one transaction, or nothing. Answers the ids that were written; the others changed since they
   * were read and are as they were. The same batch may be applied again. No version is ever lowered.
   */
  apply(writes: readonly GraphWrite[]): Promise<Set<string>>;

  close(): Promise<void>;
}

/**
 * What a failed call means for the rest of the run. `transient`: may work when tried again. `unreachable`: the same,
 * but nothing else will work either. `refused`: nothing will work. `data`: this batch cannot be written as it is.
 */
export type GraphFaultKind = 'transient' | 'unreachable' | 'refused' | 'data';

export class GraphFault extends SchedulerError {
  readonly kind: GraphFaultKind;

  constructor(kind: GraphFaultKind, message: string, fix: string | null, cause?: unknown) {
    super(kind === 'refused' ? 'PRECONDITION_FAILED' : 'DATABASE_ERROR', message, fix, { cause });
    this.name = 'GraphFault';
    this.kind = kind;
  }
}
