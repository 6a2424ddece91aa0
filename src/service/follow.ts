// Follows a run that another process works on, to its end.

import { type Clock, sleep } from '#core/clock';
import { isFinal } from '#core/run';
import type { SchedulerService } from './service.ts';
import type { RunShape } from './shapes.ts';

export interface Follow {
  service: SchedulerService;
  clock: Clock;
  /** False = nobody is left who could end the run. */
  isServed(): boolean;
}

/** Rows of another process can only be looked at again: no notice crosses the file. */
const LOOK_MS = 200;
const LOOKS_PER_LOCK = 10;

/** The run as it ended, or as it is when `signal` aborts or no service is up any more: the run itself goes on. */
export async function followRun(follow: Follow, runId: string, signal: AbortSignal): Promise<RunShape> {
  for (let looks = 1; ; looks++) {
    const run = await follow.service.run(runId);
    if (isFinal(run.state) || signal.aborted) return run;
    if (looks % LOOKS_PER_LOCK === 0 && !follow.isServed()) return run;
    await sleep(follow.clock, LOOK_MS, signal);
  }
}
