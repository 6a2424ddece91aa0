// A handler that never ends, in a thread with a time limit: how late the other jobs start meanwhile, and when it is over.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, figure } from './figure.ts';
import { LIGHT, latenessP99, secondAfter } from './support/light.ts';
import { type LedgerRun, Service } from './support/process.ts';

const WARM_MS = 4_000;
const TIMEOUT_S = 2;
/** Between the abort signal and the end of the thread (rule 8). */
const GRACE_S = 10;
const LIMIT_MS = 50;
const GIVE_UP_MS = 20_000;

export async function figures(): Promise<Figure[]> {
  const at = secondAfter(WARM_MS);
  const endless = `endless: { enabled: true, isolation: thread, at: "${new Date(at).toISOString()}", timeout: ${TIMEOUT_S}s, retries: 0 }`;
  const service = await Service.start({
    jobs: [...LIGHT.jobs, endless],
    code: { ...LIGHT.code, endless: 'while (true) {}' },
  });
  try {
    const run = await ended(service, at);
    if (run.state !== 'timed_out') throw new Error(`it ended ${run.state}`);
    const upTo = Math.floor(run.endedAt! / 1000) * 1000;
    return [
      figure({
        figure: 'endless handler, others p99',
        value: latenessP99(service, at, upTo),
        unit: 'ms',
        yardstick: 'limit',
        yardstick_value: LIMIT_MS,
        better: 'lower',
        goal: 1,
      }),
      figure({
        figure: 'endless handler, over after',
        value: (run.endedAt! - run.startedAt!) / 1000,
        unit: 's',
        yardstick: 'time limit and grace',
        yardstick_value: TIMEOUT_S + GRACE_S,
        better: 'lower',
      }),
    ];
  } finally {
    await service.discard();
  }
}

/** Its row, as soon as it has an end. */
async function ended(service: Service, at: number): Promise<LedgerRun> {
  for (;;) {
    const run = service.runsIn(at - 1, at).find(({ job }) => job === 'endless');
    if (run?.endedAt) return run;
    if (Date.now() > at + GIVE_UP_MS) throw new Error(`it does not end: ${JSON.stringify(run)}`);
    await sleep(250);
  }
}
