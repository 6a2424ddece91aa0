// Follows a run that another process works on, to its end.

import { type Clock, sleep } from '#core/clock';
import { isFinal } from '#core/run';
import type { SchedulerService } from './service.ts';
import type { RunShape } from './shapes.ts';

/** Rows of another process can only be looked at again: no notice crosses the file. */
const LOOK_MS = 200;

/** The run as it ended, or as it is when `signal` aborts: the run itself goes on. */
export async function followRun(
  service: SchedulerService,
  clock: Clock,
  runId: string,
  signal: AbortSignal,
): Promise<RunShape> {
  for (;;) {
    const run = await service.run(runId);
    if (isFinal(run.state) || signal.aborted) return run;
    await sleep(clock, LOOK_MS, signal);
  }
}
