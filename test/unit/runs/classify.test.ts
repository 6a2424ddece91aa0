import { expect, it } from 'vitest';
import { classify, type Returned } from '#runs/classify';
import { RetryRequest, SkipRequest } from '#runs/context';
import { readResult } from '#runs/result';

const returned = (value: unknown): Returned => ({ kind: 'returned', result: readResult(value) });
const threw = (error: unknown): Returned => ({ kind: 'threw', error });

const table: [string, Returned, Parameters<typeof classify>[1], object][] = [
  [
    'statistics',
    returned({ items_processed: 1 }),
    null,
    { outcome: 'succeeded', statistics: { items_processed: 1 } },
  ],
  ['nothing', returned(undefined), null, { outcome: 'succeeded', statistics: {} }],
  ['null', returned(null), null, { outcome: 'succeeded', statistics: {} }],
  [
    'a number',
    returned(5),
    null,
    { outcome: 'succeeded', statistics: { result: 5 }, warnings: [expect.any(String)] },
  ],
  ['an array', returned([1]), null, { outcome: 'succeeded', statistics: { result: [1] } }],
  [
    'success: false',
    returned({ success: false, error: 'no' }),
    null,
    { outcome: 'failed', error: { message: 'no' } },
  ],
  [
    'success: false without an error',
    returned({ success: false }),
    null,
    { outcome: 'failed', error: { code: 'EXECUTION_ERROR' } },
  ],
  [
    'an error with code and fix',
    returned({ success: false, error: { code: 'X', message: 'm', fix: 'f' } }),
    null,
    { error: { code: 'X', message: 'm', fix: 'f' } },
  ],
  [
    'not retryable by answer',
    returned({ success: false, retryable: false }),
    null,
    { outcome: 'failed', retryable: false },
  ],
  [
    'thrown',
    threw(new Error('boom')),
    null,
    { outcome: 'failed', error: { message: 'boom' }, retryable: true },
  ],
  ['thrown text', threw('boom'), null, { outcome: 'failed', error: { message: 'boom' } }],
  ['thrown undefined', threw(undefined), null, { outcome: 'failed' }],
  [
    'thrown, not retryable',
    threw(Object.assign(new Error('x'), { retryable: false })),
    null,
    { retryable: false },
  ],
  [
    'skip',
    threw(new SkipRequest('nothing new')),
    null,
    { outcome: 'skipped', error: { message: 'nothing new' } },
  ],
  ['retry after', threw(new RetryRequest(5000)), null, { outcome: 'failed', retryAfterMs: 5000 }],
  ['answered after the time limit', returned({ success: true }), 'timeout', { outcome: 'timed_out' }],
  ['thrown at the time limit', threw(new Error('aborted')), 'timeout', { outcome: 'timed_out' }],
  ['answered after a cancel', returned({}), 'cancel', { outcome: 'cancelled', error: null }],
  ['answered at a shutdown', returned({ items_processed: 2 }), 'shutdown', { outcome: 'succeeded' }],
  ['thrown at a shutdown', threw(new Error('aborted')), 'shutdown', { outcome: 'given_back' }],
  ['bigint', returned({ n: 10n }), null, { outcome: 'succeeded', statistics: { n: '10' } }],
];

it.each(table)('%s', (_name, what, cause, expected) => {
  expect(classify(what, cause, 60_000)).toMatchObject(expected);
});

it('a circle is a success whose statistics are left out, with a warning', () => {
  const circle: Record<string, unknown> = { n: 1 };
  circle.self = circle;
  expect(classify(returned(circle), null, 1)).toMatchObject({
    outcome: 'succeeded',
    statistics: { success: true },
    warnings: [expect.any(String)],
  });
});

it('over 1 MB the numbers stay, with a warning', () => {
  const ended = classify(returned({ items_processed: 3, text: 'x'.repeat(2_000_000) }), null, 1);
  expect(ended).toMatchObject({ outcome: 'succeeded', statistics: { items_processed: 3, truncated: true } });
  expect(ended.warnings).toHaveLength(1);
});
