// A job in a process of its own: everything crosses the border, and whatever it does ends as one clear answer.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Child } from '#runs/call';
import { factsOf, isGroupAlive } from '#runs/isolation/process-table';
import { jobFile, jobFolder, runJob, startJob, warmWorkers } from '../../../support/job-thread.ts';

const isolation = 'process';

it('input, ctx, log, progress, calls, answer and state cross the border', async () => {
  const { answer, lines, progressed } = await runJob(
    `ctx.log.info('got', { input: ctx.input, paused: ctx.paused() });
     ctx.progress(1, 2, 'half');
     ctx.state = { n: await ctx.call('double', { n: ctx.input.n }) };
     console.log('printed');
     return { n: ctx.state.n, pid: process.pid };`,
    {
      isolation,
      input: { n: 21 },
      paused: () => true,
      call: async (operation, { n }) => (operation === 'double' ? Number(n) * 2 : null),
    },
  );
  const { result, state } = await answer;
  expect(state).toEqual({ n: 42 });
  expect(result.statistics).toMatchObject({ n: 42, pid: expect.any(Number) });
  expect(result.statistics.pid).not.toBe(process.pid);
  expect(progressed).toEqual([{ done: 1, total: 2, note: 'half' }]);
  expect(lines).toMatchObject([
    { level: 'info', message: 'got', fields: { input: { n: 21 }, paused: true } },
    { level: 'info', message: 'printed' },
  ]);
});

it('an abort crosses it, and pauses while it runs', async () => {
  let isPaused = false;
  const { call, answer, aborter, said } = await runJob(
    `ctx.log.info('waits');
     while (!ctx.paused()) await ctx.sleep(5);
     ctx.log.info('heard');
     await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));`,
    { isolation, paused: () => isPaused },
  );
  await said('waits');
  isPaused = true;
  call.refresh();
  await said('heard');
  aborter.abort(new Error('enough'));
  await expect(answer).rejects.toThrow('enough');
});

it.each([
  ['throws', `throw new Error('boo');`],
  ['leaves a rejection that nobody awaits', `Promise.reject(new Error('boo')); await new Promise(() => {});`],
  ['throws in a turn that nobody waits for', `setImmediate(() => { throw new Error('boo'); }); return {};`],
])('a handler that %s has failed with that error', async (_what, body) => {
  const { answer } = await runJob(body, { isolation });
  await expect(answer).rejects.toMatchObject({ message: 'boo' });
});

it('process.exit ends the job as failed; what it said before is heard', async () => {
  const { answer, lines } = await runJob(`ctx.log.info('going'); process.exit(3);`, { isolation });
  await expect(answer).rejects.toMatchObject({ message: 'the job called process.exit(3)' });
  expect(lines.map(({ message }) => message)).toEqual(['going']);
});

it('a signal to itself ends the job as failed', async () => {
  const { answer } = await runJob(`process.kill(process.pid, 'SIGSEGV'); for (;;) {}`, { isolation });
  await expect(answer).rejects.toMatchObject({ message: "the job's process was killed by SIGSEGV" });
});

it.each([
  ['its heap', 'const all = []; for (;;) all.push(new Array(1000).fill(all.length));'],
  ['buffers', 'const all = []; for (;;) all.push(Buffer.alloc(1_000_000, 1));'],
])('a process without memory for %s has failed, and the message names the limit', async (_what, body) => {
  const { answer } = await runJob(body, { isolation, maxMemoryMb: 160 });
  await expect(answer).rejects.toMatchObject({
    code: 'EXECUTION_ERROR',
    message: "the job's process ran out of memory (max_memory_mb: 160)",
  });
});

it('a handler that loops for ever is ended, and its process is gone when the answer is there', async () => {
  const begun: Child[] = [];
  const gone: Child[] = [];
  const folder = await jobFolder({ 'job.ts': jobFile(`ctx.log.info('at work'); for (;;) {}`) });
  const watch = {
    onBegun: async (child: Child) => void begun.push(child),
    onGone: async (child: Child) => void gone.push(child),
  };
  const workers = warmWorkers(folder.dir, {}, { watch });
  const { call, answer, said } = await startJob(folder, 'job', { isolation, workers });
  await said('at work');
  expect(begun).toMatchObject([{ pid: begun[0]!.group, started: factsOf(begun[0]!.pid)!.started }]);
  call.end!();
  await expect(answer).rejects.toMatchObject({ message: "the job's process was ended" });
  expect(factsOf(begun[0]!.pid)?.isAlive ?? false).toBe(false);
  expect(gone).toEqual(begun);
});

it('what it has started ends with it', async () => {
  const begun: Child[] = [];
  const watch = { onBegun: async (child: Child) => void begun.push(child), onGone: async () => {} };
  const folder = await jobFolder({
    'job.ts': jobFile(
      `const child = spawn('sleep', ['600'], { stdio: 'ignore' });
       await new Promise((done) => child.on('spawn', done));
       child.unref();
       return { child: child.pid };`,
      `import { spawn } from 'node:child_process';`,
    ),
  });
  const workers = warmWorkers(folder.dir, { PATH: process.env.PATH! }, { watch });
  const { answer } = await startJob(folder, 'job', { isolation, workers, permissions: { child: true } });
  const { result } = await answer;
  await workers.close();
  expect(factsOf(Number(result.statistics.child))?.isAlive ?? false).toBe(false);
  expect(isGroupAlive(begun[0]!.group)).toBe(false);
});

it('one that starts programs without end has failed, and none of them is left', async () => {
  const begun: Child[] = [];
  const watch = { onBegun: async (child: Child) => void begun.push(child), onGone: async () => {} };
  const folder = await jobFolder({
    'job.ts': jobFile(
      `spawn('sh', ['-c', 'for n in $(seq 400); do sleep 600 & done; wait'], { stdio: 'ignore' });
       await new Promise(() => {});`,
      `import { spawn } from 'node:child_process';`,
    ),
  });
  const workers = warmWorkers(folder.dir, { PATH: process.env.PATH! }, { watch });
  const { answer } = await startJob(folder, 'job', { isolation, workers, permissions: { child: true } });
  await expect(answer).rejects.toThrow(/the job has started \d+ processes that are alive at once/);
  expect(isGroupAlive(begun[0]!.group)).toBe(false);
}, 120_000);

it('lines past the log, by descriptor or from a program it starts, are heard up to a limit', async () => {
  const heard = Promise.withResolvers<null>();
  const job = await runJob(
    `execFileSync('sh', ['-c', 'echo from a program >&2'], { stdio: 'inherit' });
     for (let i = 0; i < 20_000; i++) writeSync(1, 'by descriptor '.repeat(4) + '\\n');
     await ctx.call('heard');`,
    {
      isolation,
      head: `import { execFileSync } from 'node:child_process';\nimport { writeSync } from 'node:fs';`,
      environment: { PATH: process.env.PATH! },
      permissions: { child: true },
      call: () => heard.promise,
    },
  );
  await job.said('more than 262144 bytes written past the log: the rest is dropped');
  heard.resolve(null);
  await job.answer;
  expect(job.lines).toContainEqual({ level: 'warn', message: 'from a program', fields: {} });
  expect(job.lines.length).toBeLessThan(10_000);
});

it('settings that cannot cross are an error of the call', async () => {
  const { answer } = await runJob('', { isolation, data: { config: { odd: () => 1 } as never } });
  await expect(answer).rejects.toMatchObject({ name: 'DataCloneError' });
});

it('its own folder is there for it', async () => {
  const folder = await jobFolder({
    'job.ts': jobFile(
      `await writeFile(ctx.stateDir + '/n.txt', '7'); return { n: await readFile(ctx.stateDir + '/n.txt', 'utf8') };`,
      `import { readFile, writeFile } from 'node:fs/promises';`,
    ),
  });
  const stateDir = path.join(folder.dir, 'state/jobs/job');
  const { answer } = await startJob(folder, 'job', { isolation, data: { stateDir } });
  expect((await answer).result.statistics).toEqual({ n: '7' });
  expect(existsSync(path.join(stateDir, 'n.txt'))).toBe(true);
});
