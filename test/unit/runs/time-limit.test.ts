// Rule 8 at the border of a thread: the limit counts from the call of the handler, and what comes before it is bounded.

import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import type { Handler } from '#core/handler';
import type { StoredJob } from '#core/job';
import type { Log } from '#core/log';
import type { Run } from '#core/run';
import type { IsolatedRequest } from '#runs/call';
import { execute, type Stopper } from '#runs/execute';
import type { ReferenceSources } from '#runs/references';
import { buildSchedule } from '#schedule/parse';
import { appConfig } from '../../support/job-context.ts';
import { aPolicy, T0 } from '../../support/ledger.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { NO_HOST } from '../../support/no-host.ts';
import { NO_RUN_LOGS } from '../../support/no-run-logs.ts';

const SILENT: Log = {
  ...{ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  with: () => SILENT,
  at: () => SILENT,
};
const handler: Handler = {
  info: { name: 'slow', description: null, defaults: {}, input: null, file: 'slow.ts' },
  codeHash: 'h',
  code: { file: 'slow.ts', hash: 'h', sources: new Map() },
  call: async () => ({}),
};

/** A run with a limit of 1 s, whose thread does what the test says; it ends when it is told to. */
function begin() {
  const clock = createManualClock(T0);
  const policy = aPolicy({ isolation: 'thread', timeoutMs: 1_000, retries: 0 });
  const run = {
    runId: 'r',
    jobId: 'slow',
    kind: 'manual',
    attempt: 1,
    attempts: [],
    startedAt: T0,
    input: {},
  };
  const snapshot = { handler: 'slow', policy, dryRun: false };
  const stopper: Stopper = { controller: new AbortController(), cause: null, call: null };
  const { promise: answer, resolve, reject } = Promise.withResolvers<never>();
  let thread: IsolatedRequest | null = null;
  const ending = execute({ ...run, snapshot } as unknown as Run, {} as StoredJob, stopper, {
    ...{ clock, log: SILENT, runLogs: NO_RUN_LOGS, jobStateRoot: tmpdir(), random: () => 0.5 },
    loadHandler: async () => handler,
    startIsolated: (request) => {
      thread = request;
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
      return { answer, end: () => {}, refresh: () => {} };
    },
    config: () => appConfig(tmpdir()),
    references: {} as ReferenceSources,
    handlerHost: () => NO_HOST,
    scheduleOf: buildSchedule,
    ...{ paused: () => false, call: async () => null, onProgress: () => {} },
  });
  const answers = () =>
    resolve({ result: { success: true, error: null, statistics: {}, warnings: [] } } as never);
  return { clock, ending, thread: () => thread!, answers };
}

it('a cold start under load eats nothing of a limit of 1 s', async () => {
  const { clock, ending, thread, answers } = begin();
  await clock.advance(30_000);
  thread().onCalled();
  await clock.advance(900);
  answers();
  expect((await ending).attempt).toMatchObject({ outcome: 'succeeded' });
});

it('from the call on it counts', async () => {
  const { clock, ending, thread } = begin();
  await clock.advance(30_000);
  thread().onCalled();
  await clock.advance(1_100);
  expect((await ending).attempt).toMatchObject({ outcome: 'timed_out', endedAt: T0 + 31_000 });
});

it('a thread that never comes up has failed after a minute', async () => {
  const { clock, ending } = begin();
  await clock.advance(59_000);
  await clock.advance(2_000);
  expect((await ending).attempt).toMatchObject({
    outcome: 'failed',
    endedAt: T0 + 60_000,
    error: { message: expect.stringContaining('did not call its code within') },
  });
});
