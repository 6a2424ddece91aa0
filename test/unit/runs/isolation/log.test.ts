// What a job says in its thread: heard line by line, whatever it passes, and cut when it is a flood.
import { expect, it } from 'vitest';
import { runJob } from '../../../support/job-thread.ts';

it('lines arrive in order, with level and fields, whatever the fields are', async () => {
  const { answer, lines } = await runJob(
    `const circle = {}; circle.self = circle;
     ctx.log.debug('plain', { n: 1, s: 'x' });
     ctx.log.info('none');
     ctx.log.warn('big', { n: 1n, f() {} });
     ctx.log.error('an error', { err: new TypeError('boo') });
     ctx.log.info('a circle', circle);
     ctx.log.info('a getter', { get x() { throw new Error('no'); } });
     ctx.log.info('text', 'more');
     ctx.log.info({ odd: 1 });`,
  );
  await answer;
  expect(lines).toMatchObject([
    { level: 'debug', message: 'plain', fields: { n: 1, s: 'x' } },
    { level: 'info', message: 'none', fields: {} },
    { level: 'warn', message: 'big', fields: { n: '1' } },
    { level: 'error', message: 'an error', fields: { err: { name: 'TypeError', message: 'boo' } } },
    { level: 'info', message: 'a circle', fields: { fields: expect.stringContaining('not JSON') } },
    { level: 'info', message: 'a getter', fields: { fields: 'not JSON: no' } },
    { level: 'info', message: 'text', fields: { value: 'more' } },
    { level: 'info', message: '{ odd: 1 }', fields: {} },
  ]);
});

it('what is written to stdout and stderr becomes lines of the log', async () => {
  const { answer, lines } = await runJob(
    `console.log('one'); console.error('two');
     process.stdout.write('thr'); process.stdout.write(Buffer.from('ee\\nfo')); process.stdout.write('ur');
     await new Promise((done) => process.stdout.write('!', done));`,
  );
  await answer;
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'info one',
    'warn two',
    'info three',
    'info four!',
  ]);
});

it.each([
  ['lines of the log', `ctx.log.info('again', { i });`],
  ['console.log', `console.log('again');`],
])('a flood of %s is cut, and one warning says how many are gone', async (_what, statement) => {
  const { answer, lines } = await runJob(
    `for (let i = 0; i < 200_000; i++) { ${statement} } return { n: 1 };`,
  );
  expect((await answer).result.statistics).toEqual({ n: 1 });
  const kept = lines.filter(({ message }) => message === 'again').length;
  const warnings = lines.filter(({ level }) => level === 'warn');
  expect(kept).toBeGreaterThan(100);
  expect(kept).toBeLessThan(10_000);
  expect(warnings).toMatchObject([{ fields: { dropped: 200_000 - kept } }]);
});

it('a flood in a thread that is ended is told as well', async () => {
  const { call, answer, lines, said } = await runJob(
    `for (let i = 0; i < 100_000; i++) ctx.log.info('again'); await ctx.call('x'); for (;;) {}`,
    { call: async () => void call.end!() as never },
  );
  await said('again');
  await expect(answer).rejects.toThrow('ended');
  expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { dropped: expect.any(Number) } });
});

it('lines and fields that are too long are cut', async () => {
  const { answer, lines } = await runJob(
    `ctx.log.info('x'.repeat(1e6)); ctx.log.info('f', { text: 'y'.repeat(1e6) }); process.stdout.write('z'.repeat(20_000));`,
  );
  await answer;
  expect(JSON.stringify(lines).length).toBeLessThan(50_000);
  expect(lines.filter(({ message }) => message.startsWith('z'))).toHaveLength(3);
});

it('of progress only the latest is told', async () => {
  const { answer, progressed } = await runJob(
    `for (let i = 1; i <= 100_000; i++) ctx.progress(i, 100_000, i + ' done');`,
  );
  await answer;
  expect(progressed).toEqual([
    { done: 1, total: 100_000, note: '1 done' },
    { done: 100_000, total: 100_000, note: '100000 done' },
  ]);
});

it('odd progress is told as numbers and text', async () => {
  const { answer, progressed } = await runJob(
    `ctx.progress('5', undefined, { toString: () => 'x'.repeat(5000) });`,
  );
  await answer;
  expect(progressed).toEqual([{ done: 5, total: null, note: 'x'.repeat(1024) }]);
});
