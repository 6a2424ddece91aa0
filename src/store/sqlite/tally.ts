// How many executions there were since some instants, counted over a stretch of rows at a time.

import type { EpochMs } from '#core/clock';
import type { TallyAnswer, TallyQuery } from '../store.ts';
import type { Database, Values } from './database.ts';

const STARTED = `SELECT seq, started_at, state, duration_ms FROM runs
  WHERE seq > :behind ORDER BY seq LIMIT :limit`;

export function tallyRuns(db: Database, { since, behind, limit }: TallyQuery): TallyAnswer {
  const rows = db.rows(STARTED, { behind, limit });
  const tallies = since.map((from) => tallyOf(rows, from));
  const last = rows.length < limit ? undefined : rows.at(-1);
  return { tallies, next: last ? Number(last[0]) : null };
}

function tallyOf(rows: readonly Values[], from: EpochMs): TallyAnswer['tallies'][number] {
  const tally = { started: 0, succeeded: 0, failed: 0, durationMs: 0 };
  for (const [, startedAt, state, durationMs] of rows) {
    if (startedAt === null || Number(startedAt) < from) continue;
    tally.started++;
    if (state === 'succeeded') tally.succeeded++;
    else if (state === 'failed' || state === 'timed_out' || state === 'interrupted') tally.failed++;
    else continue;
    tally.durationMs += Number(durationMs);
  }
  return tally;
}
