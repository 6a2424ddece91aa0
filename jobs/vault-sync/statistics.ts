// What came of every block in, the statistics of a run out. Pure.

import type { RunResult } from 'aclarai-scheduler';
import type { Applied } from './apply.ts';
import type { SyncStep } from './plan.ts';

export interface RunFacts {
  readonly graph: 'embedded' | 'neo4j';
  readonly filesProcessed: number;
  readonly filesSkipped: number;
  readonly filesUnreadable: number;
  readonly steps: readonly SyncStep[];
  readonly applied: Pick<Applied, 'raced' | 'failed'>;
  /** Known blocks in files that did not change. */
  readonly untouched: number;
  /** Blocks that are gone and not archived yet. */
  readonly deferred: number;
  readonly duplicates: number;
  readonly warnings: number;
  /** Bad files and bad markers; failed batches are added here. */
  readonly errors: number;
  readonly seconds: number;
}

/** Counters of one run. In a dry run they say what would have been done. `duration` is in seconds. */
export function statisticsOf(facts: RunFacts): RunResult {
  const { applied } = facts;
  const lost = new Set<SyncStep>([...applied.raced, ...applied.failed.flatMap(({ steps }) => steps)]);
  const count = (...kinds: SyncStep['kind'][]): number =>
    facts.steps.filter((step) => kinds.includes(step.kind) && !lost.has(step)).length;
  const [added, moved, archived] = [count('create'), count('move'), count('archive')];
  const updated = count('update', 'adopt', 'unarchive');
  const unchanged = count('unchanged', 'raise') + facts.untouched;
  const conflicts = count('conflict') + applied.raced.length;
  const processed = added + updated + moved + unchanged + conflicts;
  return {
    graph: facts.graph,
    files_scanned: facts.filesProcessed + facts.filesSkipped + facts.filesUnreadable,
    files_processed: facts.filesProcessed,
    files_skipped_unchanged: facts.filesSkipped,
    blocks_processed: processed,
    blocks_new: added,
    blocks_updated: updated,
    blocks_unchanged: unchanged,
    blocks_moved: moved,
    blocks_archived: archived,
    ...(facts.deferred > 0 && { archive_deferred: facts.deferred }),
    conflicts,
    duplicates: facts.duplicates,
    warnings: facts.warnings,
    errors: facts.errors + applied.failed.length,
    items_processed: processed,
    items_updated: added + updated + moved + archived,
    duration: Math.max(0, Math.round(facts.seconds * 1000) / 1000),
  };
}
