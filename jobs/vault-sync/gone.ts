// Ids that are in no file any more in; which are archived, which must wait and why, out. Pure.

import type { GraphRow } from './graph.ts';
import type { ArchiveStep, BlockStep } from './plan.ts';
import type { Tier } from './walk.ts';

/** Fewer blocks than these at once are nobody's accident. */
const MASS_ARCHIVE_OF = 20;
const MASS_UPDATE_OF = 100;

export interface GoneFacts {
  readonly gone: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, GraphRow>;
  /** Only some files were looked at. */
  readonly partial: boolean;
  /** Errors of this scan: what could not be read may hold any block. */
  readonly errors: number;
  readonly tierNotes: ReadonlyMap<Tier, number>;
  tierOf(file: string): Tier | null;
  /** Blocks that are known and not archived. */
  readonly known: number;
  readonly allowMass: boolean;
}

export interface GonePlan {
  readonly archive: readonly ArchiveStep[];
  /** To be asked about again: the next run may know more. */
  readonly wait: readonly string[];
  /** Why they wait, for people; null when nothing does. */
  readonly because: string | null;
  /** More than half of all would go. */
  readonly refused: boolean;
}

/** Archived nodes, bare ones and those that are in no graph need nothing. */
export function planGone(facts: GoneFacts): GonePlan {
  const rows = [...facts.gone].flatMap((id) => facts.rows.get(id) ?? []);
  const found = rows.filter(({ archived, sourceFile }) => !archived && sourceFile !== null);
  if (found.length === 0) return { archive: [], wait: [], because: null, refused: false };
  const hold = (because: string, refused = false): GonePlan => {
    return { archive: [], wait: found.map(({ id }) => id), because, refused };
  };
  if (facts.partial) return hold('only some files were looked at');
  if (facts.errors > 0) return hold('there were errors: what cannot be read may hold them');
  const sure = found.filter((row) => hasNotes(facts, row.sourceFile!));
  const wait = found.filter((row) => !hasNotes(facts, row.sourceFile!)).map(({ id }) => id);
  if (isMass(sure.length, facts.known, MASS_ARCHIVE_OF) && !facts.allowMass) {
    const share = `${sure.length} of ${facts.known} known blocks are gone at once`;
    return hold(`${share}: refused`, true);
  }
  const because = wait.length > 0 ? 'their tier is empty or missing' : null;
  return { archive: sure.map((row) => ({ kind: 'archive', row })), wait, because, refused: false };
}

function hasNotes({ tierOf, tierNotes }: GoneFacts, file: string): boolean {
  const tier = tierOf(file);
  return tier !== null && (tierNotes.get(tier) ?? 0) > 0;
}

/** The edits of known blocks that are too many at once to be anybody's work; empty when they are not. */
export function massUpdate(steps: readonly BlockStep[], known: number, allowMass: boolean): BlockStep[] {
  const edits = steps.filter((step) => step.kind === 'update' && step.reason === 'edited');
  return isMass(edits.length, known, MASS_UPDATE_OF) && !allowMass ? edits : [];
}

function isMass(count: number, known: number, atLeast: number): boolean {
  return known >= atLeast && count * 2 > known;
}
