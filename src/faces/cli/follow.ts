// Runs that a service works on, followed over HTTP to their ends.

import { sleep } from '#core/clock';
import { isFinal } from '#core/run';
import type { RunShape } from '#service/shapes';
import type { Session } from './session.ts';

/** Between two looks. */
const LOOK_MS = 200;

/** Each as it ended, in their order; or as it is when Ctrl-C comes first: the run itself goes on. */
export async function followed(session: Session, runs: readonly RunShape[]): Promise<RunShape[]> {
  const { clock, signal } = session.io;
  const ended: RunShape[] = [];
  for (let run of runs) {
    while (!isFinal(run.state) && (await sleep(clock, LOOK_MS, signal)))
      run = await session.ask<RunShape>('get_run', { run: run.run_id });
    ended.push(run);
  }
  return ended;
}
