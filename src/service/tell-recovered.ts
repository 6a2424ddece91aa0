// Runs that a dead process left, told in the log once they are settled (rule 10).

import { faultFields, SchedulerError } from '#core/errors';
import type { Log } from '#core/log';
import type { Run } from '#core/run';

/** A run that a crash ended for good gets its line as every run does; one that is tried again is only mentioned. */
export function tellRecovered(run: Run, log: Log): void {
  const message = `the service ended during a run of ${run.jobId}`;
  const names = { job_name: run.jobId, run_id: run.runId };
  if (run.state === 'queued') {
    log.at('loops.recover').warn(`${message}: it is tried again`, { ...names, attempt: run.attempt });
    return;
  }
  const duration = Math.round(run.durationMs ?? 0) / 1000;
  log.at('execute.runJob').error('', {
    ...{ job_id: run.name, ...names, duration, success: false },
    ...faultFields(
      new SchedulerError('EXECUTION_ERROR', `${message}: it is ${run.state}`),
      run.snapshot.handler,
    ),
  });
}
