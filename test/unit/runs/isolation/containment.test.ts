// Whatever a handler does in its thread ends as one clear answer or error, and the service goes on.
import { expect, it } from 'vitest';
import { jobFile, jobFolder, runJob, startJob } from '../../../support/job-thread.ts';

it.each([
  ['throws', `throw new Error('boo');`],
  ['rejects', `await Promise.reject(new Error('boo'));`],
  ['leaves a rejection that nobody awaits', `Promise.reject(new Error('boo')); await new Promise(() => {});`],
  ['leaves such a rejection and answers', `Promise.reject(new Error('boo')); return {};`],
  ['throws in a timer', `setTimeout(() => { throw new Error('boo'); }); await new Promise(() => {});`],
  ['throws in a turn that nobody waits for', `setImmediate(() => { throw new Error('boo'); }); return {};`],
  [
    'throws where nobody listens any more',
    `process.removeAllListeners('uncaughtException'); setTimeout(() => { throw new Error('boo'); }); await new Promise(() => {});`,
  ],
])('a handler that %s has failed with that error', async (_what, body) => {
  const { answer } = await runJob(body);
  await expect(answer).rejects.toMatchObject({ message: 'boo' });
});

it('an error keeps name, code, fix, retryable and its stack', async () => {
  const { answer } = await runJob(
    `throw Object.assign(new RangeError('too far'), { code: 'FAR', fix: 'come back', retryable: false });`,
  );
  const error = await answer.catch((thrown) => thrown);
  expect(error).toMatchObject({
    name: 'RangeError',
    message: 'too far',
    code: 'FAR',
    fix: 'come back',
    retryable: false,
  });
  expect(error.stack).toContain('job.ts');
});

it.each([
  ['nothing', 'throw undefined;', 'undefined'],
  ['null', 'throw null;', 'null'],
  ['text', `throw 'boo';`, 'boo'],
  ['an object', 'throw { a: 1 };', '{"a":1}'],
  ['a function', 'throw () => 1;', '() => 1'],
  [
    'what cannot even be looked at',
    'throw new Proxy({}, { get() { throw new Error("no"); } });',
    'an error whose own properties throw',
  ],
])('a handler that throws %s has failed', async (_what, body, message) => {
  const { answer } = await runJob(body);
  await expect(answer).rejects.toMatchObject({ code: 'EXECUTION_ERROR', message });
});

it.each([0, 3])('process.exit(%i) ends the job as failed, and nothing else', async (code) => {
  const { answer } = await runJob(`ctx.log.info('going'); process.exit(${code});`);
  await expect(answer).rejects.toMatchObject({
    code: 'EXECUTION_ERROR',
    message: `the job called process.exit(${code})`,
    fix: expect.any(String),
  });
});

it('what was said before process.exit is heard', async () => {
  const { answer, lines } = await runJob(
    `for (let i = 0; i < 50; i++) ctx.log.info('line ' + i); process.exit(1);`,
  );
  await expect(answer).rejects.toThrow('process.exit');
  expect(lines).toHaveLength(50);
});

it.each([
  ['arrays', 'for (;;) all.push(new Array(1000).fill(all.length));'],
  ['objects', 'for (;;) all.push({ n: all.length });'],
])('a thread without memory for %s has failed, and the message names the limit', async (_what, loop) => {
  const { answer } = await runJob(`const all = []; ${loop}`, { maxMemoryMb: 64 });
  await expect(answer).rejects.toMatchObject({
    code: 'EXECUTION_ERROR',
    message: "the job's thread ran out of memory (max_memory_mb: 64)",
  });
});

it('buffers count as well, also while the code blocks', async () => {
  const { answer } = await runJob('const all = []; for (;;) all.push(Buffer.alloc(1_000_000, 1));', {
    maxMemoryMb: 64,
  });
  await expect(answer).rejects.toMatchObject({
    message: "the job's thread ran out of memory (max_memory_mb: 64)",
  });
});

it('a limit below what V8 needs still starts', async () => {
  const { answer } = await runJob('return { n: 1 };', { maxMemoryMb: 1 });
  expect((await answer).result.statistics).toEqual({ n: 1 });
});

it.each([
  ['loops for ever', 'for (;;) {}'],
  ['waits for ever', 'await new Promise(() => {});'],
  ['blocks its thread', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
  ['loops in promises', 'for (;;) await null;'],
  ['catches everything', 'for (;;) try { for (;;) {} } catch {}'],
])('a handler that %s is ended', async (_what, body) => {
  const { call, answer, said } = await runJob(`ctx.log.info('at work'); ${body}`);
  await said('at work');
  call.end!();
  await expect(answer).rejects.toMatchObject({ message: "the job's thread was ended" });
});

it('a thread that is ended at once never calls the handler', async () => {
  const { call, answer, lines } = await runJob(`ctx.log.info('at work');`);
  call.end!();
  await expect(answer).rejects.toMatchObject({ message: "the job's thread was ended" });
  expect(lines).toEqual([]);
});

it('the answer is not there before what the service does for the job is over', async () => {
  const order: string[] = [];
  const work = Promise.withResolvers<null>();
  const { call, answer, said } = await runJob(
    `ctx.call('slow'); await ctx.call('quick'); ctx.log.info('asked'); for (;;) {}`,
    { call: async (operation) => (operation === 'slow' ? await work.promise : null) },
  );
  await said('asked');
  call.end!();
  const ended = answer.catch(() => order.push('ended'));
  setImmediate(() => {
    order.push('work is over');
    work.resolve(null);
  });
  await ended;
  expect(order).toEqual(['work is over', 'ended']);
});

it('settings that no thread can be given are an error of the call', async () => {
  const { answer } = await runJob('', { data: { config: { odd: () => 1 } as never } });
  await expect(answer).rejects.toMatchObject({ name: 'DataCloneError' });
});

it('code whose top level ends the process has failed, not the service', async () => {
  const folder = await jobFolder({
    'job.ts': jobFile(
      '',
      `import { threadName } from 'node:worker_threads';\nif (threadName === 'job') process.exit(4);`,
    ),
  });
  const { answer } = await startJob(folder, 'job');
  await expect(answer).rejects.toThrow('process.exit(4)');
});
