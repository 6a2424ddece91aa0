// The log of one attempt: each line goes to the service's own log and to what is kept of the run.

import type { Log } from '#core/log';
import type { Run } from '#core/run';
import type { OutputLog, RunOutput } from '#core/run-log';

/** `log` is not asked for a child before there is a line. */
export function attemptLog(log: Log, output: RunOutput, run: Pick<Run, 'jobId' | 'runId'>): OutputLog {
  const named = log.with({ job_name: run.jobId, run_id: run.runId });
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: object) => {
    output.line(level, message, fields);
    named[level](message, fields);
  };
  return {
    ...{ debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    written(stream, text) {
      const level = stream === 'stdout' ? 'info' : 'warn';
      output.line(level, text, undefined, stream);
      named[level](text);
    },
  };
}
