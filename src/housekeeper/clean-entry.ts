// The thread of one rule: cleans it, tells its plan and its result, and hears when it is to stop.

import { parentPort } from 'node:worker_threads';
import { cleanRule } from './clean-rule.ts';
import type { FromCleaner, ToCleaner } from './clean-thread.ts';
import { stepBack } from './step-back.ts';

stepBack();

const stop = new AbortController();

parentPort?.on('message', async (message: ToCleaner) => {
  if (message.kind === 'abort') {
    stop.abort();
    return;
  }
  const result = await cleanRule(message.run, {
    onPlanned: (remove, keep) => tell({ kind: 'planned', remove, keep }),
    signal: stop.signal,
  });
  tell({ kind: 'result', result });
});

function tell(message: FromCleaner): void {
  parentPort?.postMessage(message);
}
