// Which runs keep what they have put out: `run_log` against how they ended.

import { expect, test } from 'vitest';
import type { AttemptOutcome } from '#core/run';
import { keepsLog } from '#runs/keep-log';
import { aPolicy, T0 } from '../../support/ledger.ts';

const DONE = { kind: 'done', state: 'succeeded', reason: null } as const;
const RETRY = { kind: 'retry', notBefore: T0 } as never;

type Case = [
  runLog: 'all' | 'changes' | 'failures',
  before: AttemptOutcome[],
  outcome: AttemptOutcome,
  statistics: object | null,
  kept: boolean,
];

test.each<Case>([
  ['all', [], 'succeeded', { items_updated: 0 }, true],
  ['all', [], 'skipped', null, true],
  ['changes', [], 'succeeded', { items_updated: 0 }, false],
  ['changes', [], 'succeeded', { items_updated: 3 }, true],
  ['changes', [], 'succeeded', {}, true],
  ['changes', [], 'skipped', null, false],
  ['changes', [], 'failed', { items_updated: 0 }, true],
  ['changes', ['failed'], 'succeeded', { items_updated: 0 }, true],
  ['changes', ['given_back'], 'succeeded', { items_updated: 0 }, false],
  ['failures', [], 'succeeded', { items_updated: 3 }, false],
  ['failures', [], 'skipped', null, false],
  ['failures', ['interrupted'], 'succeeded', {}, true],
  ['failures', [], 'failed', null, true],
  ['failures', [], 'timed_out', null, true],
  ['failures', [], 'cancelled', null, true],
])('%s: after %j, %s with %j → %s', (runLog, before, outcome, statistics, kept) => {
  const attempts = before.map((each, i) => ({
    ...{ n: i + 1, startedAt: T0, endedAt: T0, outcome: each, error: null },
  }));
  const snapshot = { handler: 'h', policy: aPolicy({ runLog }), dryRun: false };
  expect(keepsLog({ attempts, snapshot }, { outcome, statistics: statistics as never }, DONE)).toBe(kept);
});

test('what goes on keeps it, however it ended so far', () => {
  const snapshot = { handler: 'h', policy: aPolicy({ runLog: 'failures' }), dryRun: false };
  expect(keepsLog({ attempts: [], snapshot }, { outcome: 'given_back', statistics: null }, RETRY)).toBe(true);
});
