import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AttemptOutcome, Run } from '#core/run';
import { decide, retryDelayMs } from '#runs/decide';
import { aPolicy, T0 } from '../../support/ledger.ts';

const run = (attempt: number, policy = {}) =>
  ({ attempt, snapshot: { policy: aPolicy(policy) } }) as unknown as Run;
const asked = (attempt: number, policy = {}) => ({ ...run(attempt, policy), cancelRequested: true }) as Run;
const end = (outcome: AttemptOutcome, over = {}) => ({
  outcome,
  error: null,
  retryable: true,
  retryAfterMs: null,
  ...over,
});
const done = (state: string, reason: string | null = null) => ({ kind: 'done', state, reason });

it.each([
  ['success', run(1), end('succeeded'), done('succeeded')],
  ['cancel', run(1), end('cancelled'), done('cancelled')],
  ['skip', run(1), end('skipped'), done('skipped', 'by_handler')],
  ['given back', run(1), end('given_back'), { kind: 'given_back' }],
  ['first failure', run(1), end('failed'), { kind: 'retry', notBefore: T0 + 5_000 }],
  ['second failure', run(2), end('failed'), { kind: 'retry', notBefore: T0 + 10_000 }],
  ['last attempt failed', run(4), end('failed'), done('failed')],
  ['last attempt timed out', run(4), end('timed_out'), done('timed_out')],
  ['no retries', run(1, { retries: 0 }), end('failed'), done('failed')],
  ['retryable: false', run(1, { retryable: false }), end('failed'), done('failed')],
  ['an error that cannot be retried', run(1), end('failed', { retryable: false }), done('failed')],
  [
    'the handler chose the wait',
    run(1),
    end('failed', { retryAfterMs: 7 }),
    { kind: 'retry', notBefore: T0 + 7 },
  ],
  ['interrupted', run(1), end('interrupted'), { kind: 'retry', notBefore: T0 + 5_000 }],
  [
    'interrupted, no rerun wanted',
    run(1, { rerunOnInterrupt: false }),
    end('interrupted'),
    done('interrupted'),
  ],
  ['interrupted on its way to a cancel', asked(1), end('interrupted'), done('cancelled')],
  ['the same, no rerun wanted', asked(1, { rerunOnInterrupt: false }), end('interrupted'), done('cancelled')],
  ['interrupted at the last attempt', run(4), end('interrupted'), done('interrupted')],
])('%s', (_name, of, ended, verdict) => {
  expect(decide(of, ended, T0, 0.5)).toEqual(verdict);
});

it('the delay doubles up to max(300 s, retry_delay), within 10 %', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_000, max: 3_600_000 }),
      fc.integer({ min: 1, max: 10 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (base, n, random) => {
        const middle = Math.min(base * 2 ** (n - 1), Math.max(300_000, base));
        const delay = retryDelayMs(base, n, random);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(middle * 0.9));
        expect(delay).toBeLessThanOrEqual(Math.ceil(middle * 1.1));
      },
    ),
  );
});
