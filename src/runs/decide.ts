// What follows an attempt: done, one more try and when, or given back (rules 7, 8, 9, 10, 23). Pure.

import type { EpochMs } from '#core/clock';
import type { ErrorRecord } from '#core/errors';
import type { AttemptOutcome, Reason, Run } from '#core/run';
import type { Verdict } from '#store/store';

/** How an attempt ended, before anybody asked what follows. */
export interface AttemptEnd {
  outcome: AttemptOutcome;
  error: ErrorRecord | null;
  /** False = trying again cannot help: invalid input, `retryable: false`. */
  retryable: boolean;
  /** The handler's own wish (`ctx.retryAfter`). */
  retryAfterMs: number | null;
}

/** ± 10 % of a delay, from a number in [0, 1). */
const SPREAD = 0.1;
const LONGEST_DELAY_MS = 300_000;

/**
 * Extra attempt n waits min(`retry_delay` · 2ⁿ⁻¹, max(300 s, `retry_delay`)) ± 10 %; attempts are counted per run,
 * never per lifetime. Cancels, skips and invalid input are final; so are hand-started runs unless `--retry` was asked,
 * which the caller writes into the run's snapshot as `retries`.
 */
export function decide(run: Run, end: AttemptEnd, at: EpochMs, random: number): Verdict {
  const { policy } = run.snapshot;
  switch (end.outcome) {
    case 'succeeded':
      return { kind: 'done', state: 'succeeded', reason: null };
    case 'cancelled':
      return { kind: 'done', state: 'cancelled', reason: null };
    case 'skipped':
      return { kind: 'done', state: 'skipped', reason: 'by_handler' satisfies Reason };
    case 'given_back':
      return { kind: 'given_back' };
    case 'failed':
    case 'timed_out':
    case 'interrupted':
      break;
  }
  // The crash was the confirmed end that its cancel waited for (rules 9, 10).
  if (end.outcome === 'interrupted' && run.cancelRequested)
    return { kind: 'done', state: 'cancelled', reason: null };
  const final: Verdict = { kind: 'done', state: end.outcome, reason: null };
  if (end.outcome === 'interrupted' && !policy.rerunOnInterrupt) return final;
  const wanted = policy.retryable && end.retryable && run.attempt <= policy.retries;
  if (!wanted) return final;
  const delay = end.retryAfterMs ?? retryDelayMs(policy.retryDelayMs, run.attempt, random);
  return { kind: 'retry', notBefore: at + delay };
}

/** The wait before extra attempt `n` (1 = the first retry), in milliseconds. */
export function retryDelayMs(baseMs: number, n: number, random: number): number {
  const grown = Math.min(baseMs * 2 ** (n - 1), Math.max(LONGEST_DELAY_MS, baseMs));
  return Math.round(grown * (1 - SPREAD + 2 * SPREAD * random));
}
