// One rule in a thread of its own: a directory with hundreds of thousands of files does not hold up the engine.

import { Worker } from 'node:worker_threads';
import type { CleanupResult } from '#core/cleanup';
import { SchedulerError } from '#core/errors';
import type { CleanHooks, cleanRule, RuleRun } from './clean-rule.ts';
import { failedResult } from './report.ts';

/** By name, so that it is found in a compiled package, too. */
const ENTRY = new URL(import.meta.resolve('#housekeeper/clean-entry'));

export type ToCleaner = { kind: 'run'; run: RuleRun } | { kind: 'abort' };
export type FromCleaner =
  | { kind: 'planned'; remove: number; keep: number }
  | { kind: 'result'; result: CleanupResult };

/** As `cleanRule`; a thread that dies is a failed result. */
export const cleanInThread: typeof cleanRule = (run: RuleRun, hooks: CleanHooks = {}) => {
  const worker = new Worker(ENTRY);
  const { promise, resolve } = Promise.withResolvers<CleanupResult>();
  const died = (thrown: unknown) => {
    const error = new SchedulerError(
      'CLEANUP_ERROR',
      `the thread of the cleanup ended: ${thrown instanceof Error ? thrown.message : thrown}`,
      'run it again; what was deleted before is gone',
    );
    resolve(failedResult(run.rule, run.dryRun, error));
  };
  const onAbort = () => tell(worker, { kind: 'abort' });
  worker.on('message', (message: FromCleaner) => {
    if (message.kind === 'planned') hooks.onPlanned?.(message.remove, message.keep);
    else resolve(message.result);
  });
  worker.once('error', died);
  worker.once('exit', (code) => died(`exit code ${code}`));
  tell(worker, { kind: 'run', run });
  hooks.signal?.addEventListener('abort', onAbort);
  if (hooks.signal?.aborted) onAbort();
  return promise.finally(async () => {
    hooks.signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
  });
};

function tell(worker: Worker, message: ToCleaner): void {
  worker.postMessage(message);
}
