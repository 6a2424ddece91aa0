// Cuts the time since a job's cursor into stretches that were free and stretches that were paused. Pure.

import type { EpochMs } from '#core/clock';
import type { Pause } from '#core/pause';
import type { Grid, Span } from './grid.ts';

/** Slots of one stretch; `held` says why they may not run. */
export interface Segment extends Span {
  held: 'paused' | 'stopped' | null;
  /** Since when it has been so without a break: a gap row that ends after it can be continued. */
  heldSince: EpochMs;
}

/**
 * The slots after the slot `after` that are due by `at`, as segments in time order, those without a slot left out. A
 * slot whose due time lies in a pause is held: from the instant the pause was first seen until, and without, the
 * instant of its end (law, "Deciding a slot"). Where only the tool's `stop` holds the word is `stopped`.
 */
export function segments(grid: Grid, after: EpochMs, at: EpochMs, pauses: readonly Pause[]): Segment[] {
  const found: Segment[] = [];
  for (const stretch of stretches(after, at, pauses)) {
    const first = grid.firstDueFrom(stretch.since);
    const from = first !== null && first <= after ? grid.next(after) : first;
    const to = grid.lastDueBy(stretch.until - 1);
    if (from === null || to === null || from > to) continue;
    const count = from === to ? 1 : grid.count(from - 1, to);
    found.push({ from, to, count, held: stretch.held, heldSince: stretch.heldSince });
  }
  return found;
}

interface Stretch {
  since: EpochMs;
  until: EpochMs;
  held: Segment['held'];
  heldSince: EpochMs;
}

/** Half-open stretches [since, until) that tile (after, upTo], neighbours of one kind merged. */
function stretches(after: EpochMs, upTo: EpochMs, pauses: readonly Pause[]): Stretch[] {
  const begin = after + 1;
  const end = upTo + 1;
  if (pauses.length === 0) return [{ since: begin, until: end, held: null, heldSince: begin }];
  const edges = new Set([begin, end]);
  for (const pause of pauses) {
    edges.add(Math.min(end, pause.since));
    edges.add(Math.min(end, endOf(pause) ?? end));
  }
  const sorted = [...edges].sort((a, b) => a - b);
  const tiles: Stretch[] = [];
  for (let i = 0; i + 1 < sorted.length; i++) {
    const since = sorted[i]!;
    const until = sorted[i + 1]!;
    const held = heldAt(since, pauses);
    const last = tiles.at(-1);
    if (last && last.held === held) last.until = until;
    else tiles.push({ since, until, held, heldSince: since });
  }
  return tiles
    .filter((tile) => tile.until > begin)
    .map((tile) => ({ ...tile, since: Math.max(begin, tile.since) }));
}

function heldAt(instant: EpochMs, pauses: readonly Pause[]): Segment['held'] {
  const holding = pauses.filter((pause) => pause.since <= instant && (endOf(pause) ?? Infinity) > instant);
  if (holding.length === 0) return null;
  return holding.every((pause) => pause.source === 'tool') ? 'stopped' : 'paused';
}

/** A pause ends when it was ended, or at its `until`, whichever comes first; null = still held. */
export function endOf(pause: Pick<Pause, 'endedAt' | 'until'>): EpochMs | null {
  if (pause.endedAt === null) return pause.until;
  return pause.until === null ? pause.endedAt : Math.min(pause.endedAt, pause.until);
}
