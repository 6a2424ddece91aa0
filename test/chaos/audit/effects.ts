// What the handlers wrote themselves against the ledger: no effect without a row, none twice, none side by side. Pure.

import type { Effect, JobRow, Row } from '../ledger.ts';
import { isoOf } from '../slots.ts';
import type { Case } from './case.ts';

export function checkEffects(about: Case): void {
  const rows = new Map(about.evidence.rows.map((row) => [row.run_id, row]));
  const byRun = Map.groupBy(about.evidence.effects, (effect) => effect.runId);
  for (const [runId, effects] of byRun) {
    const row = rows.get(runId);
    if (row) checkRun(about, row, effects);
    else about.report('unexplained', { job_id: effects[0]!.job }, 'an effect without a row', ...effects);
  }
  for (const row of rows.values()) everyRecordHasEffects(about, row, byRun.get(row.run_id) ?? []);
  checkPlaces(about);
  for (const job of about.evidence.jobs) checkCounts(about, job);
}

function checkRun(about: Case, row: Row, effects: readonly Effect[]): void {
  for (const effect of effects) {
    const key = row.slot === null ? row.run_id : isoOf(row.slot);
    if (effect.slot !== row.slot || effect.key !== `${row.job_id}@${key}` || effect.attempt > row.attempt + 1)
      about.report('unexplained', row, 'an effect that its row does not know', effect);
    if (row.slot !== null && effect.at < row.slot)
      about.report('unexplained', row, 'an effect before its slot', effect);
    const life = about.lifeAt(effect.at);
    if (life?.pid !== effect.pid)
      about.report('unexplained', row, 'an effect of a dead service', effect, life);
  }
  const begun = Map.groupBy(
    effects.filter(({ what }) => what === 'begin'),
    ({ attempt }) => attempt,
  );
  for (const [attempt, begins] of begun)
    if (begins.length > timesStarted(row, attempt))
      about.report('doubled', row, `attempt ${attempt} began ${begins.length} times`, ...effects);
}

/** Once, and once more for each time it was given back; the one under way has no record yet. */
function timesStarted(row: Row, attempt: number): number {
  const isUnderWay = row.state === 'running' || row.state === 'stopping';
  const records = row.attempts.filter(({ n }) => n === attempt).length;
  return records + (isUnderWay && row.attempt === attempt ? 1 : 0);
}

/** What is recorded as done was done, from beginning to end. */
function everyRecordHasEffects(about: Case, row: Row, effects: readonly Effect[]): void {
  const has = (what: Effect['what'], attempt: number) =>
    effects.some((effect) => effect.what === what && effect.attempt === attempt);
  for (const { n, outcome } of row.attempts) {
    if (outcome === 'succeeded' && !(has('begin', n) && has('end', n)))
      about.report('unexplained', row, `attempt ${n} succeeded without its effects`, ...effects);
    if (outcome === 'failed' && !has('begin', n))
      about.report('unexplained', row, `attempt ${n} failed without having begun`, ...effects);
  }
}

/** No more at once than `max_instances`, no two of one group (rule 4). What a person forced does not count. */
function checkPlaces(about: Case): void {
  const rows = new Map(about.evidence.rows.map((row) => [row.run_id, row]));
  const begins = about.evidence.effects.filter(({ what }) => what === 'begin');
  const ends = Map.groupBy(
    about.evidence.effects.filter(({ what }) => what === 'end'),
    triedBy,
  );
  const atWork = new Map<string, { until: number; begin: Effect }[]>();
  for (const begin of begins) {
    const row = rows.get(begin.runId);
    if (!row || about.isByHand(row)) continue;
    const { policy } = about.jobOf(row);
    const place = policy.group ?? row.job_id;
    const places = policy.group === null ? policy.maxInstances : 1;
    const others = (atWork.get(place) ?? []).filter(({ until }) => until > begin.at);
    if (others.length >= places && policy.overlap !== 'allow')
      about.report('unexplained', row, 'no place was free', begin, ...others);
    const end = ends.get(triedBy(begin))?.find(({ at }) => at >= begin.at)?.at;
    const until = end ?? about.lifeAt(begin.at)?.endedAt ?? begin.at;
    atWork.set(place, [...others, { until, begin }]);
  }
}

/** What was given back is tried again under the same number, in another process. */
const triedBy = ({ runId, attempt, pid }: Effect) => `${runId} ${attempt} ${pid}`;

/** Counters and the state of the handler are saved with the ending that they belong to. */
function checkCounts(about: Case, job: JobRow): void {
  const rows = about.evidence.rows.filter((row) => row.job_uid === job.uid);
  const successes = rows.filter(({ state }) => state === 'succeeded').length;
  const failures = rows.filter(({ state }) => state === 'failed' || state === 'timed_out').length;
  if (job.success_count !== successes || job.failure_count !== failures)
    about.report('unexplained', { job_id: job.id }, `${successes} successes, ${failures} failures`, job);
  if (rows.length === 0 || rows.some((row) => about.isByHand(row))) return;
  const { maxInstances, overlap } = about.jobOf(rows[0]!).policy;
  const isAlone = maxInstances === 1 && overlap !== 'allow';
  if (isAlone && (JSON.parse(job.handler_state) ?? 0) !== successes)
    about.report('unexplained', { job_id: job.id }, `its own state is not ${successes}`, job);
}
