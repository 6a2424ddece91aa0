// Odd answers of a handler in a thread: read where they are, so that only plain data crosses.
import { expect, it } from 'vitest';
import { runJob } from '../../../support/job-thread.ts';

it.each<[string, string, object]>([
  ['nothing', 'return;', {}],
  ['a number', 'return 5;', { result: 5 }],
  ['a function', 'return () => 1;', {}],
  ['a symbol', 'return Symbol("x");', {}],
  ['a bigint', 'return 10n;', { result: '10' }],
  [
    'functions and symbols inside',
    'return { n: 1, f() {}, s: Symbol("x"), d: new Date(0) };',
    { n: 1, d: '1970-01-01T00:00:00.000Z' },
  ],
  ['a circle', 'const a = { n: 1 }; a.a = a; return a;', { success: true }],
  [
    'an instance of a class',
    'return new (class Odd { n = 1; #hidden = 2; get m() { return 3; } })();',
    { n: 1 },
  ],
  ['a map', 'return { m: new Map([[1, 2]]), items_processed: 1 };', { m: {}, items_processed: 1 }],
  ['what is over 1 MB', 'return { n: 1, text: "x".repeat(2_000_000) };', { n: 1, truncated: true }],
  [
    'numbers over 1 MB',
    'return Object.fromEntries(Array.from({ length: 200_000 }, (_, n) => ["n" + n, n]));',
    { success: true, truncated: true },
  ],
])('%s', async (_what, body, statistics) => {
  const { answer } = await runJob(body);
  expect(await answer).toMatchObject({ result: { statistics, failure: null }, state: null });
});

it('success: false brings its error and says whether to try again', async () => {
  const { answer } = await runJob(
    `return { success: false, retryable: false, items_processed: 2, error: Object.assign(new Error('no'), { code: 'NO' }) };`,
  );
  expect((await answer).result).toMatchObject({
    statistics: { success: false, items_processed: 2 },
    failure: { error: { code: 'NO', message: 'no' }, retryable: false },
  });
});

it.each([
  ['an answer with a getter that throws', 'return { get success() { throw new Error("boo"); } };', 'boo'],
  ['a state with a bigint', 'ctx.state = { n: 1n };', 'BigInt'],
  ['a state in a circle', 'ctx.state = {}; ctx.state.self = ctx.state;', 'circular'],
  ['a state over 1 MB', 'ctx.state = "x".repeat(2_000_000);', 'over 1 MB'],
  ['an error as long as a book', 'throw new Error("x".repeat(2_000_000));', '(2000000 characters)'],
])('%s fails the call', async (_what, body, message) => {
  const { answer } = await runJob(body);
  await expect(answer).rejects.toThrow(message);
});
