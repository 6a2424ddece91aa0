// What the last sync left and what the graph says in; whether everything must be looked at, and why, out. Pure.

import { GRAMMAR_VERSION } from './grammar.ts';
import type { GraphMark } from './state.ts';

export interface PassFacts {
  /** Somebody asked for it. */
  readonly asked: boolean;
  readonly mark: GraphMark;
  /** Whether other graphs than this are known. */
  readonly knowsOthers: boolean;
  /** Nodes that the graph has now. */
  readonly blocks: number;
  /** Seconds since the last full pass, null before the first. */
  readonly sinceFull: number | null;
  /** Seconds; Infinity = never by itself. */
  readonly fullEvery: number;
}

/** Why this pass is a full one; null when it is enough to look at what changed in the vault. */
export function reasonForFull(facts: PassFacts): string | null {
  const { asked, mark, knowsOthers, blocks, sinceFull, fullEvery } = facts;
  if (asked) return 'it was asked for';
  if (mark.grammar === null || mark.blocks === null || sinceFull === null)
    return knowsOthers ? 'this is another graph than before' : 'nothing is known of this graph yet';
  if (mark.grammar !== GRAMMAR_VERSION)
    return `the grammar of blocks is of version ${GRAMMAR_VERSION}, the last sync read by version ${mark.grammar}`;
  if (blocks < mark.blocks)
    return `the graph has ${blocks} blocks and had ${mark.blocks}: it was emptied or restored`;
  // A clock that was put back must not put the pass off for years.
  if (sinceFull >= fullEvery || sinceFull < 0) return 'the last one is long enough ago (full_every)';
  return null;
}
