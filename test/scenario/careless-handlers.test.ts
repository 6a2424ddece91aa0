// Handlers that answer or ask odd things: the run bears it, the service and the other runs do not.
import { expect, it } from 'vitest';
import { createScenario, type HandlerFunction } from '../support/scenario.ts';

async function run(odd: HandlerFunction) {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler:
      'jobs:\n  odd: { enabled: true, cron: "1 10 * * *", retries: 0 }\n  good: { enabled: true, cron: "* * * * *" }',
    handlers: { odd, good: () => ({}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.ledger('good')).toEqual([
    '2026-11-21T10:01:00Z succeeded',
    '2026-11-21T10:02:00Z succeeded',
  ]);
  return (await s.rows('odd'))[0];
}

const circle: Record<string, unknown> = {};
circle.self = circle;

it.each<[string, HandlerFunction, object]>([
  [
    'toJSON that answers nothing',
    () => ({ toJSON: () => undefined }),
    { state: 'succeeded', statistics: {} },
  ],
  ['toJSON that answers null', () => ({ toJSON: () => null }), { state: 'succeeded', statistics: {} }],
  ['a date', () => new Date(0), { state: 'succeeded', statistics: {} }],
  [
    'a getter that throws',
    () => ({
      get success() {
        throw new Error('boo');
      },
    }),
    { state: 'failed', error: { message: 'boo' } },
  ],
  [
    'an error whose message throws',
    () => {
      throw Object.defineProperty(new Error('x'), 'message', {
        get() {
          throw new Error('y');
        },
      });
    },
    { state: 'failed' },
  ],
  [
    'a state with a bigint',
    (ctx) => {
      ctx.state = { n: 10n } as never;
      return {};
    },
    { state: 'failed' },
  ],
  [
    'a state in a circle',
    (ctx) => {
      ctx.state = circle as never;
      return {};
    },
    { state: 'failed' },
  ],
  ['retryAfter a fraction', (ctx) => ctx.retryAfter(1500.5), { state: 'failed' }],
  [
    'retryAfter for ever',
    (ctx) => ctx.retryAfter(Number.POSITIVE_INFINITY),
    { state: 'failed', error: { code: 'INVALID_PARAMETERS' } },
  ],
])('%s', async (_name, handler, expected) => {
  expect(await run(handler)).toMatchObject(expected);
});

it('a retry after a fraction of a millisecond is kept in whole ones', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:30Z',
    scheduler: 'jobs:\n  odd: { enabled: true, cron: "1 10 * * *" }',
    handlers: { odd: (ctx) => (ctx.attempt === 1 ? ctx.retryAfter(1500.5) : {}) },
  });
  await s.start();
  await s.advanceTo('2026-11-21T10:02:30Z');
  expect(await s.rows('odd')).toMatchObject([{ state: 'succeeded', attempt: 2 }]);
});
