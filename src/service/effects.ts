// What a change of definitions did to the ledger: told in the log, and who is away since when (rule 14). Pure.

import type { EpochMs } from '#core/clock';
import type { Effects, ReconcileView } from '#store/store';

/** What a change of definitions did to slots and waiting runs: nothing of it is silent. */
export function effectLines(effects: Effects, view: ReconcileView): string[] {
  const names = new Map([...view.jobs, ...effects.insert].map((job) => [job.uid, job.id]));
  const runs = new Map([...view.live.values()].flat().map((run) => [run.runId, run.jobId]));
  return [
    ...effects.rows.map(
      (row) => `${names.get(row.jobUid)}: ${row.covers?.count ?? 1} slot(s) ${row.state}: ${row.reason}`,
    ),
    ...(effects.remove ?? []).map((removal) => `${names.get(removal.uid)}: removed`),
    ...effects.end.map(
      (end) => `${runs.get(end.runId)}: waiting run ${end.runId} ended ${end.state}: ${end.reason}`,
    ),
  ];
}

/** Since when each job that is in the ledger and not in the settings has been away. */
export function missingSince(effects: Effects, view: ReconcileView): EpochMs[] {
  const set = new Map(effects.update.map((update) => [update.uid, update.set]));
  const gone = new Set((effects.remove ?? []).map((removal) => removal.uid));
  return view.jobs
    .filter((job) => !gone.has(job.uid))
    .map((job) => ({ ...job, ...set.get(job.uid) }))
    .flatMap((job) => (job.state === 'orphaned' && job.orphanedAt !== null ? [job.orphanedAt] : []));
}
