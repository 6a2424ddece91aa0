// Workers that serve one call after another: the same code of the same job only, and none that a call has left changed.
import { expect, it } from 'vitest';
import type { Child } from '#runs/call';
import {
  type JobFolder,
  jobFile,
  jobFolder,
  startJob,
  type ThreadOptions,
  warmWorkers,
} from '../../../support/job-thread.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

/** Counts the calls that this copy of the module has had. */
const HEAD = `import { createServer } from 'node:net'; let calls = 0;`;
const COUNT = 'calls++; ';

async function jobs(
  body: string,
): Promise<{ folder: JobFolder; call(options?: ThreadOptions): Promise<unknown> }> {
  const folder = await jobFolder({ 'job.ts': jobFile(`${COUNT}${body} return { calls };`, HEAD) });
  const workers = warmWorkers(folder.dir);
  return { folder, call: (options = {}) => outcome(folder, { workers, ...options }) };
}

/** How often the worker was called by then, or the error. */
async function outcome(folder: JobFolder, options: ThreadOptions, name = 'job'): Promise<unknown> {
  const { answer } = await startJob(folder, name, options);
  return await answer.then(
    ({ result }) => result.statistics.calls,
    (error) => error.message,
  );
}

it.each(['thread', 'process'] as const)(
  'a %s serves the next call, each with its own input, log and state',
  async (isolation) => {
    const folder = await jobFolder({
      'job.ts': jobFile(
        `${COUNT} ctx.log.info('n ' + ctx.input.n); ctx.state = ctx.input.n; return { calls };`,
        HEAD,
      ),
    });
    const workers = warmWorkers(folder.dir);
    for (const n of [1, 2, 3]) {
      const { answer, lines } = await startJob(folder, 'job', { isolation, workers, input: { n } });
      const { result, state } = await answer;
      expect([result.statistics.calls, state, lines.map(({ message }) => message)]).toEqual([
        n,
        n,
        [`n ${n}`],
      ]);
    }
  },
);

it('two calls at once have a worker each', async () => {
  const { call } = await jobs('await ctx.sleep(1);');
  expect(await Promise.all([call(), call()])).toEqual([1, 1]);
  expect(await Promise.all([call(), call()])).toEqual([2, 2]);
});

it('a skip leaves a worker as good as a success', async () => {
  const { call } = await jobs(`if (calls === 1) ctx.skip('nothing to do');`);
  expect([await call(), await call()]).toEqual(['nothing to do', 2]);
});

it.each([
  ['a failure', `if (ctx.input.odd) throw new Error('boo');`, 'boo'],
  ['a timer', 'if (ctx.input.odd) setTimeout(() => {}, 600_000);', 1],
  ['a timer that runs again and again', 'if (ctx.input.odd) setInterval(() => {}, 600_000);', 1],
  ['a server', `if (ctx.input.odd) await new Promise((up) => createServer().listen(0, '127.0.0.1', up));`, 1],
  ['a call of the service that nobody awaits', `if (ctx.input.odd) ctx.call('slow');`, 1],
  ['a flood', `if (ctx.input.odd) for (let i = 0; i < 20_000; i++) ctx.log.info('again');`, 1],
  ['a changed variable', `if (ctx.input.odd) process.env.X = '1';`, 1],
  ['a deleted variable', `if (ctx.input.odd) delete process.env.X;`, 1],
  ['a listener for errors', `if (ctx.input.odd) process.on('uncaughtException', () => {});`, 1],
  ['much memory', `if (ctx.input.odd) globalThis.kept = Buffer.alloc(80_000_000, 1);`, 1],
])('after %s the next call has a new worker', async (_what, body, first) => {
  const { call } = await jobs(body);
  const slow = async () => null;
  expect(await call({ input: { odd: true }, call: slow })).toBe(first);
  expect(await call()).toBe(1);
  expect(await call()).toBe(2);
});

it('after an abort the next call has a new worker, although the handler answered', async () => {
  const folder = await jobFolder({
    'job.ts': jobFile(
      `${COUNT} if (ctx.input.waits) { ctx.log.info('waits'); await new Promise((done) => ctx.signal.addEventListener('abort', done)); } return { calls };`,
      HEAD,
    ),
  });
  const workers = warmWorkers(folder.dir);
  const { answer, aborter, said } = await startJob(folder, 'job', { workers, input: { waits: true } });
  await said('waits');
  aborter.abort(new Error('enough'));
  expect((await answer).result.statistics).toEqual({ calls: 1 });
  expect(await outcome(folder, { workers })).toBe(1);
});

it('changed code has a new worker at once, and so has other memory or another grant', async () => {
  const { folder, call } = await jobs('');
  expect([await call(), await call()]).toEqual([1, 2]);
  await folder.write('job.ts', jobFile(`${COUNT} return { calls: calls + 100 };`, HEAD));
  expect([await call(), await call()]).toEqual([101, 102]);
  expect(await call({ maxMemoryMb: 64 })).toBe(101);
  expect(await call({ permissions: { env: ['A'] } })).toBe(101);
});

it('another job never gets the worker, although its code is the same', async () => {
  const { call } = await jobs('');
  expect([await call(), await call({ data: { job: 'other' } })]).toEqual([1, 1]);
  expect([await call(), await call({ data: { job: 'other' } })]).toEqual([2, 2]);
});

it('a worker that has served 500 calls is not used again', async () => {
  const { call } = await jobs('');
  for (let n = 1; n <= 500; n++) expect(await call()).toBe(n);
  expect(await call()).toBe(1);
});

it('one that rests is ended after 90 s, and a call takes it before', async () => {
  const gone = Promise.withResolvers<Child>();
  const clock = createManualClock(0);
  const folder = await jobFolder({ 'job.ts': jobFile(`${COUNT} return { calls };`, HEAD) });
  const watch = { onBegun: async () => {}, onGone: async (child: Child) => gone.resolve(child) };
  const workers = warmWorkers(folder.dir, {}, { clock, watch });
  const options = { workers, isolation: 'process' } as const;
  expect(await outcome(folder, options)).toBe(1);
  await clock.advance(89_000);
  expect(await outcome(folder, options)).toBe(2);
  await clock.advance(90_000);
  await gone.promise;
  expect(await outcome(folder, options)).toBe(1);
});

it('at most ten rest, of all jobs: the one that rests longest goes first', async () => {
  const { call } = await jobs('');
  for (let n = 0; n <= 10; n++) expect(await call({ data: { job: `job_${n}` } })).toBe(1);
  expect(await call({ data: { job: 'job_10' } })).toBe(2);
  expect(await call({ data: { job: 'job_1' } })).toBe(2);
  expect(await call({ data: { job: 'job_0' } })).toBe(1);
});

it('none is kept once all are closed', async () => {
  const folder = await jobFolder({ 'job.ts': jobFile(`${COUNT} return { calls };`, HEAD) });
  const workers = warmWorkers(folder.dir);
  expect(await outcome(folder, { workers })).toBe(1);
  await workers.close();
  expect(await outcome(folder, { workers })).toBe(1);
  expect(await outcome(folder, { workers })).toBe(1);
});
