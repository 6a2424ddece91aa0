// Jobs that the service paused because they were at work at two unclean ends in a row: those, and no others (rule 10). Pure.

import type { LifeNote } from '../diary.ts';
import type { PauseRow } from '../ledger.ts';
import type { Case } from './case.ts';

/** Not without two lives that a kill ended in the middle of a run of the job, and no clean stop after them. */
export function explainCrashLoop(about: Case, pause: PauseRow): void {
  const job_id = about.storedJob(pause.job_uid ?? '')?.id ?? '';
  const cut = livesCutShort(about, pause.job_uid).filter(({ endedAt }) => endedAt <= pause.since);
  const first = cut.at(-2);
  const stops = about.diary.lives.filter(({ end, endedAt }) => end === 'stopped' && endedAt <= pause.since);
  if (!first || stops.some(({ n }) => n > first.n))
    about.report('unexplained', { job_id }, 'paused without two crashes in a row', pause, ...cut.slice(-2));
  const isOver = about.diary.revived.some(
    ({ job, span }) => job === job_id && pause.ended_at! >= span.from && pause.ended_at! <= span.to,
  );
  if (pause.ended_at !== null && !isOver)
    about.report('unexplained', { job_id }, 'a pause that nobody lifted', pause);
}

/** Each life that came up after two such ends, one right after the other, holds the job; a pause begins the count anew. */
export function everyCrashLoopIsHeld(about: Case): void {
  for (const job of about.evidence.jobs) {
    const cut = new Set(livesCutShort(about, job.uid).map(({ n }) => n));
    for (const life of about.diary.lives) {
      if (life.upAt === null || !cut.has(life.n - 1) || !cut.has(life.n - 2)) continue;
      const before = about.diary.lives.find(({ n }) => n === life.n - 1)!;
      const isHeld = about.evidence.pauses.some(
        ({ job_uid, source, since }) =>
          job_uid === job.uid && source === 'crash_loop' && since >= before.spawnedAt && since <= life.upAt!,
      );
      if (!isHeld) about.report('unexplained', { job_id: job.id }, 'not paused after two crashes', life);
    }
  }
}

/** In time order; each life once. */
function livesCutShort(about: Case, jobUid: string | null): LifeNote[] {
  const attempts = about.evidence.rows
    .filter((row) => row.job_uid === jobUid)
    .flatMap((row) => row.attempts.filter(({ outcome }) => outcome === 'interrupted'));
  const lives = new Set(attempts.map(({ startedAt }) => about.lifeAt(startedAt)));
  return [...lives].filter((life) => life !== undefined).sort((a, b) => a.n - b.n);
}
