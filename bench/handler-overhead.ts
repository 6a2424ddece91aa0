// What calling a handler costs by where it runs: in the service, in a thread, in a process; warm, and with its first start.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock } from '#core/clock';
import type { AppConfig, Handler, JobContext } from '#core/handler';
import { callInline, type IsolatedRequest } from '#runs/call';
import { createContext } from '#runs/context';
import { HandlerRegistry } from '#runs/handlers/registry';
import { WarmWorkers } from '#runs/isolation/warm-workers';
import { createLog } from '../src/log.ts';
import { type Figure, figure, median } from './figure.ts';
import { inFolder } from './service.ts';

const WARM = 1_000;
const COLD = 10;
const LIMITS_MS = { thread: { warm: 1, cold: 60 }, process: { warm: 2, cold: 120 } };
const JOB = `import { defineJob } from 'aclarai-scheduler';\nexport default defineJob({ async run() { return {}; } });\n`;
const ECHO = `const port = process.send ? null : require('node:worker_threads').parentPort;
if (port) port.on('message', (m) => port.postMessage(m)); else process.on('message', (m) => process.send(m));`;

export async function* figures(): AsyncGenerator<Figure> {
  enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/aclarai-scheduler'));
  yield* await inFolder(async (dir) => {
    const handler = await load(dir);
    const echo = path.join(dir, 'echo.cjs');
    await writeFile(echo, ECHO);
    return [
      await inline(handler, dir),
      ...(await isolated('thread', handler, dir, bareThread(echo))),
      ...(await isolated('process', handler, dir, bareProcess(echo))),
    ];
  });
}

async function load(dir: string): Promise<Handler> {
  await mkdir(path.join(dir, 'jobs'));
  await writeFile(path.join(dir, 'jobs/noop.ts'), JOB);
  const sink = { write: (line: string) => void process.stderr.write(line) };
  const registry = new HandlerRegistry(
    createLog({ clock: systemClock, level: 'error', sink, pretty: false }),
  );
  await registry.discover([path.join(dir, 'jobs')]);
  return await registry.load('noop');
}

async function inline(handler: Handler, dir: string): Promise<Figure> {
  const { data, signal, log, paused, call, onProgress } = requestFor('thread', handler, dir);
  const acts = { signal, log, paused, call, onProgress, clock: systemClock };
  const host = {} as Parameters<typeof callInline>[2];
  const ours = await times(WARM, async () => {
    await callInline(handler, createContext(data, {}, acts), host).answer;
  });
  const bare = await times(WARM, async () => {
    await handler.call({} as JobContext);
  });
  const [value, yardstick_value] = [p99(ours), p99(bare)];
  const yardstick = 'its function, called';
  return figure({
    figure: 'handler-overhead/inline',
    value,
    unit: 'ms',
    yardstick,
    yardstick_value,
    better: 'lower',
  });
}

interface Bare {
  cold: number[];
  warm: number[];
}

async function isolated(
  isolation: 'thread' | 'process',
  handler: Handler,
  dir: string,
  measureBare: Promise<Bare>,
): Promise<Figure[]> {
  const bare = await measureBare;
  const parts = { env: process.env, resolve: (written: string) => path.resolve(dir, written) };
  const watch = { onBegun: async () => {}, onGone: async () => {} };
  const request = () => requestFor(isolation, handler, dir);
  const one = async (workers: WarmWorkers) => {
    await workers.start(request()).answer;
  };
  const cold: number[] = [];
  // The first fills the cache of compiled code, as the first run of an installation does.
  for (let n = 0; n <= COLD; n++) {
    const workers = new WarmWorkers({ clock: systemClock, ...parts, watch });
    const [took] = await times(1, () => one(workers));
    if (n > 0) cold.push(took!);
    await workers.close();
  }
  const workers = new WarmWorkers({ clock: systemClock, ...parts, watch });
  await one(workers);
  const warm = await times(WARM / 4, () => one(workers));
  await workers.close();
  const name = `handler-overhead/${isolation}`;
  const limits = LIMITS_MS[isolation];
  const unit = 'ms';
  return [
    figure({
      ...{ figure: `${name} warm p99`, value: p99(warm), unit, better: 'lower', goal: 1 },
      ...{ yardstick: 'limit', yardstick_value: limits.warm },
    }),
    figure({
      ...{ figure: `${name} warm`, value: median(warm), unit, better: 'lower' },
      ...{ yardstick: 'a bare message there and back', yardstick_value: median(bare.warm) },
    }),
    figure({
      ...{ figure: `${name} cold`, value: median(cold), unit, better: 'lower', goal: 1 },
      ...{ yardstick: 'limit', yardstick_value: limits.cold },
    }),
    figure({
      ...{ figure: `${name} cold beside`, value: median(cold), unit, better: 'lower' },
      ...{ yardstick: `a bare ${isolation} and its first answer`, yardstick_value: median(bare.cold) },
    }),
  ];
}

async function bareThread(file: string): Promise<Bare> {
  const cold: number[] = [];
  for (let n = 0; n < COLD; n++) {
    const began = performance.now();
    const worker = new Worker(file);
    worker.postMessage(1);
    await once(worker, 'message');
    cold.push(performance.now() - began);
    await worker.terminate();
  }
  const worker = new Worker(file);
  const trip = async () => {
    worker.postMessage(1);
    await once(worker, 'message');
  };
  await trip();
  const warm = await times(WARM / 4, trip);
  await worker.terminate();
  return { cold, warm };
}

async function bareProcess(file: string): Promise<Bare> {
  const start = () => fork(file, [], { execArgv: [], serialization: 'advanced' });
  const cold: number[] = [];
  for (let n = 0; n < COLD; n++) {
    const began = performance.now();
    const child = start();
    child.send(1);
    await once(child, 'message');
    cold.push(performance.now() - began);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const child = start();
  const trip = async () => {
    child.send(1);
    await once(child, 'message');
  };
  await trip();
  const warm = await times(WARM / 4, trip);
  child.kill('SIGKILL');
  return { cold, warm };
}

function requestFor(isolation: 'thread' | 'process', handler: Handler, dir: string): IsolatedRequest {
  const nothing = () => {};
  return {
    isolation,
    permissions: null,
    code: handler.code!,
    data: {
      ...{
        job: 'noop',
        runId: 'run',
        attempt: 1,
        slot: null,
        dueAt: 0,
        idempotencyKey: 'noop@run',
        dryRun: false,
      },
      ...{ state: null, lastSuccess: null, window: { from: null, to: 0 }, stateDir: path.join(dir, 'state') },
      config: { settingsFile: null } as unknown as AppConfig,
    },
    input: {},
    maxMemoryMb: null,
    signal: new AbortController().signal,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing, written: nothing },
    paused: () => false,
    onCalled: nothing,
    onProgress: nothing,
    call: async () => null,
  };
}

async function times(count: number, work: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await work();
    samples.push(performance.now() - began);
  }
  return samples;
}

function p99(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.ceil(0.99 * samples.length) - 1]!;
}
